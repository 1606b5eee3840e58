"""Calendar months, and the contraception window that they measure.

Source: protocol, contraception during and at least 6 months after the last
study treatment, which is the last of: last infusion, last lymphodepletion dose.
"""

from calendar import monthrange
from datetime import date

CONTRACEPTION_MONTHS = 6


def add_months(day: date, months: int) -> date:
    """The same day of a later (or, below 0, earlier) month, or that month's last day.

    Count each month from the start, not from the month before: 31 January + 1
    is 28 February, + 2 is 31 March.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def contraception_until(last_treatment_on: date, months: int = CONTRACEPTION_MONTHS) -> date:
    """Last day of the contraception window, included."""
    return add_months(last_treatment_on, months)


def monthly_checks(
    *, first_check_on: date | None, last_treatment_on: date, months: int = CONTRACEPTION_MONTHS
) -> tuple[date, ...]:
    """Due dates of contraception checks and HCG tests, in order, each once.

    first_check_on: D28, or None where no infusion was given. The others are one
    to `months` calendar months after the last treatment, so that the last is not
    before the window ends. Raises ValueError when months is below 1.
    """
    if months < 1:
        raise ValueError(f"The contraception window is {months} months; it is at least 1.")
    due = {add_months(last_treatment_on, k) for k in range(1, months + 1)}
    if first_check_on:
        due.add(first_check_on)
    return tuple(sorted(due))
