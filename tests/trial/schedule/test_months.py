from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.schedule import add_months, contraception_until, monthly_checks

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-15", 1, "2026-02-15"),
        ("2026-01-28", 1, "2026-02-28"),
        ("2026-01-29", 1, "2026-02-28"),
        ("2028-01-29", 1, "2028-02-29"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2026-06-30", 6, "2026-12-30"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-05-31", 0, "2026-05-31"),
    ],
)
def test_the_same_day_or_the_end_of_the_month(day, months, expected):
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


@given(DAYS, st.integers(-600, 600))
def test_there_and_back_loses_at_most_the_clipped_days(day, months):
    there = add_months(day, months)
    back = add_months(there, -months)
    assert (there.year - day.year) * 12 + there.month - day.month == months
    assert back == day.replace(day=there.day)
    clipped = there.day == monthrange(there.year, there.month)[1]
    assert back == day or (clipped and back < day)


@given(DAYS, st.integers(0, 28), st.integers(0, 24))
def test_a_later_day_is_never_earlier_after_the_months(day, later, months):
    assert add_months(day, months) <= add_months(day + timedelta(days=later), months)


def test_contraception_lasts_6_calendar_months():
    assert contraception_until(date(2026, 3, 27)) == date(2026, 9, 27)
    assert contraception_until(date(2026, 8, 31)) == date(2027, 2, 28)
    assert contraception_until(date(2026, 8, 31), months=12) == date(2027, 8, 31)


def test_checks_on_d28_and_every_month_after_the_last_infusion():
    d0, last_infusion = date(2026, 3, 20), date(2026, 3, 27)
    found = monthly_checks(first_check_on=d0 + timedelta(days=28), last_treatment_on=last_infusion)
    assert [day.isoformat() for day in found] == [
        "2026-04-17",
        "2026-04-27",
        "2026-05-27",
        "2026-06-27",
        "2026-07-27",
        "2026-08-27",
        "2026-09-27",
    ]


def test_months_are_counted_from_the_treatment_not_from_the_clipped_month():
    found = monthly_checks(first_check_on=None, last_treatment_on=date(2026, 1, 31))
    assert found[:3] == (date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30))


def test_d28_of_a_february_is_not_checked_twice():
    found = monthly_checks(first_check_on=date(2026, 3, 1), last_treatment_on=date(2026, 2, 1))
    assert len(found) == 6


@given(DAYS, st.one_of(st.none(), st.integers(-40, 40)), st.integers(1, 12))
def test_checks_rise_and_reach_the_end_of_the_window(treated_on, offset, months):
    first = None if offset is None else treated_on + timedelta(days=offset)
    found = monthly_checks(first_check_on=first, last_treatment_on=treated_on, months=months)
    assert all(a < b for a, b in pairwise(found))
    assert contraception_until(treated_on, months) in found
    assert len(found) in (months, months + 1)
    assert first is None or first in found


def test_a_window_without_a_month_is_refused():
    with pytest.raises(ValueError, match="window is 0 months; it is at least 1"):
        monthly_checks(first_check_on=None, last_treatment_on=date(2026, 1, 31), months=0)
