"""Window dates, calendar months and partial dates, from the schedule of NCT06464679."""

from trial.schedule.months import add_months, contraception_until, monthly_checks
from trial.schedule.partial import PartialDate, Precision, cannot_end_before, parse
from trial.schedule.windows import Planned, ScheduleItem, plan

__all__ = [
    "PartialDate",
    "Planned",
    "Precision",
    "ScheduleItem",
    "add_months",
    "cannot_end_before",
    "contraception_until",
    "monthly_checks",
    "parse",
    "plan",
]
