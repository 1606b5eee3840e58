"""Who works in the demo study. The passwords are printed in the README: a demo keeps no secrets."""

from dataclasses import dataclass
from typing import Any

from trial.roles import Role

MAIN, SECOND = "CHH01", "SHX02"  # site codes
BOTH = (MAIN, SECOND)


@dataclass(frozen=True)
class Person:
    """A login; sites are codes, language is that of mails."""

    username: str
    full_name: str
    role: Role
    sites: tuple[str, ...] = ()
    language: str = "en"

    @property
    def password(self) -> str:
        return f"demo-{self.username}-2024"

    @property
    def email(self) -> str:
        return f"{self.username}@demo.example"


PEOPLE = (
    Person("coordinator", "Demo Coordinator", Role.COORDINATOR, (MAIN,)),
    Person("coordinator2", "演示协调员", Role.COORDINATOR, (SECOND,), "zh-hans"),
    Person("investigator", "Demo Investigator", Role.INVESTIGATOR, (MAIN,), "zh-hans"),
    Person("subinvestigator", "Demo Sub-investigator", Role.SUB_INVESTIGATOR, BOTH),
    Person("dataentry", "Demo Data Entry", Role.DATA_ENTRY, (MAIN,)),
    Person("pharmacist", "Demo Pharmacist", Role.PHARMACIST, BOTH),
    Person("monitor", "Demo Monitor", Role.MONITOR, BOTH),
    Person("datamanager", "Demo Data Manager", Role.DATA_MANAGER),
    Person("medicalmonitor", "Demo Medical Monitor", Role.MEDICAL_MONITOR),
    Person("committee", "Demo Committee Member", Role.COMMITTEE),
    Person("sponsor", "Demo Sponsor", Role.SPONSOR, BOTH),
    Person("inspector", "Demo Inspector", Role.INSPECTOR),
    Person("administrator", "Demo Administrator", Role.ADMINISTRATOR),
)

# (user name, password, role label) of every role, for the page and the command that print them.
LOGINS: list[tuple[str, str, Any]] = [(p.username, p.password, p.role.label) for p in PEOPLE]
