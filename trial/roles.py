"""Who may do what: the one table behind admin, API and services.

Source: the project's role matrix (docs/roles.md). Letters: C create, E edit, V view.
A right holds only at the sites a user works at (`Tracked.objects.visible_to`).
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """One role per person in the study."""

    INVESTIGATOR = "PI", _("Principal investigator")
    SUB_INVESTIGATOR = "SUBI", _("Sub-investigator")
    COORDINATOR = "CRC", _("Site coordinator")
    DATA_ENTRY = "ENTRY", _("Data entry")
    PHARMACIST = "PHARM", _("Cell laboratory / pharmacist")
    MONITOR = "CRA", _("Monitor (CRA)")
    DATA_MANAGER = "DM", _("Data manager")
    MEDICAL_MONITOR = "MM", _("Medical monitor")
    COMMITTEE = "COM", _("Safety review committee")
    SPONSOR = "SPON", _("Sponsor, read only")
    INSPECTOR = "INSP", _("Auditor / inspector")
    ADMINISTRATOR = "ADMIN", _("System administrator")
    SYSTEM = "SYS", _("System process")


class Area(StrEnum):
    """What a model is about, for the table below."""

    CASEBOOK = "participant, consent, eligibility, visits, laboratory"
    DOSING = "lymphodepletion and infusion"
    PRODUCT = "product bags"
    SAFETY = "adverse events, CRS, ICANS"
    PROTOCOL = "study, protocol version, dose levels, schedule"
    ACCOUNTS = "users, roles, sites"


SITE_STAFF = {
    Area.CASEBOOK: "CEV",
    Area.DOSING: "CEV",
    Area.PRODUCT: "V",
    Area.SAFETY: "CEV",
    Area.PROTOCOL: "V",
}
READS_TRIAL = dict.fromkeys(
    [Area.CASEBOOK, Area.DOSING, Area.PRODUCT, Area.SAFETY, Area.PROTOCOL], "V"
)

RIGHTS: dict[Role, dict[Area, str]] = {
    Role.INVESTIGATOR: SITE_STAFF,
    Role.SUB_INVESTIGATOR: SITE_STAFF,
    Role.COORDINATOR: SITE_STAFF,
    Role.DATA_ENTRY: SITE_STAFF,
    Role.PHARMACIST: {Area.DOSING: "V", Area.PRODUCT: "CEV", Area.PROTOCOL: "V"},
    Role.MONITOR: READS_TRIAL,
    Role.DATA_MANAGER: READS_TRIAL | {Area.PROTOCOL: "CEV"},
    Role.MEDICAL_MONITOR: READS_TRIAL | {Area.PROTOCOL: "EV"},
    Role.COMMITTEE: READS_TRIAL,
    Role.SPONSOR: READS_TRIAL,
    Role.INSPECTOR: READS_TRIAL | {Area.ACCOUNTS: "V"},
    Role.ADMINISTRATOR: {Area.ACCOUNTS: "CEV"},
    Role.SYSTEM: dict.fromkeys(Area, "CEV"),
}

SEES_ALL_SITES = {
    Role.DATA_MANAGER,
    Role.MEDICAL_MONITOR,
    Role.COMMITTEE,
    Role.INSPECTOR,
    Role.ADMINISTRATOR,
    Role.SYSTEM,
}
AT_SITE = {
    Role.INVESTIGATOR,
    Role.SUB_INVESTIGATOR,
    Role.COORDINATOR,
    Role.DATA_ENTRY,
    Role.PHARMACIST,
}
LETTER = {"add": "C", "change": "E", "view": "V"}


def may(role: str, action: str, area: Area) -> bool:
    """Whether the table gives `role` the `action`: "add", "change" or "view"; all else is no."""
    letter = LETTER.get(action, "none")
    return letter in RIGHTS.get(Role(role), {}).get(area, "")


@dataclass(frozen=True)
class System:
    """A named process that writes in nobody's name (AUD-02)."""

    process: str
    role: Role = Role.SYSTEM
