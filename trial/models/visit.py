from datetime import date
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from trial.models.course import TreatmentCourse
from trial.models.fields import not_in_future
from trial.models.participant import ParticipantRow
from trial.models.scheduled_visit import ScheduledVisit
from trial.querysets import TrackedQuerySet


class VisitQuerySet(TrackedQuerySet):
    def with_status(self, today: date) -> Self:
        """Annotate `status`: what the stored state means on `today`."""
        status = Case(
            When(state=Visit.State.PLANNED, window_last_on__lt=today, then=Value("OVERDUE")),
            When(state=Visit.State.PLANNED, window_first_on__lte=today, then=Value("DUE")),
            default=F("state"),
            output_field=models.CharField(),
        )
        return self.annotate(status=status)

    def awaited(self) -> Self:
        """Visits that still have to happen."""
        return self.current().filter(state=Visit.State.PLANNED)


class Visit(ParticipantRow):
    """A visit of one participant: when it should be, within which window, and what became of it."""

    class State(models.TextChoices):
        PLANNED = "PLANNED", _("planned")
        DONE = "DONE", _("done")
        MISSED = "MISSED", _("missed")
        CANCELLED = "CANCELLED", _("cancelled")

    STATUS = {
        "PLANNED": _("planned"),
        "DUE": _("due"),
        "OVERDUE": _("overdue"),
        "DONE": _("done"),
        "MISSED": _("missed"),
        "CANCELLED": _("cancelled"),
    }

    scheduled = models.ForeignKey(
        ScheduledVisit, models.PROTECT, related_name="+", verbose_name=_("visit")
    )
    course = models.ForeignKey(
        TreatmentCourse,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="visits",
        verbose_name=_("treatment course"),
    )
    target_on = models.DateField(_("target date"))
    window_first_on = models.DateField(_("window opens"))
    window_last_on = models.DateField(_("window closes"))
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PLANNED
    )
    began_on = models.DateField(
        _("date of visit"), null=True, blank=True, validators=[not_in_future]
    )
    missed_because = models.CharField(_("reason missed"), max_length=200, blank=True)

    objects = VisitQuerySet.as_manager()  # type: ignore[misc]
    cdash = {
        "scheduled": "VISIT",
        "began_on": "SVSTDAT",
        "state": "SVOCCUR",
        "missed_because": "SVREASOC",
    }
    constraint_fields = {
        "visit_done_has_a_date": "began_on",
        "visit_missed_has_a_reason": "missed_because",
    }

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["participant", "target_on", "scheduled__position"]
        indexes = [models.Index(fields=["state", "window_last_on"])]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "course", "scheduled"],
                name="visit_once",
                nulls_distinct=False,
                violation_error_message=_("This visit is already planned."),
            ),
            models.CheckConstraint(
                name="visit_window_holds_target",
                condition=Q(window_first_on__lte=F("target_on"))
                & Q(window_last_on__gte=F("target_on")),
                violation_error_message=_("The window must hold the target date."),
            ),
            models.CheckConstraint(
                name="visit_done_has_a_date",
                condition=~Q(state="DONE") | Q(began_on__isnull=False),
                violation_error_message=_("A visit that took place has a date."),
            ),
            models.CheckConstraint(
                name="visit_missed_has_a_reason",
                condition=~Q(state="MISSED") | ~Q(missed_because=""),
                violation_error_message=_("Say why the visit was missed."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant} {self.scheduled}"

    def clean(self) -> None:
        if self.began_on and self.state not in (self.State.DONE,):
            raise ValidationError(
                {"state": _("A visit with a date took place: its state is done.")}
            )
