from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crf.models.base import ONE_PER_VISIT, VisitForm, at_most_one
from trial import registry
from trial.models.fields import Answer, Measure, not_in_future
from trial.roles import Area


class LymphodepletionDay(VisitForm):
    """Fludarabine 25 mg/m2 and cyclophosphamide 300 mg/m2 on one of D-5, D-4, D-3."""

    dated_by = "given_on"
    area = Area.DOSING
    step = registry.Step.LYMPHODEPLETION

    given_on = models.DateField(_("given on"), null=True, blank=True, validators=[not_in_future])
    bsa_m2 = Measure(_("body surface area, m2"), unit="m2", at_least="0.8", at_most="3.2")
    fludarabine_mg = Measure(
        _("fludarabine given, mg"),
        unit="mg",
        at_least="0",
        at_most="120",
        help_text=_("Protocol: 25 mg/m2 a day. 0 when withheld."),
    )
    fludarabine_started_at = models.DateTimeField(
        _("fludarabine started"), null=True, blank=True, validators=[not_in_future]
    )
    fludarabine_ended_at = models.DateTimeField(
        _("fludarabine ended"), null=True, blank=True, validators=[not_in_future]
    )
    cyclophosphamide_mg = Measure(
        _("cyclophosphamide given, mg"),
        unit="mg",
        at_least="0",
        at_most="1500",
        help_text=_("Protocol: 300 mg/m2 a day. 0 when withheld."),
    )
    cyclophosphamide_started_at = models.DateTimeField(
        _("cyclophosphamide started"), null=True, blank=True, validators=[not_in_future]
    )
    cyclophosphamide_ended_at = models.DateTimeField(
        _("cyclophosphamide ended"), null=True, blank=True, validators=[not_in_future]
    )
    adjusted = Answer(_("dose adjusted"))
    adjustment_reason = models.CharField(_("reason for the adjustment"), max_length=200, blank=True)

    required = (
        "visit",
        "given_on",
        "bsa_m2",
        "fludarabine_mg",
        "fludarabine_started_at",
        "fludarabine_ended_at",
        "cyclophosphamide_mg",
        "cyclophosphamide_started_at",
        "cyclophosphamide_ended_at",
        "adjusted",
    )
    cdash = {
        "given_on": "EXSTDAT",
        "bsa_m2": "BSA_VSORRES",
        "fludarabine_mg": "EXDOSE",
        "fludarabine_started_at": "EXSTTIM",
        "fludarabine_ended_at": "EXENTIM",
        "cyclophosphamide_mg": "EXDOSE",
        "cyclophosphamide_started_at": "EXSTTIM",
        "cyclophosphamide_ended_at": "EXENTIM",
        "adjusted": "EXADJYN",
        "adjustment_reason": "EXADJ",
    }
    constraint_fields = {
        "fludarabine_not_negative": "fludarabine_mg",
        "cyclophosphamide_not_negative": "cyclophosphamide_mg",
        "fludarabine_ends_after_start": "fludarabine_ended_at",
        "cyclophosphamide_ends_after_start": "cyclophosphamide_ended_at",
    }

    class Meta:
        verbose_name = _("lymphodepletion")
        verbose_name_plural = _("lymphodepletion days")
        constraints = [
            at_most_one("lymphodepletion_once_per_visit", "visit", message=ONE_PER_VISIT),
            *[
                models.CheckConstraint(
                    name=f"{drug}_not_negative",
                    condition=Q(**{f"{drug}_mg__gte": Decimal(0)}),
                    violation_error_message=_("A dose cannot be below 0 mg."),
                )
                for drug in ("fludarabine", "cyclophosphamide")
            ],
            *[
                models.CheckConstraint(
                    name=f"{drug}_ends_after_start",
                    condition=Q(**{f"{drug}_ended_at__gte": F(f"{drug}_started_at")}),
                    violation_error_message=_("The end cannot lie before the start."),
                )
                for drug in ("fludarabine", "cyclophosphamide")
            ],
        ]

    def unanswered(self) -> list[str]:
        missing = super().unanswered()
        withheld = [
            f"{drug}_{end}_at"
            for drug in ("fludarabine", "cyclophosphamide")
            for end in ("started", "ended")
            if getattr(self, f"{drug}_mg") == 0
        ]
        missing = [name for name in missing if name not in withheld]
        if self.adjusted == "Y" and not self.adjustment_reason.strip():
            missing.append("adjustment_reason")
        return missing
