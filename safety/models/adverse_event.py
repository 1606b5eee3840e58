from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crf.models import CrfForm
from trial.models import YesNo
from trial.models.fields import Answer, PartialDateField
from trial.roles import Area
from trial.schedule import partial

SERIOUS_CRITERIA = (
    "serious_death",
    "serious_life_threatening",
    "serious_hospitalisation",
    "serious_disability",
    "serious_congenital",
    "serious_other",
)


class AdverseEvent(CrfForm):
    """An untoward medical occurrence in one participant (ICH E2A)."""

    area = Area.SAFETY

    class Relatedness(models.TextChoices):
        UNRELATED = "NOT RELATED", _("unrelated")
        UNLIKELY = "UNLIKELY RELATED", _("unlikely")
        POSSIBLE = "POSSIBLY RELATED", _("possible")
        PROBABLE = "PROBABLY RELATED", _("probable")
        DEFINITE = "RELATED", _("definite")
        UNDETERMINED = "UNDETERMINED", _("cannot be determined")

    class Action(models.TextChoices):
        NOT_CHANGED = "DOSE NOT CHANGED", _("none")
        DELAYED = "DOSE DELAYED", _("delayed")
        INTERRUPTED = "DRUG INTERRUPTED", _("interrupted")
        REDUCED = "DOSE REDUCED", _("dose reduced")
        WITHDRAWN = "DRUG WITHDRAWN", _("withdrawn")
        NOT_APPLICABLE = "NOT APPLICABLE", _("not applicable")
        UNKNOWN = "UNKNOWN", _("unknown")

    class Outcome(models.TextChoices):
        RECOVERED = "RECOVERED/RESOLVED", _("recovered")
        RECOVERING = "RECOVERING/RESOLVING", _("recovering")
        NOT_RECOVERED = "NOT RECOVERED/NOT RESOLVED", _("not recovered")
        SEQUELAE = "RECOVERED/RESOLVED WITH SEQUELAE", _("recovered with sequelae")
        FATAL = "FATAL", _("fatal")
        UNKNOWN = "UNKNOWN", _("unknown")

    term = models.CharField(
        _("event"), max_length=200, help_text=_("In the investigator's words; no names.")
    )
    grade = models.PositiveSmallIntegerField(
        _("CTCAE v5.0 grade"),
        null=True,
        blank=True,
        choices=[
            (1, _("1 mild")),
            (2, _("2 moderate")),
            (3, _("3 severe")),
            (4, _("4 life-threatening")),
            (5, _("5 death")),
        ],
    )
    began_on = PartialDateField(_("began on"))
    ongoing = Answer(_("ongoing"))
    ended_on = PartialDateField(_("ended on"))
    serious = Answer(_("serious"))
    serious_death = Answer(_("results in death"))
    serious_life_threatening = Answer(_("life-threatening"))
    serious_hospitalisation = Answer(_("hospitalisation or its prolongation"))
    serious_disability = Answer(_("disability or incapacity"))
    serious_congenital = Answer(_("congenital anomaly or birth defect"))
    serious_other = Answer(_("another medically important event"))
    related_to_product = models.CharField(
        _("related to CAR-NK cells"), max_length=20, choices=Relatedness.choices, blank=True
    )
    related_to_lymphodepletion = models.CharField(
        _("related to lymphodepletion"), max_length=20, choices=Relatedness.choices, blank=True
    )
    action_taken = models.CharField(
        _("action with CAR-NK cells"), max_length=20, choices=Action.choices, blank=True
    )
    treated = Answer(_("treatment given for the event"))
    outcome = models.CharField(_("outcome"), max_length=35, choices=Outcome.choices, blank=True)

    required = (
        "term",
        "grade",
        "began_on",
        "ongoing",
        "serious",
        "related_to_product",
        "related_to_lymphodepletion",
        "action_taken",
        "treated",
        "outcome",
    )
    cdash = {
        "term": "AETERM",
        "grade": "AETOXGR",
        "began_on": "AESTDAT",
        "ongoing": "AEONGO",
        "ended_on": "AEENDAT",
        "serious": "AESER",
        "serious_death": "AESDTH",
        "serious_life_threatening": "AESLIFE",
        "serious_hospitalisation": "AESHOSP",
        "serious_disability": "AESDISAB",
        "serious_congenital": "AESCONG",
        "serious_other": "AESMIE",
        "related_to_product": "AEREL",
        "related_to_lymphodepletion": "AERELLD",
        "action_taken": "AEACN",
        "treated": "AECONTRT",
        "outcome": "AEOUT",
    }
    constraint_fields = {"ae_grade_1_to_5": "grade", "ae_ongoing_has_no_end": "ended_on"}

    class Meta:
        verbose_name = _("adverse event")
        verbose_name_plural = _("adverse events")
        ordering = ["participant", "-began_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="ae_grade_1_to_5",
                condition=Q(grade__range=(1, 5)),
                violation_error_message=_("The grade is 1 to 5 (CTCAE v5.0)."),
            ),
            models.CheckConstraint(
                name="ae_ongoing_has_no_end",
                condition=~Q(ongoing="Y") | Q(ended_on=""),
                violation_error_message=_("An ongoing event has no end date."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant} {self.term}" + (f" G{self.grade}" if self.grade else "")

    def unanswered(self) -> list[str]:
        missing = super().unanswered()
        if self.ongoing == YesNo.NO and not self.ended_on and "ended_on" not in self.absent:
            missing.append("ended_on")
        if self.serious == YesNo.YES:
            missing += [name for name in SERIOUS_CRITERIA if not getattr(self, name)]
        return missing

    def clean(self) -> None:
        super().clean()
        problems: dict[str, Any] = {}
        if self._dates_contradict():
            problems["ended_on"] = _("The end, %(end)s, lies before the beginning, %(begin)s.") % {
                "end": self.ended_on,
                "begin": self.began_on,
            }
        signs_of_death = {
            "grade": self.grade == 5,
            "outcome": self.outcome == self.Outcome.FATAL,
            "serious_death": self.serious_death == YesNo.YES,
        }
        answered = {
            "grade": self.grade,
            "outcome": self.outcome,
            "serious_death": self.serious_death,
        }
        if any(signs_of_death.values()):
            for name, says_death in signs_of_death.items():
                if answered[name] and not says_death:
                    problems[name] = _(
                        "Grade 5, outcome fatal and serious for death belong together: "
                        "correct the one that is wrong."
                    )
        if self.serious == YesNo.NO and any(
            getattr(self, n) == YesNo.YES for n in SERIOUS_CRITERIA
        ):
            problems["serious"] = _("One of the criteria below is met: the event is serious.")
        if problems:
            raise ValidationError(problems)

    def _dates_contradict(self) -> bool:
        if not (self.began_on and self.ended_on):
            return False
        try:
            return partial.cannot_end_before(self.began_on, self.ended_on)
        except ValueError:
            return False  # the field itself says what is wrong with the text
