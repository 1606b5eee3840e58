from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crf.models import VisitForm
from safety.grading import crs, icans
from safety.grading.result import Graded
from trial.models import YesNo
from trial.models.fields import Answer, Measure, not_in_future
from trial.roles import Area

KNOWN: dict[str, bool] = {YesNo.YES: True, YesNo.NO: False}


def known(answer: str) -> bool | None:
    """True, False, or None for an answer that does not tell."""
    return KNOWN.get(answer)


def names(enum: Any) -> list[tuple[str, Any]]:
    """Choices that store the enum's names."""
    return [(member.name, _(member.value)) for member in enum]


def member(enum: Any, name: str) -> Any:
    """The enum's member of a stored name; None when the question is open."""
    return enum[name] if name else None


class Assessment(VisitForm):
    """A graded finding at one moment; the computed grade stands beside the investigator's."""

    dated_by = "assessed_at"
    area = Area.SAFETY

    assessed_at = models.DateTimeField(
        _("assessed"), null=True, blank=True, validators=[not_in_future]
    )
    computed_grade = models.PositiveSmallIntegerField(
        _("computed ASTCT grade"), null=True, editable=False
    )
    computed_incomplete = models.BooleanField(
        _("more input could raise the grade"), default=False, editable=False
    )
    rule_version = models.CharField(_("rule version"), max_length=30, editable=False)
    investigator_grade = models.PositiveSmallIntegerField(
        _("investigator's grade"),
        null=True,
        blank=True,
        choices=[(0, _("0 none")), (1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, _("5 death"))],
    )

    class Meta:
        abstract = True

    def grade(self) -> Graded:
        """By the rule of the subclass. Raises ValueError for input that contradicts itself."""
        raise NotImplementedError

    def derive(self) -> None:
        try:
            found = self.grade()
        except ValueError:
            return  # `clean` says so to the user, and nothing is stored
        self.computed_grade, self.computed_incomplete = found.grade, found.incomplete

    def clean(self) -> None:
        super().clean()
        try:
            self.grade()
        except ValueError as problem:
            raise ValidationError(str(problem), code="contradiction") from None


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


def ice_item(label: Any) -> models.PositiveSmallIntegerField:
    """One of the ten ICE items: 1 point or 0; not done stays empty with a code."""
    return models.PositiveSmallIntegerField(
        label, null=True, blank=True, choices=[(1, _("1 right")), (0, _("0 wrong"))]
    )


ICE_ITEMS = (
    "orientation_year",
    "orientation_month",
    "orientation_city",
    "orientation_hospital",
    "names_object_1",
    "names_object_2",
    "names_object_3",
    "follows_command",
    "writes_sentence",
    "counts_backwards",
)


class ICANSAssessment(Assessment):
    """Neurotoxicity at one moment, ASTCT 2019, with the ten ICE items."""

    orientation_year = ice_item(_("knows the year"))
    orientation_month = ice_item(_("knows the month"))
    orientation_city = ice_item(_("knows the city"))
    orientation_hospital = ice_item(_("knows the hospital"))
    names_object_1 = ice_item(_("names object 1"))
    names_object_2 = ice_item(_("names object 2"))
    names_object_3 = ice_item(_("names object 3"))
    follows_command = ice_item(_("follows a simple command"))
    writes_sentence = ice_item(_("writes a standard sentence"))
    counts_backwards = ice_item(_("counts backwards from 100 by 10"))
    ice = models.PositiveSmallIntegerField(_("ICE score"), null=True, editable=False)
    consciousness = models.CharField(
        _("level of consciousness"), max_length=25, blank=True, choices=names(icans.Consciousness)
    )
    seizure = models.CharField(
        _("seizure"), max_length=20, blank=True, choices=names(icans.Seizure)
    )
    motor_weakness = Answer(_("deep focal motor weakness"))
    oedema = models.CharField(
        _("raised intracranial pressure or cerebral oedema"),
        max_length=25,
        blank=True,
        choices=names(icans.Oedema),
    )

    required = (
        "assessed_at",
        *ICE_ITEMS,
        "consciousness",
        "seizure",
        "motor_weakness",
        "oedema",
        "investigator_grade",
    )
    cdash = dict.fromkeys(
        (*ICE_ITEMS, "consciousness", "seizure", "motor_weakness", "oedema", "investigator_grade"),
        "FAORRES",
    ) | {"assessed_at": "FADAT FATIM"}

    class Meta:
        verbose_name = _("ICANS assessment")
        verbose_name_plural = _("ICANS assessments")
        ordering = ["participant", "-assessed_at"]

    def derive(self) -> None:
        self.ice = icans.ice_score(**{name: getattr(self, name) for name in ICE_ITEMS})
        super().derive()
        self.rule_version = icans.RULE_VERSION

    def grade(self) -> Graded:
        return icans.icans_grade(
            ice=self.ice,
            consciousness=member(icans.Consciousness, self.consciousness),
            seizure=member(icans.Seizure, self.seizure),
            motor_weakness=known(self.motor_weakness),
            oedema=member(icans.Oedema, self.oedema),
        )
