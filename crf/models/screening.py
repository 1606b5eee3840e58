from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crf.models.base import ONE_PER_VISIT, VisitForm, at_most_one
from trial.models.fields import Answer, Measure, PartialDateField, not_in_future


class Screening(VisitForm):
    """What GEN criteria ask that is no laboratory value; organ function rests on lab samples."""

    dated_by = "assessed_on"

    class Failure(models.TextChoices):
        INEFFECTIVE = "INEFFECTIVE", _("conventional treatment ineffective")
        RELAPSE = "RELAPSE", _("relapse after remission")
        NEITHER = "NEITHER", _("neither")

    assessed_on = models.DateField(_("date"), null=True, blank=True, validators=[not_in_future])
    height_cm = Measure(_("height, cm"), unit="cm", at_least="100", at_most="230")
    weight_kg = Measure(_("weight, kg"), unit="kg", at_least="25", at_most="250")
    haemodynamically_stable = Answer(_("haemodynamically stable"))
    csf_given = Answer(_("G-CSF or GM-CSF ever given"))
    csf_last_on = PartialDateField(_("last G-CSF or GM-CSF on"))
    gilbert = Answer(_("Gilbert syndrome"))
    liver_values_from_disease = Answer(
        _("raised ALT, AST or bilirubin caused by the study disease"),
        help_text=_("Investigator's attribution; give the reason below."),
    )
    liver_values_reason = models.TextField(_("reason for the attribution"), blank=True)
    contraception_agreed = Answer(
        _("agrees to contraception until 6 months after the last study treatment")
    )
    lactating = Answer(_("lactating"))
    will_cooperate = Answer(_("good compliance, will cooperate with follow-up"))
    treatment_failure = models.CharField(
        _("failure of conventional treatment"), max_length=12, choices=Failure.choices, blank=True
    )
    liver_cirrhosis = Answer(_("liver cirrhosis"))
    marrow_disease = Answer(_("aplastic anaemia, MDS or another myeloproliferative disease"))

    required = (
        "visit",
        "assessed_on",
        "height_cm",
        "weight_kg",
        "haemodynamically_stable",
        "csf_given",
        "gilbert",
        "liver_values_from_disease",
        "contraception_agreed",
        "lactating",
        "will_cooperate",
        "treatment_failure",
        "liver_cirrhosis",
        "marrow_disease",
    )
    cdash = {
        "assessed_on": "IEDAT",
        "height_cm": "HEIGHT_VSORRES",
        "weight_kg": "WEIGHT_VSORRES",
        "haemodynamically_stable": "GEN-I-02k",
        "csf_given": "CMYN",
        "csf_last_on": "CMENDAT",
        "gilbert": "MHOCCUR",
        "liver_values_from_disease": "GEN-I-02e",
        "liver_values_reason": "COVAL",
        "contraception_agreed": "GEN-I-03a",
        "lactating": "GEN-I-03c",
        "will_cooperate": "GEN-I-04b",
        "treatment_failure": "CMRSDISC",
        "liver_cirrhosis": "GEN-E-01",
        "marrow_disease": "GEN-E-02",
    }
    constraint_fields = {"screening_csf_date_needs_csf": "csf_last_on"}

    class Meta:
        verbose_name = _("screening")
        verbose_name_plural = _("screenings")
        constraints = [
            at_most_one("screening_once_per_visit", "visit", message=ONE_PER_VISIT),
            models.CheckConstraint(
                name="screening_csf_date_needs_csf",
                condition=Q(csf_last_on="") | Q(csf_given="Y"),
                violation_error_message=_(
                    "A date stands here only if G-CSF or GM-CSF was given: answer Yes above."
                ),
            ),
        ]

    def unanswered(self) -> list[str]:
        missing = super().unanswered()
        if self.csf_given == "Y" and not self.csf_last_on and "csf_last_on" not in self.absent:
            missing.append("csf_last_on")
        if self.liver_values_from_disease == "Y" and not self.liver_values_reason.strip():
            missing.append("liver_values_reason")
        return missing
