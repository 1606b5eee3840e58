from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from trial import registry
from trial.models.dose_level import DoseLevel
from trial.models.participant import ParticipantRow

FIRST_POSSIBLE = date(2020, 1, 1)  # years before the trial was registered


class TreatmentCourse(ParticipantRow):
    """Dose level and day 0 of one course: the anchor of lymphodepletion, visits and windows."""

    carries = ("visits",)  # what of them is still planned is cancelled

    number = models.PositiveSmallIntegerField(_("course"), default=1, editable=False)
    dose_level = models.ForeignKey(
        DoseLevel, models.PROTECT, related_name="+", verbose_name=_("dose level")
    )
    planned_on = models.DateField(
        _("first infusion planned on (D0)"), help_text=_("Moving it moves every visit still ahead.")
    )
    first_infusion_on = models.DateField(_("first infusion given on"), null=True, editable=False)
    last_treatment_on = models.DateField(_("last study treatment on"), null=True, editable=False)

    class Meta:
        verbose_name = _("treatment course")
        verbose_name_plural = _("treatment courses")
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "number"],
                condition=Q(voided_at=None),
                name="course_once",
                violation_error_message=_(
                    "This participant already has a course; move its date there."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant} D0 {self.day_0}"

    @property
    def day_0(self) -> date:
        """The first infusion as given, or as planned before that."""
        return self.first_infusion_on or self.planned_on

    def clean(self) -> None:
        """Day 0 is a day of this trial; far outside, the windows would leave the calendar."""
        super().clean()
        last = timezone.localdate() + timedelta(days=366)
        if self.planned_on and not FIRST_POSSIBLE <= self.planned_on <= last:
            message = _("%(day)s is no possible day 0; it lies between %(first)s and %(last)s.")
            shown = {"day": self.planned_on, "first": FIRST_POSSIBLE, "last": last}
            raise ValidationError({"planned_on": message % shown})

    def before_write(self, by: Any) -> None:
        super().before_write(by)
        if self.voided_at and self.last_treatment_on:
            raise ValidationError(_("A treatment was given in this course: it cannot be voided."))
        if self.dose_level.protocol_version_id != self.participant.protocol_version_id:
            raise ValidationError(
                {
                    "dose_level": _("%(level)s belongs to another protocol version.")
                    % {"level": self.dose_level}
                }
            )
        if self._state.adding:
            registry.require(registry.Step.COURSE, self.participant, self)
