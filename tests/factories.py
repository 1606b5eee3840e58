"""Rows for tests, made by the program's own write path."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from crf.models import (
    ContraceptionCheck,
    Demographics,
    HCGTest,
    Infusion,
    LymphodepletionDay,
    ProductBag,
    Screening,
)
from trial.models import (
    Consent,
    DoseLevel,
    Enrolment,
    Membership,
    Participant,
    ProtocolVersion,
    ScheduledVisit,
    Site,
    Study,
    TreatmentCourse,
    User,
)
from trial.roles import Role, System
from trial.services import add_default_schedule

SHANGHAI = ZoneInfo("Asia/Shanghai")
SETUP = System("tests")
PASSWORD = "correct horse battery staple"
_counter = count(1)


class Api(Client):
    """A client of the REST API in one person's name."""

    def __init__(self, user: User) -> None:
        self.token = AuthToken.objects.create(user, expiry=timedelta(hours=1))[1]
        super().__init__(headers={"authorization": f"Token {self.token}"})

    def post(self, path: str, data: Any = None, **kwargs: Any) -> Any:
        return super().post(path, data or {}, content_type="application/json", **kwargs)

    def patch(self, path: str, data: Any = None, **kwargs: Any) -> Any:
        return super().patch(path, data or {}, content_type="application/json", **kwargs)


def local(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """A moment at the site, or now when that still lies ahead."""
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)
    return min(moment, timezone.now()) if day <= timezone.localdate() else moment


def make_study(**fields: Any) -> Study:
    study = Study(number="CHEC2024-181", registry_id="NCT06464679", title="CAR-NK", is_demo=True)
    for name, value in fields.items():
        setattr(study, name, value)
    study.write(by=SETUP)
    return study


def make_site(code: str = "CHH01") -> Site:
    site = Site(code=code, name=f"Hospital {code}", time_zone="Asia/Shanghai")
    site.write(by=SETUP)
    return site


def make_protocol(number: str = "1.0", **fields: Any) -> ProtocolVersion:
    """A protocol version with the default schedule and one open dose level."""
    version = ProtocolVersion(
        number=number, effective_on=date(2024, 6, 27), icf_version=number, **fields
    )
    version.write(by=SETUP)
    add_default_schedule(version, by=SETUP)
    DoseLevel(
        protocol_version=version, name="DL1", cells_e9=Decimal(1), state=DoseLevel.State.OPEN
    ).write(by=SETUP)
    return version


def schedule_more(version: ProtocolVersion, visits: int) -> None:
    """Add visits counted from consent to the schedule."""
    ScheduledVisit.bulk_write(
        [
            ScheduledVisit(
                protocol_version=version,
                code=f"X{n}",
                name=f"Extra {n}",
                position=100 + n,
                anchor="CONSENT",
                day=n,
                early=0,
                late=1,
            )
            for n in range(visits)
        ],
        by=SETUP,
    )


def make_user(role: Role = Role.COORDINATOR, *sites: Site, **fields: Any) -> User:
    """An active person of a role, delegated at `sites`."""
    number = next(_counter)
    user = User(
        username=f"user{number}",
        full_name=f"Person {number}",
        email=f"user{number}@example.org",
        role=role,
        language="en",
        identity_verified_on=date(2026, 1, 1),
        trained_on=date(2026, 1, 1),
    )
    for name, value in fields.items():
        setattr(user, name, value)
    user.set_password(PASSWORD)
    user.write(by=SETUP)
    for site in sites:
        Membership(user=user, site=site, began_on=date(2024, 1, 1)).write(by=SETUP)
    return user


def investigator_at(site: Site) -> User:
    """An investigator of the site, made when there is none."""
    found = User.objects.filter(role=Role.INVESTIGATOR, memberships__site=site).first()
    return found or make_user(Role.INVESTIGATOR, site)


def register(by: User, site: Site, version: ProtocolVersion, disease: str = "RA") -> Participant:
    participant = Participant(site=site, protocol_version=version, disease=disease)
    participant.write(by=by)
    return participant


def consent(participant: Participant, by: User, day: date, **fields: Any) -> Consent:
    version = participant.protocol_version
    row = Consent(
        participant=participant,
        **{
            "protocol_version": version,
            "icf_version": version.icf_version,
            "signed_at": local(day),
            "obtained_by": by,
            "copy_given": "Y",
        }
        | fields,
    )
    row.write(by=by)
    return row


def demographics(participant: Participant, by: User, **fields: Any) -> Demographics:
    row = Demographics(
        participant=participant,
        **{
            "birth_on": date(1985, 5, 5),
            "sex": "F",
            "race": "ASIAN",
            "childbearing": "Y",
            "partner_childbearing": "NA",
        }
        | fields,
    )
    row.write(by=by, complete=True)
    return row


def visit(participant: Participant, code: str) -> Any:
    return participant.visit_set.select_related("scheduled").get(scheduled__code=code)


