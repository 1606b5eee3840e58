from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crf.models.base import VisitForm, not_done_reason_field, performed_field
from trial.models.fields import Answer, Measure, PartialDateField, not_in_future


class ContraceptionCheck(VisitForm):
    """The monthly check, to 6 calendar months after the last study treatment."""

    dated_by = "checked_on"

    class Method(models.TextChoices):
        ABSTINENCE = "ABSTINENCE", _("Abstinence")
        CONDOM = "CONDOM", _("Condom")
        ORAL = "ORAL", _("Oral contraceptive")
        IUD = "IUD", _("Intrauterine device")
        IMPLANT = "IMPLANT", _("Implant or injection")
        STERILISED = "STERILISED", _("Sterilisation of participant or partner")
        NONE = "NONE", _("None")
        OTHER = "OTHER", _("Other")

    performed = performed_field(_("check performed"))
    not_done_reason = not_done_reason_field()
    checked_on = models.DateField(_("date"), null=True, blank=True, validators=[not_in_future])
    method = models.CharField(_("method in use"), max_length=12, choices=Method.choices, blank=True)
    method_other = models.CharField(_("other method"), max_length=80, blank=True)
    used_throughout = Answer(_("used without gap since the last check"))
    last_menses_on = PartialDateField(_("last menstrual period"))
    pregnancy_suspected = Answer(
        _("pregnancy suspected (participant or partner)"),
        help_text=_("Yes: test at once and tell the investigator."),
    )

    required = (
        "performed",
        "checked_on",
        "method",
        "used_throughout",
        "last_menses_on",
        "pregnancy_suspected",
    )
    cdash = {
        "performed": "RPPERF",
        "not_done_reason": "RPREASND",
        "checked_on": "RPDAT",
        "method": "RPMETHOD",
        "method_other": "RPMETHODOTH",
        "used_throughout": "RPCOMPL",
        "last_menses_on": "LMPSTDAT",
        "pregnancy_suspected": "RPPREG",
    }
    constraint_fields = {"contraception_other_is_named": "method_other"}

    class Meta:
        verbose_name = _("contraception check")
        verbose_name_plural = _("contraception checks")
        ordering = ["participant", "checked_on"]
        constraints = [
            models.CheckConstraint(
                name="contraception_other_is_named",
                condition=~Q(method="OTHER") | ~Q(method_other=""),
                violation_error_message=_("Name the other method."),
            ),
        ]


class HCGTest(VisitForm):
    """A pregnancy test: matrix, time and result."""

    dated_by = "sampled_at"

    class Matrix(models.TextChoices):
        SERUM = "SERUM", _("Serum")
        URINE = "URINE", _("Urine")

    class Result(models.TextChoices):
        NEGATIVE = "NEGATIVE", _("Negative")
        POSITIVE = "POSITIVE", _("Positive")
        INDETERMINATE = "INDETERMINATE", _("Indeterminate")

    performed = performed_field(_("test performed"))
    not_done_reason = not_done_reason_field()
    sampled_at = models.DateTimeField(
        _("sample taken"), null=True, blank=True, validators=[not_in_future]
    )
    matrix = models.CharField(_("sample"), max_length=6, choices=Matrix.choices, blank=True)
    result = models.CharField(_("result"), max_length=15, choices=Result.choices, blank=True)
    value_iu_per_l = Measure(_("HCG, IU/L"), unit="IU/L", at_least="0", at_most="500000")

    required = ("performed", "sampled_at", "matrix", "result")
    cdash = {
        "performed": "LBPERF",
        "not_done_reason": "LBREASND",
        "sampled_at": "LBDAT LBTIM",
        "matrix": "LBSPEC",
        "result": "LBORRES",
        "value_iu_per_l": "LBORRES",
    }

    class Meta:
        verbose_name = _("HCG test")
        verbose_name_plural = _("HCG tests")
        ordering = ["participant", "sampled_at"]

    def clean(self) -> None:
        super().clean()
        if self.matrix == self.Matrix.URINE and self.value_iu_per_l is not None:
            raise ValidationError(
                {
                    "value_iu_per_l": _(
                        "A urine test has no concentration; leave it empty or choose serum."
                    )
                }
            )
