from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
from trial.models.protocol import ProtocolVersion, days
from trial.protocol.visits import Anchor
from trial.roles import Area


class ScheduledVisit(Tracked):
    """A visit of the schedule: its anchor, its day and window, and the forms expected."""

    area = Area.PROTOCOL

    protocol_version = models.ForeignKey(
        ProtocolVersion, models.PROTECT, related_name="schedule", verbose_name=_("protocol version")
    )
    code = models.CharField(_("code"), max_length=10)
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("order (VISITNUM)"))
    anchor = models.CharField(
        _("counted from"),
        max_length=20,
        choices=[(a.name, _(a.value)) for a in Anchor],
    )
    day = models.SmallIntegerField(_("day"), help_text=_("Day 0 is the anchor itself."))
    early = days(_("days early"), 0)
    late = days(_("days late"), 0)
    forms = models.JSONField(
        _("forms"), default=list, blank=True, help_text=_('As in ["crf.labsample"].')
    )

    class Meta:
        verbose_name = _("scheduled visit")
        verbose_name_plural = _("schedule")
        ordering = ["protocol_version", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocol_version", "code"],
                name="scheduled_visit_once",
                violation_error_message=_(
                    "This protocol version already has a visit of that code."
                ),
            ),
        ]

    def clean(self) -> None:
        super().clean()
        if not isinstance(self.forms, list):
            raise ValidationError({"forms": _('Write a list, as in ["crf.labsample"].')})
        known = {model._meta.label_lower for model in apps.get_models()}
        if unknown := [str(label) for label in self.forms if str(label) not in known]:
            message = _("%(labels)s: there is no such form. Write it as in crf.labsample.")
            raise ValidationError({"forms": message % {"labels": ", ".join(unknown)}})

    def __str__(self) -> str:
        return self.code
