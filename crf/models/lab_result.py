import re
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crf.analytes import ANALYTES, UNITS
from crf.models.base import FormRow, at_most_one, not_done_reason_field
from crf.models.lab_sample import LabSample
from trial.models.fields import Answer, Measure
from trial.querysets import TrackedQuerySet
from trial.roles import Area

NUMBER = re.compile(r"^[<>]?=?\s*(\d+(?:\.\d+)?)$")


class LabResultQuerySet(TrackedQuerySet):
    def current(self) -> Self:
        """Results that were not voided, nor their sample."""
        return super().current().filter(sample__voided_at=None)


class LabResult(FormRow):
    """One result as reported, with the unit and the reference range in force on the sample date."""

    area = Area.CASEBOOK
    site_path = "sample__participant__site"
    drafts = False
    fixed = ("sample",)
    absent_codes = ()  # `status` says why there is no result

    sample = models.ForeignKey(
        LabSample, models.PROTECT, related_name="results", verbose_name=_("sample")
    )
    test = models.CharField(
        _("test"),
        max_length=8,
        choices=[(code, analyte.name) for code, analyte in ANALYTES.items()],
    )
    reported = models.CharField(
        _("result as reported"), max_length=20, blank=True, help_text=_("A number, or as in <0.5.")
    )
    value = models.DecimalField(
        _("value"), max_digits=14, decimal_places=5, null=True, blank=True, editable=False
    )
    unit = models.CharField(_("unit"), max_length=10, choices=[(u, u) for u in UNITS], blank=True)
    lower_limit = Measure(_("lower limit of normal"), at_least="0")
    upper_limit = Measure(_("upper limit of normal"), at_least="0")
    status = models.CharField(
        _("if no result"),
        max_length=3,
        blank=True,
        choices=[("ND", _("Not done")), ("UNK", _("Unknown"))],
    )
    not_done_reason = not_done_reason_field()
    clinically_significant = Answer(_("clinically significant"))

    objects = LabResultQuerySet.as_manager()  # type: ignore[misc]
    cdash = {
        "test": "LBTEST",
        "reported": "LBORRES",
        "unit": "LBORRESU",
        "lower_limit": "LBORNRLO",
        "upper_limit": "LBORNRHI",
        "status": "LBSTAT",
        "not_done_reason": "LBREASND",
        "clinically_significant": "LBCLSIG",
    }
    constraint_fields = {"result_limits_in_order": "upper_limit", "result_or_status": "status"}

    class Meta:
        verbose_name = _("lab result")
        verbose_name_plural = _("lab results")
        ordering = ["sample", "pk"]
        constraints = [
            at_most_one(
                "result_once_per_sample",
                "sample",
                "test",
                message=_("This test already has a result in this sample."),
            ),
            models.CheckConstraint(
                name="result_limits_in_order",
                condition=Q(upper_limit__gte=F("lower_limit")),
                violation_error_message=_("The upper limit cannot lie below the lower limit."),
            ),
            models.CheckConstraint(
                name="result_or_status",
                condition=(Q(reported="") & ~Q(status="")) | (~Q(reported="") & Q(status="")),
                violation_error_message=_("Either a result, or why there is none."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.test} {self.reported} {self.unit}".strip()

    @property
    def zone(self) -> tzinfo:
        return self.sample.zone

    @property
    def needs_reason(self) -> bool:
        """From the completion of its sample on: for a result that changes or comes in later."""
        return self.sample_id is not None and self.sample.was_complete

    def before_write(self, by: Any) -> None:
        super().before_write(by)
        if self.sample.voided_at:
            raise ValidationError(
                _("The sample was voided and stays as it is. Record it anew."), code="voided"
            )

    def derive(self) -> None:
        """The number in the reported text; None beyond a limit of detection, as in <0.5."""
        found = NUMBER.match(self.reported.strip())
        exact = found and self.reported.strip()[0].isdigit()
        self.value = Decimal(found.group(1)) if found and exact else None

    def clean(self) -> None:
        super().clean()
        problems: dict[str, Any] = {}
        allowed = ANALYTES[self.test].units if self.test in ANALYTES else ()
        if self.reported and not NUMBER.match(self.reported.strip()):
            problems["reported"] = _(
                "%(value)s is no number of 0 or more. Write as in 4.2 or <0.5."
            ) % {"value": self.reported}
        if self.reported and self.unit not in allowed:
            problems["unit"] = _(
                "%(unit)s is no unit of %(test)s; it is reported in %(units)s."
            ) % {"unit": self.unit or _("(empty)"), "test": self.test, "units": ", ".join(allowed)}
        if self.status == "ND" and not self.not_done_reason.strip():
            problems["not_done_reason"] = _("Say why it was not done.")
        if problems:
            raise ValidationError(problems)

    @property
    def flag(self) -> str:
        """LOW or HIGH against the reported range; blank inside it or when it cannot be told."""
        if self.value is None:
            return ""
        if self.lower_limit is not None and self.value < self.lower_limit:
            return "LOW"
        if self.upper_limit is not None and self.value > self.upper_limit:
            return "HIGH"
        return ""
