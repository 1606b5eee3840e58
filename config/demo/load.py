"""Loads the demo study in one transaction, dated relative to today at the site."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from config.demo.participants import write_participants
from config.demo.setup import ZONE, set_up
from trial.models import Participant, Study, User


class NotEmptyError(Exception):
    """The database holds something that is not the demo."""


@transaction.atomic
def load(say: Callable[[str], None]) -> bool:
    """Load the demo study; False when it is there already.

    say: told what was just written. Raises NotEmptyError for a database in real use: the demo's
    passwords are known to everybody.
    """
    study = Study.objects.the_one()
    if study and study.is_demo:
        return False
    if study or User.objects.exists():
        raise NotEmptyError(str(study) if study else "accounts")
    zone = ZoneInfo(ZONE)
    with timezone.override(zone):
        today = timezone.localdate()
        trial = set_up(today)
        say(f"Study, {len(trial.sites)} sites, {len(trial.people)} people, visit schedule")
        write_participants(trial, today, say)
    say(f"{Participant.objects.count()} participants, dated up to {today}")
    return True
