import uuid
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from trial.models.delivery import Delivery, RowState
from trial.models.participant import Participant
from trial.models.site import Site
from trial.models.user import User
from trial.roles import SEES_ALL_SITES, may


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

    State = RowState

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
