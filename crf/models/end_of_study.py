from django.db import models
from django.utils.translation import gettext_lazy as _

from crf.models.base import ONE_PER_PARTICIPANT, CrfForm, at_most_one
from trial.models.fields import not_in_future


class EndOfStudy(CrfForm):
    """When and why the participant left the study; what is still planned is then cancelled."""

    dated_by = "ended_on"

    class Reason(models.TextChoices):
        COMPLETED = "COMPLETED", _("completed the study")
        WITHDRAWAL = "WITHDRAWAL BY SUBJECT", _("withdrawal by the participant")
        PHYSICIAN = "PHYSICIAN DECISION", _("physician's decision")
        ADVERSE_EVENT = "ADVERSE EVENT", _("adverse event")
        LOST = "LOST TO FOLLOW-UP", _("lost to follow-up")
        DEATH = "DEATH", _("death")
        OTHER = "OTHER", _("other")

    ended_on = models.DateField(
        _("last contact on"), null=True, blank=True, validators=[not_in_future]
    )
    reason = models.CharField(_("reason"), max_length=25, choices=Reason.choices, blank=True)
    detail = models.TextField(_("detail"), blank=True, help_text=_("No names, no contact data."))

    required = ("ended_on", "reason")
    cdash = {"ended_on": "DSSTDAT", "reason": "DSDECOD", "detail": "DSTERM"}

    class Meta:
        verbose_name = _("end of study")
        verbose_name_plural = _("end of study")
        constraints = [at_most_one("end_of_study_once", "participant", message=ONE_PER_PARTICIPANT)]
