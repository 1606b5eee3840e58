from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial import registry
from trial.models.fields import not_in_future
from trial.models.participant import ParticipantRow
from trial.protocol.criteria import CRITERIA
from trial.roles import Role

DECISION = {"outcome", "decided_on"}  # what the gates before enrolment look at
INVESTIGATORS = (Role.INVESTIGATOR, Role.SUB_INVESTIGATOR)


class Enrolment(ParticipantRow):
    """The investigator's decision: enrolled, or a screen failure with its criteria."""

    dated_by = "decided_on"

    class Outcome(models.TextChoices):
        ENROLLED = "ENROLLED", _("enrolled: every criterion is met")
        SCREEN_FAILURE = "SCREEN_FAILURE", _("screen failure")

    outcome = models.CharField(_("decision"), max_length=20, choices=Outcome.choices)
    decided_on = models.DateField(_("decided on"), validators=[not_in_future])
    decided_by = models.ForeignKey(
        "trial.User", models.PROTECT, related_name="+", verbose_name=_("decided by (investigator)")
    )
    failed_criteria = models.CharField(
        _("criteria not met"),
        max_length=200,
        blank=True,
        help_text=_("Codes of the protocol, separated by spaces, as in GEN-I-02b PSS-I-02."),
    )
    reason = models.TextField(
        _("other reason"), blank=True, help_text=_("No names, no contact data.")
    )

    cdash = {"outcome": "IEYN", "failed_criteria": "IETESTCD", "decided_on": "DSSTDAT"}
    constraint_fields = {"enrolled_fails_no_criterion": "failed_criteria"}

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=Q(voided_at=None),
                name="enrolment_once",
                violation_error_message=_(
                    "The enrolment decision is already recorded; change that one."
                ),
            ),
            models.CheckConstraint(
                name="enrolled_fails_no_criterion",
                condition=Q(outcome="SCREEN_FAILURE") | Q(failed_criteria=""),
                violation_error_message=_(
                    "Who fails a criterion cannot be enrolled; there are no waivers."
                ),
            ),
        ]

    def clean(self) -> None:
        known = {criterion.code for criterion in CRITERIA}
        if unknown := [code for code in self.failed_criteria.split() if code not in known]:
            raise ValidationError(
                {
                    "failed_criteria": _("%(codes)s: no criterion of the protocol has this code.")
                    % {"codes": ", ".join(unknown)}
                }
            )
        if self.outcome == self.Outcome.SCREEN_FAILURE and not (
            self.failed_criteria or self.reason
        ):
            raise ValidationError(
                {"failed_criteria": _("Name the criteria not met, or give another reason.")}
            )

    def before_write(self, by: Any) -> None:
        super().before_write(by)
        self._check_decision()
        if self.outcome == self.Outcome.ENROLLED and DECISION & set(self.changes()):
            registry.require(registry.Step.ENROLMENT, self.participant, self)
        elif self._state.adding:
            registry.require(registry.Step.STUDY_DATA, self.participant, self)

    def _check_decision(self) -> None:
        """By an investigator of the site, and not before consent."""
        site = self.participant.site_id
        if self.decided_by.role not in INVESTIGATORS or site not in self.decided_by.site_ids:
            raise ValidationError(
                {
                    "decided_by": _("%(person)s is no investigator with a current delegation here.")
                    % {"person": self.decided_by}
                }
            )
        consent = self.participant.consent_set.current().order_by("signed_at").first()
        signed_on = consent and consent.signed_at.astimezone(self.zone).date()
        if signed_on and self.decided_on < signed_on:
            raise ValidationError(
                {
                    "decided_on": _("Consent was signed on %(day)s; the decision comes after it.")
                    % {"day": signed_on}
                }
            )
        if self.voided_at and self.participant.treatmentcourse_set.current().exists():
            raise ValidationError(_("A treatment course rests on this decision: void that first."))
