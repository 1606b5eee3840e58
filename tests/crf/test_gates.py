"""No step out of order, both sides of every boundary (ENT-01, protocol GEN-I-03b)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crf.models import EndOfStudy, Infusion, LymphodepletionDay, ProductBag, Screening
from safety.models import AdverseEvent, CRSAssessment
from tests import factories as f
from trial.models import DoseLevel, TreatmentCourse


@pytest.fixture
def today():
    return timezone.localdate(timezone=f.SHANGHAI)


def blockers(refused):
    return {e.params["blocker"].form for e in refused.value.error_list if e.code == "out_of_order"}


def test_no_study_data_before_consent(participant, coordinator):
    with pytest.raises(ValidationError) as refused:
        Screening(participant=participant).write(by=coordinator)
    assert blockers(refused) == {"trial.consent"}


def test_no_enrolment_before_demographics_and_screening(participant, coordinator, today):
    f.consent(participant, coordinator, today)
    with pytest.raises(ValidationError) as refused:
        f.enrol(participant, coordinator, today)
    assert blockers(refused) >= {"crf.demographics", "crf.screening"}


@pytest.mark.parametrize(
    ("age", "matrix", "result", "allowed"),
    [
        (0, "SERUM", "NEGATIVE", True),
        (7, "SERUM", "NEGATIVE", True),
        (8, "SERUM", "NEGATIVE", False),
        (-1, "SERUM", "NEGATIVE", False),
        (1, "URINE", "NEGATIVE", False),
        (1, "SERUM", "POSITIVE", False),
        (1, "SERUM", "INDETERMINATE", False),
    ],
)
def test_the_hcg_test_before_enrolment(
    participant, coordinator, today, age, matrix, result, allowed
):
    decided = today - timedelta(days=2)
    f.consent(participant, coordinator, today - timedelta(days=14))
    f.demographics(participant, coordinator)
    f.screening(participant, coordinator, today - timedelta(days=13))
    f.hcg(participant, coordinator, decided - timedelta(days=age), matrix=matrix, result=result)
    if allowed:
        f.enrol(participant, coordinator, decided)
    else:
        with pytest.raises(ValidationError) as refused:
            f.enrol(participant, coordinator, decided)
        assert blockers(refused) == {"crf.hcgtest"}


def test_a_later_positive_test_counts_against_an_earlier_negative(participant, coordinator, today):
    f.consent(participant, coordinator, today - timedelta(days=14))
    f.demographics(participant, coordinator)
    f.screening(participant, coordinator, today - timedelta(days=13))
    f.hcg(participant, coordinator, today - timedelta(days=5))
    f.hcg(participant, coordinator, today - timedelta(days=2), result="POSITIVE")
    with pytest.raises(ValidationError):
        f.enrol(participant, coordinator, today)


@pytest.mark.parametrize(
    ("childbearing", "needed"), [("Y", True), ("U", True), ("N", False), ("NA", False)]
)
def test_unknown_childbearing_potential_needs_the_test(
    participant, coordinator, today, childbearing, needed
):
    f.consent(participant, coordinator, today - timedelta(days=3))
    f.demographics(participant, coordinator, childbearing=childbearing)
    f.screening(participant, coordinator, today - timedelta(days=3))
    if needed:
        with pytest.raises(ValidationError):
            f.enrol(participant, coordinator, today)
    else:
        f.enrol(participant, coordinator, today)


@pytest.mark.parametrize(("age", "allowed"), [(0, True), (1, True), (2, False)])
def test_the_hcg_test_before_lymphodepletion(participant, coordinator, today, age, allowed):
    first = today - timedelta(days=1)
    f.consent(participant, coordinator, first - timedelta(days=9))
    f.demographics(participant, coordinator)
    f.screening(participant, coordinator, first - timedelta(days=9))
    f.hcg(participant, coordinator, first - timedelta(days=8))
    f.enrol(participant, coordinator, first - timedelta(days=7))
    f.course(participant, coordinator, first + timedelta(days=5))
    f.hcg(participant, coordinator, first - timedelta(days=age))
    if allowed:
        f.lymphodepletion(participant, coordinator, "LD1", first)
    else:
        with pytest.raises(ValidationError) as refused:
            f.lymphodepletion(participant, coordinator, "LD1", first)
        assert blockers(refused) == {"crf.hcgtest"}


def test_no_course_before_enrolment(participant, coordinator, today):
    f.consent(participant, coordinator, today)
    with pytest.raises(ValidationError) as refused:
        f.course(participant, coordinator, today)
    assert blockers(refused) == {"trial.enrolment"}
    assert not TreatmentCourse.objects.exists()


@pytest.fixture
def ready(participant, coordinator, investigator, pharmacist, today):
    """Everything before the first infusion, and the infusion not yet written."""
    f.until_day_0(participant, coordinator, today)
    f.hcg(participant, coordinator, today - timedelta(days=1))
    bag = f.bag(participant, coordinator, pharmacist, today - timedelta(days=1))
    at = timezone.now() - timedelta(minutes=2)
    return Infusion(
        participant=participant,
        visit=f.visit(participant, "INF1"),
        number=1,
        bag=bag,
        thawed_at=at - timedelta(minutes=20),
        started_at=at,
        cells_e9=Decimal(1),
        given_by=coordinator,
        second_verifier=investigator,
    )


def test_the_infusion_goes_ahead_when_all_is_there(ready, coordinator):
    assert ready.write(by=coordinator)


def test_a_closed_dose_level_stops_the_infusion(ready, coordinator):
    level = DoseLevel.objects.get()
    level.state = DoseLevel.State.CLOSED
    level.write(by=f.SETUP, reason="stopped")
    with pytest.raises(ValidationError) as refused:
        ready.write(by=coordinator)
    assert blockers(refused) == {"trial.doselevel"}


def test_an_unreleased_bag_stops_the_infusion(ready, coordinator, pharmacist):
    bag = ProductBag.objects.get()
    bag.released = "N"
    bag.write(by=pharmacist, reason="release withdrawn")
    ready.bag = bag
    with pytest.raises(ValidationError) as refused:
        ready.write(by=coordinator)
    assert blockers(refused) == {"crf.productbag"}


def test_an_expired_bag_stops_the_infusion(ready, coordinator, pharmacist):
    bag = ProductBag.objects.get()
    bag.expires_at = ready.started_at - timedelta(minutes=1)
    bag.write(by=pharmacist, reason="label read again")
    ready.bag = bag
    with pytest.raises(ValidationError, match="expired"):
        ready.write(by=coordinator)


def test_a_missing_lymphodepletion_day_stops_the_infusion(ready, coordinator):
    LymphodepletionDay.objects.first().void(by=coordinator, reason="wrong person")
    with pytest.raises(ValidationError, match="2 of 3 days"):
        ready.write(by=coordinator)


@pytest.mark.parametrize(("grade", "allowed"), [(0, True), (1, True), (2, False), (None, True)])
def test_open_crs_stops_the_infusion_from_grade_2(ready, participant, coordinator, grade, allowed):
    CRSAssessment(
        participant=participant,
        assessed_at=timezone.now() - timedelta(hours=1),
        investigator_grade=grade,
    ).write(by=coordinator)
    if allowed:
        assert ready.write(by=coordinator)
    else:
        with pytest.raises(ValidationError) as refused:
            ready.write(by=coordinator)
        assert blockers(refused) == {"safety.crsassessment"}


@pytest.mark.parametrize(("minutes", "allowed"), [(30, True), (31, False)])
def test_thaw_to_start(ready, coordinator, minutes, allowed):
    ready.thawed_at = ready.started_at - timedelta(minutes=minutes)
    if allowed:
        assert ready.write(by=coordinator)
    else:
        with pytest.raises(ValidationError) as refused:
            ready.write(by=coordinator)
        assert "at most 30" in refused.value.message_dict["started_at"][0]


def test_two_people_and_both_of_this_site(ready, coordinator, site):
    ready.second_verifier = coordinator
    with pytest.raises(ValidationError, match="another person"):
        ready.write(by=coordinator)
    stranger = f.make_user(f.Role.INVESTIGATOR, f.make_site("SHX02"))
    ready.second_verifier = stranger
    with pytest.raises(ValidationError, match="no current delegation"):
        ready.write(by=coordinator)


def test_a_bag_of_another_participant_is_refused(
    ready, coordinator, site, protocol, pharmacist, today
):
    other = f.register(coordinator, site, protocol)
    f.consent(other, coordinator, today - timedelta(days=2))
    ready.bag = f.bag(other, coordinator, pharmacist, today - timedelta(days=1), lot="LOT-2")
    with pytest.raises(ValidationError, match="another participant"):
        ready.write(by=coordinator)


def test_after_the_end_only_safety_and_what_dates_from_before(participant, coordinator, today):
    f.consent(participant, coordinator, today - timedelta(days=5))
    ended = today - timedelta(days=2)
    EndOfStudy(participant=participant, ended_on=ended, reason="WITHDRAWAL BY SUBJECT").write(
        by=coordinator, complete=True
    )
    participant.refresh_from_db()
    assert participant.status == "WITHDRAWN"
    assert f.visit(participant, "SCR").state == "CANCELLED"
    assert Screening(participant=participant, assessed_on=ended).write(by=coordinator)
    with pytest.raises(ValidationError, match="left the study"):
        Screening(participant=participant, assessed_on=ended + timedelta(days=1)).write(
            by=coordinator
        )
    assert AdverseEvent(participant=participant, term="Headache").write(by=coordinator)


def test_the_numbers_of_infusions_follow_each_other(ready, coordinator):
    ready.number = 2
    with pytest.raises(ValidationError) as refused:
        ready.write(by=coordinator)
    assert "number 1" in refused.value.message_dict["number"][0]


def second_after(ready, coordinator, pharmacist, days):
    """The first infusion moved back, and a second one `days` after it, now."""
    now = timezone.now() - timedelta(minutes=2)
    at = ready.started_at = now - timedelta(days=days)
    ready.thawed_at = at - timedelta(minutes=20)
    for test in ready.participant.hcgtest_set.order_by("-sampled_at")[:2]:
        test.sampled_at -= timedelta(days=days)
        test.write(by=coordinator, reason="moved")
    for day in LymphodepletionDay.objects.order_by("given_on"):
        day.given_on -= timedelta(days=days)
        day.write(by=coordinator, reason="moved")
    ready.write(by=coordinator)
    bag = f.bag(
        ready.participant, coordinator, pharmacist, now.date() - timedelta(days=1), lot="LOT-9"
    )
    return Infusion(
        participant=ready.participant, number=2, bag=bag, started_at=now, cells_e9=Decimal(1),
        given_by=ready.given_by, second_verifier=ready.second_verifier,
    )  # fmt: skip


@pytest.mark.parametrize(("days", "allowed"), [(1, False), (2, True)])
def test_the_gap_between_two_infusions(ready, coordinator, pharmacist, days, allowed):
    second = second_after(ready, coordinator, pharmacist, days)
    if allowed:
        assert second.write(by=coordinator)
    else:
        with pytest.raises(ValidationError) as refused:
            second.write(by=coordinator)
        assert "at least 2 days" in refused.value.message_dict["started_at"][0]


def test_a_bag_changed_later_is_checked_again(ready, coordinator, pharmacist, today):
    ready.write(by=coordinator)
    unreleased = f.bag(ready.participant, coordinator, pharmacist, today, lot="LOT-7")
    unreleased.released = "N"
    unreleased.write(by=pharmacist, reason="not yet")
    row = Infusion.objects.get()
    row.bag = unreleased
    with pytest.raises(ValidationError) as refused:
        row.write(by=coordinator, reason="wrong bag")
    assert blockers(refused) == {"crf.productbag"}


def test_only_an_investigator_of_the_site_decides(participant, coordinator, today):
    f.consent(participant, coordinator, today - timedelta(days=2))
    with pytest.raises(ValidationError, match="no investigator"):
        f.enrol(participant, coordinator, today, decided_by=coordinator)


@pytest.mark.parametrize(("days", "allowed"), [(0, True), (-1, False)])
def test_no_decision_before_consent(participant, coordinator, today, days, allowed):
    signed = today - timedelta(days=2)
    f.consent(participant, coordinator, signed)
    failure = {"outcome": "SCREEN_FAILURE", "reason": "withdrew"}
    if allowed:
        assert f.enrol(participant, coordinator, signed, **failure)
    else:
        with pytest.raises(ValidationError, match="comes after it"):
            f.enrol(participant, coordinator, signed + timedelta(days=days), **failure)


def test_voiding_the_end_brings_the_plan_back(participant, coordinator, today):
    f.consent(participant, coordinator, today - timedelta(days=5))
    end = EndOfStudy(participant=participant, ended_on=today, reason="LOST TO FOLLOW-UP")
    end.write(by=coordinator, complete=True)
    assert f.visit(participant, "SCR").state == "CANCELLED"
    end.void(by=coordinator, reason="came back")
    participant.refresh_from_db()
    assert participant.status == "SCREENING"
    assert f.visit(participant, "SCR").state == "PLANNED"


def test_a_corrected_decision_brings_the_plan_back(participant, coordinator, today):
    f.consent(participant, coordinator, today)
    row = f.enrol(participant, coordinator, today, outcome="SCREEN_FAILURE", reason="late result")
    row.void(by=coordinator, reason="wrong participant")
    participant.refresh_from_db()
    assert participant.status == "SCREENING"
    assert f.visit(participant, "SCR").state == "PLANNED"


def test_what_others_rest_on_is_not_voided(ready, coordinator):
    person = ready.participant
    with pytest.raises(ValidationError, match="rests on this decision"):
        person.enrolment_set.get().void(by=coordinator, reason="error")
    ready.write(by=coordinator)
    with pytest.raises(ValidationError, match="treatment was given"):
        person.treatmentcourse_set.get().void(by=coordinator, reason="error")


def test_withheld_drugs_are_no_treatment(participant, coordinator, today):
    day_0 = today + timedelta(days=3)
    f.until_day_0(participant, coordinator, day_0)
    last = LymphodepletionDay.objects.latest("given_on")
    last.fludarabine_mg = last.cyclophosphamide_mg = Decimal(0)
    last.write(by=coordinator, reason="withheld after all")
    course = participant.treatmentcourse_set.get()
    assert course.last_treatment_on == day_0 - timedelta(days=4)


def test_a_draft_given_its_time_later_is_checked_then(ready, coordinator, pharmacist):
    second = second_after(ready, coordinator, pharmacist, 1)
    at, second.started_at = second.started_at, None
    second.write(by=coordinator)
    second.started_at = at
    with pytest.raises(ValidationError, match="at least 2 days"):
        second.write(by=coordinator)


def test_nothing_dates_from_before_consent(participant, coordinator, today):
    f.consent(participant, coordinator, today - timedelta(days=3))
    early = today - timedelta(days=4)
    with pytest.raises(ValidationError) as refused:
        Screening(participant=participant, assessed_on=early).write(by=coordinator)
    assert blockers(refused) == {"trial.consent"}
    row = Screening(participant=participant, assessed_on=today - timedelta(days=3))
    row.write(by=coordinator)
    row.assessed_on = early
    with pytest.raises(ValidationError, match="dated before it"):
        row.write(by=coordinator)


def test_a_visit_with_forms_is_not_voided(participant, coordinator, today):
    f.consent(participant, coordinator, today)
    visit = f.visit(participant, "SCR")
    row = Screening(participant=participant, visit=visit)
    row.write(by=coordinator)
    with pytest.raises(ValidationError, match="rests on this"):
        visit.void(by=coordinator, reason="error")
    row.void(by=coordinator, reason="error")
    visit.refresh_from_db()
    assert visit.void(by=coordinator, reason="error")


def test_another_version_is_reached_by_consent_alone(participant, coordinator, today):
    newer = f.make_protocol("2.0")
    participant.protocol_version = newer
    with pytest.raises(ValidationError, match="Record the consent"):
        participant.write(by=coordinator, reason="amendment")
    participant.refresh_from_db()
    f.consent(participant, coordinator, today)
    second = f.consent(participant, coordinator, today, protocol_version=newer, icf_version="2.0")
    participant.refresh_from_db()
    assert participant.protocol_version == second.protocol_version == newer


def test_the_only_consent_stays_while_data_rest_on_it(participant, coordinator, today):
    only = f.consent(participant, coordinator, today)
    row = Screening(participant=participant)
    row.write(by=coordinator)
    with pytest.raises(ValidationError, match="rests on this"):
        only.void(by=coordinator, reason="error")
    row.void(by=coordinator, reason="error")
    only.refresh_from_db()
    assert only.void(by=coordinator, reason="error")
