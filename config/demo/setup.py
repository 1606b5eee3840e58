"""Study, sites, people and protocol version of the demo, in the name of the process."""

from dataclasses import dataclass
from datetime import date, timedelta

from config.demo.people import MAIN, PEOPLE, SECOND
from trial.models import (
    DoseLevel,
    Membership,
    ProtocolVersion,
    Site,
    Study,
    User,
)
from trial.protocol import facts
from trial.roles import System
from trial.services import add_default_dose_levels, add_default_schedule

SETUP = System("load_demo")
ZONE = "Asia/Shanghai"
SITES = {MAIN: "Changhai Hospital", SECOND: "Demonstration Site 2"}


@dataclass(frozen=True)
class Trial:
    """What the participants of the demo are written into."""

    sites: dict[str, Site]
    people: dict[str, User]
    version: ProtocolVersion
    level: DoseLevel  # DL1, the one that is open


def set_up(today: date) -> Trial:
    """Write study, sites, protocol version and people; every delegation began a year ago."""
    Study(
        number=facts.SPONSOR_STUDY_ID,
        registry_id=facts.REGISTRY_ID,
        title=facts.TITLE,
        is_demo=True,
    ).write(by=SETUP)
    sites = {code: Site(code=code, name=name, time_zone=ZONE) for code, name in SITES.items()}
    for site in sites.values():
        site.write(by=SETUP)
    version, level = _protocol()
    began_on = today - timedelta(days=365)
    return Trial(sites, _people(sites, trained_on=today, began_on=began_on), version, level)


def _protocol() -> tuple[ProtocolVersion, DoseLevel]:
    version = ProtocolVersion(number="1.0", effective_on=date(2024, 6, 27), icf_version="1.0")
    version.write(by=SETUP)
    add_default_schedule(version, by=SETUP)
    add_default_dose_levels(version, by=SETUP)
    level = version.dose_levels.get(name="DL1")
    level.state = DoseLevel.State.OPEN
    level.write(by=SETUP, reason="First level of the demo")
    return version, level


def _people(sites: dict[str, Site], *, trained_on: date, began_on: date) -> dict[str, User]:
    people, delegations = {}, []
    for person in PEOPLE:
        user = User(
            username=person.username,
            full_name=person.full_name,
            email=person.email,
            role=person.role,
            language=person.language,
            identity_verified_on=trained_on,
            trained_on=trained_on,
        )
        user.set_password(person.password)
        user.write(by=SETUP)
        people[person.username] = user
        delegations += [
            Membership(user=user, site=sites[code], began_on=began_on) for code in person.sites
        ]
    Membership.bulk_write(delegations, by=SETUP)
    return people
