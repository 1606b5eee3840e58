from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crf.models.base import ONE_PER_PARTICIPANT, CrfForm, at_most_one
from trial.models import YesNo
from trial.models.fields import Answer, not_in_future

EXCLUDED = (YesNo.NO, YesNo.NOT_APPLICABLE)  # all else, no answer too, may be pregnant


class Demographics(CrfForm):
    """Birth date, sex, and childbearing potential, which asks for HCG and contraception checks."""

    class Sex(models.TextChoices):
        FEMALE = "F", _("Female")
        MALE = "M", _("Male")
        INTERSEX = "INTERSEX", _("Intersex")
        UNKNOWN = "U", _("Unknown")

    class Race(models.TextChoices):
        ASIAN = "ASIAN", _("Asian")
        WHITE = "WHITE", _("White")
        BLACK = "BLACK OR AFRICAN AMERICAN", _("Black or African American")
        OTHER = "OTHER", _("Other")
        NOT_REPORTED = "NOT REPORTED", _("Not reported")
        UNKNOWN = "UNKNOWN", _("Unknown")

    birth_on = models.DateField(
        _("birth date"),
        null=True,
        blank=True,
        validators=[not_in_future],
        help_text=_("Needed in full: the protocol limits age to 18 to 65 years."),
    )
    sex = models.CharField(_("sex"), max_length=10, choices=Sex.choices, blank=True)
    race = models.CharField(_("race"), max_length=30, choices=Race.choices, blank=True)
    childbearing = Answer(
        _("woman of childbearing potential"),
        help_text=_("The investigator's judgement. Yes starts HCG tests and contraception checks."),
    )
    partner_childbearing = Answer(
        _("partner of childbearing potential (men)"),
        help_text=_("Yes starts contraception checks."),
    )

    required = ("birth_on", "sex", "race", "childbearing", "partner_childbearing")
    cdash = {
        "birth_on": "BRTHDAT",
        "sex": "SEX",
        "race": "RACE",
        "childbearing": "SCORRES",
        "partner_childbearing": "SCORRES",
    }

    class Meta:
        verbose_name = _("demographics")
        verbose_name_plural = _("demographics")
        constraints = [at_most_one("demographics_once", "participant", message=ONE_PER_PARTICIPANT)]

    def clean(self) -> None:
        super().clean()
        if self.sex == self.Sex.MALE and self.childbearing == YesNo.YES:
            raise ValidationError({"childbearing": _("For a man this is Not applicable.")})
        if self.sex == self.Sex.FEMALE and self.partner_childbearing == YesNo.YES:
            raise ValidationError(
                {"partner_childbearing": _("For a woman this is Not applicable.")}
            )

    @property
    def hcg_needed(self) -> bool:
        """Whether HCG tests are due; unknown and not answered are not no."""
        return self.childbearing not in EXCLUDED

    @property
    def contraception_needed(self) -> bool:
        """Whether contraception is checked: of the participant, or of a man's partner."""
        return self.hcg_needed or self.partner_childbearing not in EXCLUDED
