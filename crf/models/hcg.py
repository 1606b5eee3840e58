from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crf.models.base import VisitForm, not_done_reason_field, performed_field
from trial.models.fields import Measure, not_in_future


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
