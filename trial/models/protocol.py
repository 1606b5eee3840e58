from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
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

    def derive(self) -> None:
        """A setting that changes after it was confirmed has to be confirmed anew."""
        confirmation = {"confirmed_by_id", "confirmed_at"}
        changed = set() if self._state.adding else set(self.changes())
        if changed - {"completed_at", "voided_at"} and not changed & confirmation:
            self.confirmed_by = self.confirmed_at = None
