from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
from trial.models.fields import Measure
from trial.protocol.visits import Anchor
from trial.roles import Area


def days(label: Any, default: int) -> models.PositiveSmallIntegerField:
    """A setting in days; the default is ours, not the protocol's, until somebody confirms it."""
    return models.PositiveSmallIntegerField(
        label, default=default, validators=[MaxValueValidator(400)]
    )


class ProtocolVersion(Tracked):
    """One version of the protocol, with everything the public record leaves open as a setting."""

    area = Area.PROTOCOL

    number = models.CharField(_("version"), max_length=20, unique=True)
    effective_on = models.DateField(_("effective on"))
    icf_version = models.CharField(_("consent form (ICF) version"), max_length=20)
    screening_days = days(_("screening window, days"), 28)
    dlt_window_days = days(_("DLT window from D0, days"), 28)
    hcg_before_enrolment_days = days(_("HCG at most this old at enrolment, days"), 7)
    hcg_before_treatment_days = days(
        _("HCG at most this old at lymphodepletion and infusion, days"), 1
    )
    contraception_months = models.PositiveSmallIntegerField(
        _("contraception after last treatment, calendar months"),
        default=6,
        validators=[MinValueValidator(6), MaxValueValidator(24)],
        help_text=_("The protocol asks for at least 6."),
    )
    thaw_minutes = models.PositiveSmallIntegerField(
        _("thaw to start of infusion at most, minutes"),
        default=30,
        validators=[MaxValueValidator(240)],
    )
    infusion_gap_days = days(_("days between two infusions at least"), 2)
    notice_days = days(_("first reminder this many days before"), 3)
    overdue_days = days(_("overdue reminder this many days after"), 1)
    escalation_days = days(_("escalation to the investigator this many days after"), 3)
    confirmed_by = models.ForeignKey(
        "trial.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("settings confirmed by"),
    )
    confirmed_at = models.DateTimeField(
        _("settings confirmed"), null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("protocol version")
        verbose_name_plural = _("protocol versions")
        ordering = ["-effective_on", "-pk"]

    def __str__(self) -> str:
        return self.number


class DoseLevel(Tracked):
    """Viable CAR-positive NK cells per infusion at one step of the escalation."""

    area = Area.PROTOCOL

    class State(models.TextChoices):
        PLANNED = "PLANNED", _("planned")
        OPEN = "OPEN", _("open")
        CLOSED = "CLOSED", _("closed")

    protocol_version = models.ForeignKey(
        ProtocolVersion,
        models.PROTECT,
        related_name="dose_levels",
        verbose_name=_("protocol version"),
    )
    name = models.CharField(_("name"), max_length=10)
    cells_e9 = Measure(
        _("cells per infusion, 10^9"),
        unit="10^9",
        at_least="0.01",
        at_most="50",
        null=False,
        blank=False,
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices)

    class Meta:
        verbose_name = _("dose level")
        verbose_name_plural = _("dose levels")
        ordering = ["protocol_version", "cells_e9"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocol_version", "name"],
                name="dose_level_once",
                violation_error_message=_(
                    "This protocol version already has a dose level of that name."
                ),
            ),
            models.CheckConstraint(
                name="dose_level_has_cells",
                condition=Q(cells_e9__gt=Decimal(0)),
                violation_error_message=_("A dose level has more than 0 cells."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.cells_e9} × 10^9)"


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

    def __str__(self) -> str:
        return self.code
