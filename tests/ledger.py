"""The reminder ledger in tests: one awaited visit, the present day, what stands in the ledger."""

from datetime import date, timedelta

from django.utils import timezone

from tests import factories as f
from trial.models import Reminder
from trial.reminders import plan_reminders

TARGET = date(2026, 4, 15)


def days(number):
    return timedelta(days=number)


def awaited_visit(participant, by, target_on=TARGET):
    """One visit still to come, on `target_on`."""
    f.consent(participant, by, date(2026, 3, 1))
    move(participant, target_on)
    return participant


def move(participant, target_on):
    visit = f.visit(participant, "SCR")
    visit.target_on = visit.window_first_on = visit.window_last_on = target_on
    visit.write(by=f.SETUP, reason="moved")


def plan():
    return plan_reminders(timezone.now())


def ledger(**conditions):
    rows = Reminder.objects.filter(**conditions).order_by("send_on", "pk")
    return [(row.kind, row.state) for row in rows]
