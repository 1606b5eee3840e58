from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
from trial.models.fields import Measure
from trial.models.protocol import ProtocolVersion
from trial.roles import Area


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
