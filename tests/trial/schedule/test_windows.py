from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.protocol.visits import DEFAULT_SCHEDULE, Anchor
from trial.schedule import Planned, plan


@dataclass
class Row:
    """A stored schedule item: its anchor is the name of one."""

    code: str = "D28"
    anchor: str = "FIRST_INFUSION"
    day: int = 28
    early: int = 3
    late: int = 3


def codes(planned):
    return [item.code for item in planned]


def test_before_a_first_infusion_is_planned_only_screening_is():
    planned = plan(schedule=DEFAULT_SCHEDULE, consented_on=date(2026, 3, 1), first_infusion_on=None)
    assert planned == (Planned("SCR", date(2026, 3, 1), date(2026, 3, 1), date(2026, 3, 28)),)


def test_before_consent_nothing_is_planned():
    assert plan(schedule=DEFAULT_SCHEDULE, consented_on=None, first_infusion_on=None) == ()


def test_a_first_infusion_plans_the_rest_in_order():
    planned = plan(
        schedule=DEFAULT_SCHEDULE,
        consented_on=date(2026, 3, 1),
        first_infusion_on=date(2026, 3, 20),
    )
    assert codes(planned) == codes(DEFAULT_SCHEDULE)
    found = {item.code: item for item in planned}
    assert found["LD1"].target_on == date(2026, 3, 15)
    assert found["INF1"] == Planned("INF1", *[date(2026, 3, 20)] * 3)
    assert found["INF2"] == Planned("INF2", date(2026, 3, 23), date(2026, 3, 22), date(2026, 3, 24))
    assert found["D28"] == Planned("D28", date(2026, 4, 17), date(2026, 4, 14), date(2026, 4, 20))
    assert found["M12"].target_on == date(2027, 3, 19)


@pytest.mark.parametrize("anchor", Anchor)
@pytest.mark.parametrize("stored", [False, True])
def test_each_anchor_by_itself_or_by_its_stored_name(anchor, stored):
    days = {
        Anchor.CONSENT: date(2026, 1, 1),
        Anchor.FIRST_INFUSION: date(2026, 2, 1),
        Anchor.LAST_TREATMENT: date(2026, 3, 1),
    }
    row = Row(anchor=anchor.name if stored else anchor, day=1)
    (planned,) = plan(
        schedule=[row],
        consented_on=days[Anchor.CONSENT],
        first_infusion_on=days[Anchor.FIRST_INFUSION],
        last_treatment_on=days[Anchor.LAST_TREATMENT],
    )
    assert planned.target_on == days[anchor] + timedelta(days=1)


def test_a_visit_after_the_last_treatment_waits_for_it():
    row = Row(anchor="LAST_TREATMENT")
    known = {"consented_on": date(2026, 1, 1), "first_infusion_on": date(2026, 2, 1)}
    assert plan(schedule=[row], **known) == ()


def test_an_unknown_anchor_is_named():
    with pytest.raises(ValueError, match="D28: anchor 'BIRTH' is none of CONSENT, FIRST_INFUSION"):
        plan(schedule=[Row(anchor="BIRTH")], consented_on=None, first_infusion_on=None)


@pytest.mark.parametrize("side", ["early", "late"])
def test_a_negative_window_is_refused(side):
    row = replace(Row(), **{side: -1})
    with pytest.raises(ValueError, match=r"D28: the window is .*-1 days.* below 0"):
        plan(schedule=[row], consented_on=None, first_infusion_on=date(2026, 2, 1))


@given(
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.integers(-40, 400),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_the_window_holds_early_and_late_days_around_the_target(day_0, day, early, late):
    row = Row(day=day, early=early, late=late)
    (planned,) = plan(schedule=[row], consented_on=None, first_infusion_on=day_0)
    assert (planned.target_on - day_0).days == day
    assert (planned.target_on - planned.first_on).days == early
    assert (planned.last_on - planned.target_on).days == late
