from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crf.models import VisitForm
from safety.grading.result import Contradiction, Graded
from trial.models import YesNo
from trial.models.fields import not_in_future
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
        """By the rule of the subclass. Raises Contradiction for input that contradicts itself."""
        raise NotImplementedError

    def derive(self) -> None:
        try:
            found = self.grade()
        except Contradiction:
            return  # `clean` says so to the user, and nothing is stored
        self.computed_grade, self.computed_incomplete = found.grade, found.incomplete

    def clean(self) -> None:
        super().clean()
        try:
            self.grade()
        except Contradiction as problem:
            values = {k: _(v) if isinstance(v, str) else v for k, v in problem.values.items()}
            raise ValidationError(_(problem.text), code="contradiction", params=values) from None
