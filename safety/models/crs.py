from django.db import models
from django.utils.translation import gettext_lazy as _

from safety.grading import crs
from safety.grading.result import Graded
from safety.models.assessment import Assessment, known, member, names
from trial.models.fields import Answer, Measure


class CRSAssessment(Assessment):
    """Cytokine release syndrome at one moment, ASTCT 2019."""

    temperature_c = Measure(_("temperature, °C"), unit="C", at_least="30", at_most="44")
    masked = Answer(_("antipyretic, anticytokine therapy or steroid given in this episode"))
    hypotension = Answer(_("hypotension, not due to another cause"))
    vasopressors = models.PositiveSmallIntegerField(
        _("vasopressors at the same time, vasopressin not counted"), null=True, blank=True
    )
    vasopressin = Answer(_("vasopressin"))
    oxygen = models.CharField(
        _("oxygen for hypoxia, not due to another cause"),
        max_length=20,
        blank=True,
        choices=names(crs.OxygenDevice),
    )
    flow_l_per_min = Measure(_("oxygen flow, L/min"), unit="L/min", at_least="0", at_most="80")

    required = (
        "assessed_at",
        "temperature_c",
        "masked",
        "hypotension",
        "vasopressors",
        "vasopressin",
        "oxygen",
        "investigator_grade",
    )
    cdash = {
        "assessed_at": "FADAT FATIM",
        "temperature_c": "TEMP_VSORRES",
        "hypotension": "FAORRES",
        "oxygen": "FAORRES",
        "flow_l_per_min": "FAORRES",
        "investigator_grade": "FAORRES",
        "masked": "FAORRES",
        "vasopressors": "FAORRES",
        "vasopressin": "FAORRES",
    }

    class Meta:
        verbose_name = _("CRS assessment")
        verbose_name_plural = _("CRS assessments")
        ordering = ["participant", "-assessed_at"]

    def derive(self) -> None:
        super().derive()
        self.rule_version = crs.RULE_VERSION

    def grade(self) -> Graded:
        return crs.crs_grade(
            temperature_c=self.temperature_c,
            masked=known(self.masked),
            hypotension=known(self.hypotension),
            vasopressors=self.vasopressors,
            vasopressin=known(self.vasopressin),
            oxygen=member(crs.OxygenDevice, self.oxygen),
            flow_l_per_min=self.flow_l_per_min,
        )

    def unanswered(self) -> list[str]:
        missing = super().unanswered()
        cannula = self.oxygen == crs.OxygenDevice.NASAL_CANNULA.name
        if cannula and self.flow_l_per_min is None and "flow_l_per_min" not in self.absent:
            missing.append("flow_l_per_min")
        return missing
