from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from trial.models.user import User

if TYPE_CHECKING:
    from trial.models.reminder import Reminder

BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60)]  # after each failure; then hourly


MAX_ATTEMPTS = 10


class RowState(models.TextChoices):
    """What became of a row of the ledger."""

    PLANNED = "PLANNED", _("planned")
    SENT = "SENT", _("sent")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("acknowledged")
    CANCELLED = "CANCELLED", _("cancelled")
    FAILED = "FAILED", _("failed")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def ready(self, now: datetime) -> Self:
        """Mails to send now: waiting, or claimed by somebody who died."""
        return self.filter(
            Q(state=Delivery.State.PLANNED) & (Q(next_try_at=None) | Q(next_try_at__lte=now))
            | Q(state=Delivery.State.SENDING, leased_until__lt=now)
        )

    def claim(self, pk: int, lease: timedelta) -> "Delivery | None":
        """Take one mail for `lease`; None when somebody else has it or it went out."""
        now = timezone.now()
        taken = (
            self.ready(now)
            .filter(pk=pk)
            .update(
                state=Delivery.State.SENDING,
                leased_until=now + lease,
                attempts=models.F("attempts") + 1,
            )
        )
        return self.select_related("recipient").get(pk=pk) if taken else None


class Delivery(models.Model):
    """One mail to one person: what it is called at the mail server and how often it was tried."""

    class State(models.TextChoices):
        PLANNED = "PLANNED", _("waiting")
        SENDING = "SENDING", _("being sent")
        SENT = "SENT", _("sent")
        FAILED = "FAILED", _("failed")
        CANCELLED = "CANCELLED", _("no longer needed")

    message_id = models.CharField(_("Message-ID"), max_length=120, unique=True)
    recipient = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("recipient")
    )
    created_at = models.DateTimeField(_("created"))
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PLANNED
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.message_id

    def open_reminders(self) -> "list[Reminder]":
        """What this mail still has to say; what was cancelled since is left out."""
        rows = self.reminders.filter(state=RowState.PLANNED)
        return list(
            rows.select_related("participant", "site").order_by(
                "due_on", "participant__number", "pk"
            )
        )

    @transaction.atomic
    def mark_sent(self, carried: "Iterable[Reminder]") -> None:
        """The server took the mail, with these reminders in it."""
        from trial.models.reminder import Reminder

        now = timezone.now()
        rows = Reminder.objects.filter(pk__in=[reminder.pk for reminder in carried])
        rows.update(sent_at=now)
        rows.filter(state__in=[RowState.PLANNED, RowState.CANCELLED]).update(
            state=RowState.SENT, cancelled_at=None
        )
        self._close(self.State.SENT, sent_at=now)

    @transaction.atomic
    def mark_cancelled(self) -> None:
        """Nothing was left to say."""
        self._close(self.State.CANCELLED)

    def _close(self, state: str, **columns: datetime) -> None:
        Delivery.objects.filter(pk=self.pk).update(state=state, leased_until=None, **columns)
        # Planned again while the mail was on its way, so not in it: the next mail takes them.
        self.reminders.filter(state=RowState.PLANNED).update(delivery=None)

    @transaction.atomic
    def mark_failed(self, error: str) -> None:
        """Try again later, each time later; after MAX_ATTEMPTS it is for a person to see to.

        error: class name and code, no health data. Does nothing once somebody else holds the
        mail, which then decides.
        """
        mine = Delivery.objects.filter(pk=self.pk, state=self.State.SENDING, attempts=self.attempts)
        if self.attempts < MAX_ATTEMPTS:
            pause = BACK_OFF[min(self.attempts, len(BACK_OFF)) - 1]
            mine.update(
                state=self.State.PLANNED,
                leased_until=None,
                next_try_at=timezone.now() + pause,
                error=error,
            )
        elif mine.update(state=self.State.FAILED, leased_until=None, error=error):
            self.reminders.filter(state=RowState.PLANNED).update(state=RowState.FAILED)
