"""The default visit schedule.

The public record fixes only lymphodepletion on D-5, D-4 and D-3 before the
first infusion (D0). Everything else is [DEFAULT]: modelled on sister trials, a
setting of the protocol version until a named user confirms it:

- screening 28 days long. The schedule of assessments places it at D-33 to D-6;
  as D0 is unknown at screening, its days count from consent.
- infusions on D0, D3 and D7. They also lie at least 2 days apart, which a
  window cannot say: the infusion form checks it.
- follow-up days and windows to D364. D28 may be visited from D25, but the DLT
  window closes on D28, not before.
- which forms are expected when.

Visits M2 to M6 count weeks from the first infusion, the contraception window
counts 6 calendar months from the last treatment and ends after M6: see
`trial.schedule.monthly_checks` for the duties that follow it to its end.
"""

from dataclasses import dataclass
from enum import StrEnum

_ = str  # marks a text for the translators; rules know no framework


class Anchor(StrEnum):
    CONSENT = _("consent")
    FIRST_INFUSION = _("first infusion")
    LAST_TREATMENT = _("last study treatment")


@dataclass(frozen=True)
class ScheduledVisit:
    """A visit `day` days after its anchor, acceptable `early` days before to `late` after."""

    code: str
    name: str
    anchor: Anchor
    day: int
    early: int  # days, 0 or more
    late: int  # days, 0 or more
    forms: tuple[str, ...]  # app label and model name of each form expected


SCREENING = "crf.screening"
LABS = "crf.labsample"
LYMPHODEPLETION = "crf.lymphodepletionday"
INFUSION = "crf.infusion"
CRS = "safety.crsassessment"
ICANS = "safety.icansassessment"
CONTRACEPTION = "crf.contraceptioncheck"
HCG = "crf.hcgtest"


def _after_infusion(code: str, name: str, day: int, window: int, *forms: str) -> ScheduledVisit:
    return ScheduledVisit(code, name, Anchor.FIRST_INFUSION, day, window, window, forms)


DEFAULT_SCHEDULE = (
    ScheduledVisit("SCR", _("Screening"), Anchor.CONSENT, 0, 0, 27, (SCREENING, LABS, HCG)),
    _after_infusion("LD1", _("Lymphodepletion 1"), -5, 0, LYMPHODEPLETION, LABS, HCG),
    _after_infusion("LD2", _("Lymphodepletion 2"), -4, 0, LYMPHODEPLETION),
    _after_infusion("LD3", _("Lymphodepletion 3"), -3, 0, LYMPHODEPLETION),
    _after_infusion("INF1", _("Infusion 1"), 0, 0, INFUSION, LABS, HCG, CRS, ICANS),
    _after_infusion("D1", _("Day 1"), 1, 0, LABS, CRS, ICANS),
    _after_infusion("INF2", _("Infusion 2"), 3, 1, INFUSION, LABS, CRS, ICANS),
    _after_infusion("INF3", _("Infusion 3"), 7, 1, INFUSION, LABS, CRS, ICANS),
    _after_infusion("D10", _("Day 10"), 10, 1, LABS, CRS, ICANS),
    _after_infusion("D14", _("Day 14"), 14, 2, LABS, CRS, ICANS),
    _after_infusion("D21", _("Day 21"), 21, 2, LABS),
    _after_infusion("D28", _("Day 28"), 28, 3, LABS, CONTRACEPTION, HCG),
    _after_infusion("M2", _("Month 2 (week 8)"), 56, 7, LABS, CONTRACEPTION, HCG),
    _after_infusion("M3", _("Month 3 (week 12)"), 84, 7, LABS, CONTRACEPTION, HCG),
    _after_infusion("M4", _("Month 4 (week 16)"), 112, 7, LABS, CONTRACEPTION, HCG),
    _after_infusion("M5", _("Month 5 (week 20)"), 140, 7, LABS, CONTRACEPTION, HCG),
    _after_infusion("M6", _("Month 6 (week 24)"), 168, 14, LABS, CONTRACEPTION, HCG),
    _after_infusion("M9", _("Month 9 (week 36)"), 252, 14, LABS),
    _after_infusion("M12", _("Month 12 (week 52)"), 364, 14, LABS),
)
