from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crf.models.base import VisitForm, not_done_reason_field, performed_field
from trial.models.fields import not_in_future


class LabSample(VisitForm):
    """A sample taken from a participant; its results stand in rows of their own."""

    dated_by = "sampled_at"
    carries = ("results",)

    class Specimen(models.TextChoices):
        BLOOD = "BLOOD", _("Blood")
        SERUM = "SERUM", _("Serum")
        PLASMA = "PLASMA", _("Plasma")
        URINE = "URINE", _("Urine")

    performed = performed_field(_("sample taken"))
    not_done_reason = not_done_reason_field()
    sampled_at = models.DateTimeField(_("taken"), null=True, blank=True, validators=[not_in_future])
    specimen = models.CharField(_("specimen"), max_length=10, choices=Specimen.choices, blank=True)
    accession = models.CharField(
        _("accession number"),
        max_length=40,
        blank=True,
        help_text=_("The laboratory's number of the sample, no patient number."),
    )
    laboratory = models.CharField(_("laboratory"), max_length=80, blank=True)

    required = ("performed", "sampled_at", "specimen", "laboratory")
    cdash = {
        "performed": "LBPERF",
        "not_done_reason": "LBREASND",
        "sampled_at": "LBDAT LBTIM",
        "specimen": "LBSPEC",
        "accession": "LBREFID",
        "laboratory": "LBNAM",
    }

    class Meta:
        verbose_name = _("lab sample")
        verbose_name_plural = _("lab samples")
        ordering = ["participant", "-sampled_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "accession"],
                condition=Q(voided_at=None) & ~Q(accession=""),
                name="sample_accession_once",
                violation_error_message=_(
                    "A sample with this accession number is already recorded."
                ),
            ),
        ]
