"""The visit plan follows consent and day 0, and the old plan stays in the history."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crf.models import EndOfStudy
from tests import factories as f
from trial.models import Visit


@pytest.fixture
def today():
    return timezone.localdate(timezone=f.SHANGHAI)


@pytest.fixture
def planned(participant, coordinator, today):
    """A course whose day 0 lies 10 days ahead."""
    f.consent(participant, coordinator, today - timedelta(days=8))
    f.demographics(participant, coordinator)
    f.screening(participant, coordinator, today - timedelta(days=8))
    f.hcg(participant, coordinator, today - timedelta(days=7))
    f.enrol(participant, coordinator, today - timedelta(days=6))
    return f.course(participant, coordinator, today + timedelta(days=10))


def test_before_a_first_infusion_is_planned_only_screening_exists(participant, coordinator, today):
    f.consent(participant, coordinator, today)
    assert [v.scheduled.code for v in participant.visit_set.all()] == ["SCR"]


def test_the_plan_counts_from_day_0(planned, participant):
    day_0 = planned.planned_on
    visits = {v.scheduled.code: v for v in participant.visit_set.select_related("scheduled")}
    assert len(visits) == 19
    assert visits["LD1"].target_on == day_0 - timedelta(days=5)
    d28 = visits["D28"]
    assert (d28.window_first_on, d28.window_last_on) == (
        day_0 + timedelta(days=25),
        day_0 + timedelta(days=31),
    )


def test_moving_day_0_moves_what_is_ahead_and_keeps_the_old_plan(planned, participant, coordinator):
    done = f.visit(participant, "SCR")
    assert done.state == "DONE"
    planned.planned_on += timedelta(days=4)
    planned.write(by=coordinator, reason="Other: slot moved")
    visit = f.visit(participant, "LD1")
    assert visit.target_on == planned.planned_on - timedelta(days=5)
    new, old = visit.history.all()
    assert new.target_on - old.target_on == timedelta(days=4)
    assert new.history_change_reason
    assert f.visit(participant, "SCR").history.count() == done.history.count()


def test_the_first_infusion_moves_the_plan_to_the_real_day(
    participant, coordinator, investigator, pharmacist, today
):
    from tests.crf.test_course_of_a_participant import infuse

    real = today - timedelta(days=3)
    course = f.until_day_0(participant, coordinator, real)
    course.refresh_from_db()
    course.planned_on = real - timedelta(days=1)
    course.write(by=coordinator, reason="planned earlier")
    f.hcg(participant, coordinator, real)
    infuse(participant, coordinator, investigator, pharmacist, real)
    assert f.visit(participant, "INF2").target_on == real + timedelta(days=3)


@pytest.mark.parametrize(
    ("offset", "status"), [(-1, "PLANNED"), (0, "DUE"), (6, "DUE"), (7, "OVERDUE")]
)
def test_status_on_both_sides_of_the_window(planned, participant, offset, status):
    visit = f.visit(participant, "D28")
    day = visit.window_first_on + timedelta(days=offset)
    assert Visit.objects.with_status(day).get(pk=visit.pk).status == status


def test_the_end_of_study_cancels_what_is_planned(planned, participant, coordinator, today):
    EndOfStudy(participant=participant, ended_on=today, reason="PHYSICIAN DECISION").write(
        by=coordinator, complete=True
    )
    states = dict(participant.visit_set.values_list("scheduled__code", "state"))
    assert states.pop("SCR") == "DONE"
    assert set(states.values()) == {"CANCELLED"}


def test_a_screen_failure_cancels_the_rest(participant, coordinator, today):
    f.consent(participant, coordinator, today)
    f.enrol(participant, coordinator, today, outcome="SCREEN_FAILURE", failed_criteria="GEN-I-02b")
    participant.refresh_from_db()
    assert participant.status == "SCREEN_FAILURE"
    assert f.visit(participant, "SCR").state == "CANCELLED"


def test_a_missed_visit_says_why(planned, participant, coordinator):
    visit = f.visit(participant, "D28")
    visit.state = Visit.State.MISSED
    with pytest.raises(Exception, match="why the visit was missed"):
        visit.write(by=coordinator, reason="Other: missed")
    visit.missed_because = "travelling"
    assert visit.write(by=coordinator, reason="Other: missed")
