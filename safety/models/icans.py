from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from safety.grading import icans
from safety.grading.result import Graded
from safety.models.assessment import Assessment, known, member, names
from trial.models.fields import Answer


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
