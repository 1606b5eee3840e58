"""What the registry record of NCT06464679 states (updated 2025-08-29).

The dose levels are no protocol fact: the record only says "dose-escalation
strategy". They are defaults that a named user confirms before activation.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_ = str  # marks a text for the translators; rules know no framework

REGISTRY_ID = "NCT06464679"
SPONSOR_STUDY_ID = "CHEC2024-181"
TITLE = (
    "An Exploratory Clinical Study of CD19 CAR NK Cell Injection "
    "for the Treatment of Relapsed/Refractory Autoimmune Diseases"
)
PLANNED_PARTICIPANTS = 72
MIN_AGE_YEARS = 18  # both ends included, completed years on the day of consent
MAX_AGE_YEARS = 65


class Disease(StrEnum):
    PSS = _("primary Sjögren's syndrome")
    SSC = _("systemic sclerosis")
    IIM = _("idiopathic inflammatory myopathy")
    RA = _("rheumatoid arthritis")


@dataclass(frozen=True)
class LymphodepletionDrug:
    """One drug; days count from the first infusion (D0)."""

    name: str
    dose_mg_per_m2_per_day: Decimal
    days: tuple[int, ...] = (-5, -4, -3)


LYMPHODEPLETION = (
    LymphodepletionDrug("fludarabine", Decimal(25)),
    LymphodepletionDrug("cyclophosphamide", Decimal(300)),
)


@dataclass(frozen=True)
class DoseLevel:
    """Viable CAR-positive NK cells per infusion, the same for every body weight."""

    code: str
    billion_cells: Decimal  # 10^9 cells

    @property
    def cells(self) -> int:
        return int(self.billion_cells * 10**9)


DEFAULT_DOSE_LEVELS = (  # lowest first; DL-1 is for de-escalation, DL1 is the start
    DoseLevel("DL-1", Decimal("0.5")),
    DoseLevel("DL1", Decimal(1)),
    DoseLevel("DL2", Decimal(3)),
    DoseLevel("DL3", Decimal(6)),
)
