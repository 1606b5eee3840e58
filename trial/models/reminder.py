import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from trial.models.participant import Participant
from trial.models.site import Site
from trial.models.user import User
from trial.roles import SEES_ALL_SITES, may

BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60)]  # after each failure; then hourly
MAX_ATTEMPTS = 10


class Heartbeat(models.Model):
    """When a process last showed that it lives."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """The process `name` lives now."""
        cls.objects.update_or_create(name=name, defaults={"at": timezone.now()})


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
        rows = self.reminders.filter(state=Reminder.State.PLANNED)
        return list(
            rows.select_related("participant", "site").order_by(
                "due_on", "participant__number", "pk"
            )
        )

    @transaction.atomic
    def mark_sent(self, carried: "Iterable[Reminder]") -> None:
        """The server took the mail, with these reminders in it."""
        now = timezone.now()
        rows = Reminder.objects.filter(pk__in=[reminder.pk for reminder in carried])
        rows.update(sent_at=now)
        rows.filter(state__in=[Reminder.State.PLANNED, Reminder.State.CANCELLED]).update(
            state=Reminder.State.SENT, cancelled_at=None
        )
        self._close(self.State.SENT, sent_at=now)

    @transaction.atomic
    def mark_cancelled(self) -> None:
        """Nothing was left to say."""
        self._close(self.State.CANCELLED)

    def _close(self, state: str, **columns: datetime) -> None:
        Delivery.objects.filter(pk=self.pk).update(state=state, leased_until=None, **columns)
        # Planned again while the mail was on its way, so not in it: the next mail takes them.
        self.reminders.filter(state=Reminder.State.PLANNED).update(delivery=None)

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
            self.reminders.filter(state=Reminder.State.PLANNED).update(state=Reminder.State.FAILED)


class ReminderQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Reminders at the user's sites."""
        if not (user.is_active and may(user.role, "view", Participant.area)):
            return self.none()
        return self if user.role in SEES_ALL_SITES else self.filter(site__in=user.site_ids)


class Reminder(models.Model):
    """The ledger: one row per participant, duty, due date, recipient and kind, before any mail.

    It has its own states and times, so it is not `Tracked`.
    """

    class Kind(models.TextChoices):
        NOTICE = "NOTICE", _("first notice")
        DUE = "DUE", _("due")
        OVERDUE = "OVERDUE", _("overdue")
        ESCALATION = "ESCALATION", _("escalation")

    class State(models.TextChoices):
        PLANNED = "PLANNED", _("planned")
        SENT = "SENT", _("sent")
        ACKNOWLEDGED = "ACKNOWLEDGED", _("acknowledged")
        CANCELLED = "CANCELLED", _("cancelled")
        FAILED = "FAILED", _("failed")

    class Duty(models.TextChoices):
        VISIT = "visit", _("follow-up visit")
        CONTRACEPTION = "contraception", _("contraception check")
        HCG = "hcg", _("HCG test")

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    participant = models.ForeignKey(
        Participant, models.PROTECT, related_name="reminders", verbose_name=_("participant")
    )
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    duty = models.CharField(_("duty"), max_length=20, choices=Duty.choices)
    due_on = models.DateField(_("due on"))
    in_time_until = models.DateField(_("in time until"))
    recipient = models.ForeignKey(
        User, models.PROTECT, related_name="reminders", verbose_name=_("recipient")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    send_on = models.DateField(_("to be sent on"))
    form = models.CharField(max_length=60, help_text="Label of the form that fulfils the duty.")
    visit = models.ForeignKey(
        "trial.Visit", models.PROTECT, null=True, related_name="+", verbose_name=_("visit")
    )
    state = models.CharField(
        _("state"), max_length=15, choices=State.choices, default=State.PLANNED
    )
    planned_at = models.DateTimeField(_("planned"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, null=True, related_name="reminders", verbose_name=_("mail")
    )

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["due_on", "pk"]
        indexes = [models.Index(fields=["state", "send_on"])]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "duty", "due_on", "recipient", "kind"], name="reminder_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant} {self.due_on} {self.kind}"
