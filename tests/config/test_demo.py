"""The demo study: complete, honest about its values, and written as a site would write it."""

import csv
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from config.demo import LOGINS
from config.demo.labs import DATA, MADE, PILOT, SOURCE
from config.demo.load import load
from crf.analytes import ANALYTES
from crf.models import CrfForm, HCGTest, LabResult, LabSample, ProductBag, Screening
from safety.models import AdverseEvent, CRSAssessment, ICANSAssessment
from tests import factories as f
from trial.models import Participant, Study, TreatmentCourse, User, Visit
from trial.models.base import Tracked
from trial.models.participant import ParticipantRow
from trial.protocol import facts
from trial.registry import duty_sources
from trial.roles import Role
from trial.schedule import add_months

TRACKED = [model for model in apps.get_models() if issubclass(model, Tracked)]
CLINICAL = [m for m in TRACKED if issubclass(m, ParticipantRow | Participant | LabResult)]
TIMES = {"changed_at", "completed_at", "voided_at", "password", "created_at"}
LOADED_AT = "2026-11-22T18:30:00Z"  # 02:30 on the 23rd in Shanghai


def quiet(_line):
    """Nobody watches."""


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The demo, loaded once for the tests below that only read; those that load come first."""
    with (
        django_db_blocker.unblock(),
        time_machine.travel(LOADED_AT, tick=False),
        transaction.atomic(),
    ):
        load(quiet)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def today(demo):
    return timezone.localdate(timezone=f.SHANGHAI)


def counts():
    return {m.__name__: (m.objects.count(), m.history.count()) for m in TRACKED}


def contents():
    """Every stored value but the moments of writing and the salted passwords."""
    return {
        m.__name__: [
            {k: v for k, v in row.items() if k not in TIMES}
            for row in m.objects.order_by("pk").values()
        ]
        for m in TRACKED
    }


def participant(number):
    return Participant.objects.get(number=number)


# Loading --------------------------------------------------------------------------------------


def test_loading_twice_changes_nothing(db, capsys):
    call_command("load_demo")
    before = counts()
    call_command("load_demo")
    assert counts() == before
    assert "already there" in capsys.readouterr().out


def test_two_empty_databases_become_the_same(db):
    def loaded():
        with transaction.atomic():
            load(quiet)
            found = contents()
            transaction.set_rollback(True)
        return found

    with time_machine.travel(LOADED_AT, tick=False):
        first = without_keys(loaded())
    with time_machine.travel("2026-11-23T09:00:00Z", tick=False):
        second = without_keys(loaded())  # the same day at the site
    assert first == second


def without_keys(found):
    """Primary keys differ where the database does not count anew."""
    return {
        model: [{k: v for k, v in row.items() if not k.endswith("id")} for row in rows]
        for model, rows in found.items()
    }


@pytest.mark.parametrize(
    "day", ["2026-10-31", "2028-02-29", "2027-03-01", "2026-12-31", "2027-06-30"]
)
def test_every_day_is_a_good_day_to_load(db, day):
    with time_machine.travel(f"{day}T17:00:00+08:00", tick=False):
        assert load(quiet)


def test_a_real_study_is_left_alone(db):
    f.make_study(is_demo=False)
    with pytest.raises(CommandError, match="in use"):
        call_command("load_demo")
    assert not User.objects.exists()


def test_accounts_of_an_installation_not_yet_set_up_are_left_alone(db):
    f.make_user(Role.ADMINISTRATOR)
    with pytest.raises(CommandError, match="in use"):
        call_command("load_demo")
    assert not Study.objects.exists()


# What is there --------------------------------------------------------------------------------


def test_the_study_is_the_registered_one_and_a_demo(demo):
    study = Study.objects.get()
    assert study.is_demo
    assert (study.number, study.registry_id) == (facts.SPONSOR_STUDY_ID, facts.REGISTRY_ID)


def test_every_role_has_a_login_that_works(demo):
    roles = {User.objects.get(username=name).role for name, _password, _label in LOGINS}
    assert roles == set(Role) - {Role.SYSTEM}
    for name, password, label in LOGINS:
        user = authenticate(username=name, password=password)
        assert user.get_role_display() == label
        assert user.email.endswith("@demo.example")


def test_a_coordinator_sees_their_own_site_only(demo):
    seen = {
        name: {p.site.code for p in Participant.objects.visible_to(User.objects.get(username=name))}
        for name in ("coordinator", "coordinator2", "monitor", "administrator")
    }
    assert seen == {
        "coordinator": {"CHH01"},
        "coordinator2": {"SHX02"},
        "monitor": {"CHH01", "SHX02"},
        "administrator": set(),
    }


def test_mails_go_out_in_both_languages(demo):
    coordinators = User.objects.filter(role=Role.COORDINATOR)
    assert set(coordinators.values_list("language", flat=True)) == {"en", "zh-hans"}


def test_all_diseases_and_all_stages_are_there(demo):
    assert set(Participant.objects.values_list("disease", flat=True)) == set(
        facts.Disease.__members__
    )
    stages = dict(Participant.objects.values_list("number", "status"))
    assert stages == {
        "CHH01-0001": "SCREEN_FAILURE",
        "CHH01-0002": "WITHDRAWN",
        "CHH01-0003": "TREATED",
        "CHH01-0004": "TREATED",
        "CHH01-0005": "TREATED",
        "CHH01-0006": "ENROLLED",
        "CHH01-0007": "SCREENING",
        "SHX02-0001": "TREATED",
    }


def test_the_stages_are_where_they_say(today):
    day_0 = {c.participant.number: c.day_0 for c in TreatmentCourse.objects.all()}
    assert day_0["CHH01-0004"] == today - timedelta(days=28)
    assert day_0["CHH01-0005"] == today - timedelta(days=3)
    assert day_0["CHH01-0006"] == today + timedelta(days=4)
    assert day_0["SHX02-0001"] == today - timedelta(days=14)
    course = participant("CHH01-0003").treatmentcourse_set.get()
    assert add_months(course.last_treatment_on, 4) == today


def test_visits_are_due_today(today):
    due = Visit.objects.with_status(today).filter(status="DUE", target_on=today)
    found = {(v.participant.number, v.scheduled.code): set(v.scheduled.forms) for v in due}
    assert set(found) == {
        ("CHH01-0004", "D28"),
        ("CHH01-0005", "INF2"),
        ("CHH01-0006", "LD2"),
        ("SHX02-0001", "D14"),
    }
    assert {"crf.contraceptioncheck", "crf.hcgtest"} <= found["CHH01-0004", "D28"]


def test_duties_of_every_kind_are_due_today_at_both_sites(today):
    everyone = Participant.objects.all()
    duties = [duty for source in duty_sources for duty in source(everyone, today)]
    number = dict(Participant.objects.values_list("pk", "number"))
    found = {(duty.kind, number[duty.participant_id]) for duty in duties if duty.due_on == today}
    assert found == {
        ("visit", "CHH01-0004"),
        ("visit", "CHH01-0005"),
        ("visit", "CHH01-0006"),
        ("visit", "SHX02-0001"),
        ("contraception", "CHH01-0003"),
        ("contraception", "CHH01-0004"),
        ("hcg", "CHH01-0003"),
        ("hcg", "CHH01-0004"),
    }
    overdue = {(duty.kind, number[duty.participant_id]) for duty in duties if duty.due_on < today}
    assert overdue == {("visit", "CHH01-0004")}  # D21, for the list of what is overdue


def test_a_month_4_check_is_due_today_and_the_earlier_ones_are_done(today):
    person = participant("CHH01-0003")
    last = person.treatmentcourse_set.get().last_treatment_on
    checks = {c.checked_on for c in person.contraceptioncheck_set.all()}
    tests = {t.happened_on for t in person.hcgtest_set.all()}
    done = [last + timedelta(days=21), *(add_months(last, k) for k in (1, 2, 3))]  # D28 first
    assert set(done) <= checks & tests
    assert today not in checks | tests
    assert max(checks | tests) < add_months(last, 3) + timedelta(days=1)


def test_the_casebook_shows_every_status_of_visits_and_forms(today):
    visits = set(Visit.objects.with_status(today).values_list("status", flat=True))
    assert visits == set(Visit.STATUS)
    forms = [row for model in CLINICAL if issubclass(model, CrfForm) for row in model.objects.all()]
    assert {bool(form.completed_at) for form in forms} == {True, False}


def test_the_draft_tells_the_ways_a_value_is_not_there_apart(demo):
    draft = Screening.objects.get(completed_at=None)
    assert {why["code"] for why in draft.absent.values()} == {"ND", "UNK"}
    assert draft.gilbert == "U"
    assert draft.treatment_failure == ""


def test_events_have_their_grades(demo):
    serious = AdverseEvent.objects.get(serious="Y")
    assert (serious.grade, serious.outcome) == (3, "RECOVERED/RESOLVED")
    day_1 = CRSAssessment.objects.get(participant__number="CHH01-0005", visit__scheduled__code="D1")
    assert (day_1.computed_grade, day_1.investigator_grade) == (1, 1)
    for model in (CRSAssessment, ICANSAssessment):
        for row in model.objects.exclude(completed_at=None):
            assert row.computed_grade == row.investigator_grade, row


# How it was written ---------------------------------------------------------------------------


@pytest.mark.parametrize("model", CLINICAL, ids=lambda model: model.__name__)
def test_clinical_rows_were_written_by_people_of_the_site(demo, model):
    entries = model.history.select_related("history_user")
    assert entries.exists()
    for entry in entries:
        assert entry.history_process == ""
        assert entry.history_user.role == entry.history_role
        assert entry.history_role in {
            Role.COORDINATOR,
            Role.INVESTIGATOR,
            Role.SUB_INVESTIGATOR,
        } | ({Role.PHARMACIST} if model is ProductBag else set())


def test_history_times_are_those_of_loading(demo):
    for model in CLINICAL:
        assert set(model.history.values_list("history_date", flat=True)) == {timezone.now()}


def test_a_visit_took_place_in_its_window(demo):
    for visit in Visit.objects.filter(state="DONE"):
        assert visit.window_first_on <= visit.began_on <= visit.window_last_on, visit


def test_nothing_clinical_happened_today(today):
    for model in CLINICAL:
        if issubclass(model, CrfForm):
            for row in model.objects.select_related("participant__site"):
                assert row.happened_on is None or row.happened_on < today


def test_who_was_infused_had_every_step_before(demo):
    infused = Participant.objects.filter(infusion__number=1)
    assert len(infused) == 5
    for person in infused:
        assert person.enrolment_set.get().outcome == "ENROLLED"
        assert person.lymphodepletionday_set.exclude(completed_at=None).count() == 3
        if person.demographics_set.get().childbearing == "Y":
            tests = HCGTest.objects.filter(participant=person, result="NEGATIVE", matrix="SERUM")
            day_0 = person.treatmentcourse_set.get().day_0
            ages = {(day_0 - test.happened_on).days for test in tests}
            assert {0, 5} <= ages
        for infusion in person.infusion_set.all():
            assert infusion.bag.released == "Y"
            assert infusion.given_by != infusion.second_verifier


# Laboratory values ----------------------------------------------------------------------------


def read(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_value_of_the_source_stands_in_the_demo_unedited(demo):
    source = {
        (f"{r['USUBJID']}/{float(r['VISITNUM']):g}/{r['LBCAT']}", r["LBTESTCD"]): r
        for r in read("lb.csv")
    }
    stored = LabResult.objects.filter(sample__laboratory=PILOT).select_related(
        "sample__participant", "sample__visit__scheduled"
    )
    assert len(stored) == len(source) == len(read("lb.csv"))
    for result in stored:
        row = source[result.sample.accession, result.test]
        assert (result.reported, result.unit) == (row["LBORRES"], row["LBORRESU"])
        assert result.lower_limit == (Decimal(row["LBORNRLO"]) if row["LBORNRLO"] else None)
        assert result.upper_limit == (Decimal(row["LBORNRHI"]) if row["LBORNRHI"] else None)
        subject, visits = SOURCE[result.sample.participant.number]
        assert row["USUBJID"] == subject
        assert row["VISIT"] == visits[result.sample.visit.scheduled.code]


def test_source_visits_keep_their_order(demo):
    number = {(r["USUBJID"], r["VISIT"]): float(r["VISITNUM"]) for r in read("lb.csv")}
    for subject, visits in SOURCE.values():
        order = [number[subject, name] for name in visits.values()]
        assert order == sorted(set(order))


def test_everything_else_says_that_it_was_made(demo):
    made = read("made.csv")
    assert {row["LBNAM"] for row in made} == {MADE}
    others = LabSample.objects.exclude(laboratory=PILOT)
    assert set(others.values_list("laboratory", flat=True)) == {MADE}
    assert LabResult.objects.filter(sample__in=others).count() == len(made)


def test_every_test_of_the_data_files_is_known(demo):
    assert {row["LBTESTCD"] for name in ("lb.csv", "made.csv") for row in read(name)} <= set(
        ANALYTES
    )


def test_the_source_is_named(demo):
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert "Attribution: CDISC" in readme


def test_participants_are_of_the_age_the_protocol_allows(demo):
    for person in Participant.objects.all():
        consented_on = person.consent_set.get().signed_at.date()
        born: date = person.demographics_set.get().birth_on
        years = (
            consented_on.year
            - born.year
            - ((consented_on.month, consented_on.day) < (born.month, born.day))
        )
        assert facts.MIN_AGE_YEARS <= years <= facts.MAX_AGE_YEARS
