from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from trial.models.fields import not_in_future
from trial.models.participant import ParticipantRow
from trial.models.protocol import ProtocolVersion


class Consent(ParticipantRow):
    """An informed consent form signed by the participant; no data before it (PRI-05)."""

    dated_by = "signed_at"

    protocol_version = models.ForeignKey(
        ProtocolVersion, models.PROTECT, related_name="+", verbose_name=_("protocol version")
    )
    icf_version = models.CharField(_("ICF version"), max_length=20)
    signed_at = models.DateTimeField(_("signed by the participant"), validators=[not_in_future])
    obtained_by = models.ForeignKey(
        "trial.User", models.PROTECT, related_name="+", verbose_name=_("obtained by")
    )
    copy_given = models.CharField(
        _("copy given to the participant"), max_length=1, choices=[("Y", _("Yes")), ("N", _("No"))]
    )

    cdash = {"signed_at": "RFICDAT RFICTIM", "icf_version": "ICFVERS"}

    class Meta:
        verbose_name = _("informed consent")
        verbose_name_plural = _("informed consents")
        ordering = ["participant", "signed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "icf_version"],
                condition=models.Q(voided_at=None),
                name="consent_once_per_icf_version",
                violation_error_message=_("Consent to this ICF version is already recorded."),
            ),
        ]

    def before_write(self, by: Any) -> None:
        super().before_write(by)
        if not self.voided_at:
            return
        others = self.participant.consent_set.current().exclude(pk=self.pk)
        if not others.exists():  # then no data may be left that rests on consent
            self.participant.check_nothing_rests_on_it(besides=("consent_set", "visit_set"))
