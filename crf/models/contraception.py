from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crf.models.base import VisitForm, not_done_reason_field, performed_field
from trial.models.fields import Answer, PartialDateField, not_in_future


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