def screening(participant: Participant, by: User, day: date, **fields: Any) -> Screening:
    row = Screening(
        participant=participant,
        visit=visit(participant, "SCR"),
        **{
            "assessed_on": day,
            "height_cm": Decimal(165),
            "weight_kg": Decimal(60),
            "haemodynamically_stable": "Y",
            "csf_given": "N",
            "gilbert": "N",
            "liver_values_from_disease": "N",
            "contraception_agreed": "Y",
            "lactating": "N",
            "will_cooperate": "Y",
            "treatment_failure": "RELAPSE",
            "liver_cirrhosis": "N",
            "marrow_disease": "N",
        }
        | fields,
    )
    row.write(by=by, complete=True)
    return row


def hcg(participant: Participant, by: User, day: date, **fields: Any) -> HCGTest:
    row = HCGTest(
        participant=participant,
        **{
            "performed": "Y",
            "sampled_at": local(day, 7),
            "matrix": "SERUM",
            "result": "NEGATIVE",
        }
        | fields,
    )
    row.write(by=by, complete=True)
    return row


def enrol(participant: Participant, by: User, day: date, **fields: Any) -> Enrolment:
    row = Enrolment(
        participant=participant,
        **{
            "outcome": "ENROLLED",
            "decided_on": day,
            "decided_by": investigator_at(participant.site),
        }
        | fields,
    )
    row.write(by=by)
    return row


def course(participant: Participant, by: User, day_0: date) -> TreatmentCourse:
    row = TreatmentCourse(
        participant=participant,
        planned_on=day_0,
        dose_level=participant.protocol_version.dose_levels.get(),
    )
    row.write(by=by)
    return row


def lymphodepletion(participant: Participant, by: User, code: str, day: date) -> LymphodepletionDay:
    row = LymphodepletionDay(
        participant=participant,
        visit=visit(participant, code),
        given_on=day,
        bsa_m2=Decimal("1.66"),
        fludarabine_mg=Decimal("41.5"),
        fludarabine_started_at=local(day, 9),
        fludarabine_ended_at=local(day, 10),
        cyclophosphamide_mg=Decimal(498),
        cyclophosphamide_started_at=local(day, 11),
        cyclophosphamide_ended_at=local(day, 12),
        adjusted="N",
    )
    row.write(by=by, complete=True)
    return row


def bag(
    participant: Participant, by: User, pharmacist: User, day: date, lot: str = "LOT-1"
) -> ProductBag:
    row = ProductBag(
        participant=participant,
        lot=lot,
        dose_level=participant.protocol_version.dose_levels.get(),
        cells_e9=Decimal(1),
        volume_ml=Decimal(100),
        viability_percent=Decimal(90),
        received_at=local(day, 8),
        expires_at=local(day + timedelta(days=2)),
        released="Y",
        released_by=pharmacist,
        released_at=local(day, 8, 30),
    )
    row.write(by=pharmacist, complete=True)
    return row


def until_day_0(participant: Participant, by: User, day_0: date) -> TreatmentCourse:
    """All that comes before a first infusion on `day_0`, but the HCG test of that day."""
    begin = day_0 - timedelta(days=12)
    consent(participant, by, begin)
    demographics(participant, by)
    screening(participant, by, begin)
    hcg(participant, by, begin + timedelta(days=1))
    enrol(participant, by, begin + timedelta(days=2))
    row = course(participant, by, day_0)
    hcg(participant, by, day_0 - timedelta(days=5))
    for code, days in (("LD1", 5), ("LD2", 4), ("LD3", 3)):
        lymphodepletion(participant, by, code, day_0 - timedelta(days=days))
    return row


def infusion(
    participant: Participant,
    by: User,
    investigator: User,
    pharmacist: User,
    day: date,
    *,
    number: int = 1,
    lot: str = "LOT-1",
) -> Infusion:
    """Infusion `number` on `day`, given by one and verified by the other."""
    row = Infusion(
        participant=participant,
        visit=visit(participant, f"INF{number}"),
        number=number,
        bag=bag(participant, by, pharmacist, day, lot),
        thawed_at=local(day, 10),
        started_at=local(day, 10, 20),
        ended_at=local(day, 11),
        cells_e9=Decimal(1),
        volume_ml=Decimal(100),
        interrupted="N",
        reaction="N",
        given_by=by,
        second_verifier=investigator,
    )
    row.write(by=by, complete=True)
    return row


def contraception(
    participant: Participant, by: User, day: date, **fields: Any
) -> ContraceptionCheck:
    row = ContraceptionCheck(
        participant=participant,
        **{
            "performed": "Y",
            "checked_on": day,
            "method": "IUD",
            "used_throughout": "Y",
            "last_menses_on": day.isoformat()[:7],
            "pregnancy_suspected": "N",
        }
        | fields,
    )
    row.write(by=by, complete=True)
    return row
