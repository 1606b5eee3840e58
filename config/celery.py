"""The Celery app and the one table of what runs when.

The queue only wakes: what is due stands in database rows, so a lost message loses nothing, and
a message that waited longer than its period is worth nothing (`expires`).
"""

import os

from celery import Celery
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

HEARTBEAT_SECONDS = 30

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "heartbeat": {
        "task": "trial.tasks.heartbeat",
        "schedule": HEARTBEAT_SECONDS,
        "options": {"expires": HEARTBEAT_SECONDS},
    },
    "reminders": {
        "task": "trial.tasks.run_reminders",
        "schedule": settings.REMINDER_INTERVAL,
        "options": {"expires": settings.REMINDER_INTERVAL},
    },
}


@beat_init.connect
def run_all_once(**_: object) -> None:
    """A fresh schedule file would wait one whole period first; a start should not."""
    for entry in app.conf.beat_schedule.values():
        app.send_task(entry["task"], **entry["options"])
