"""`CrfForm`: a form filled for a participant; `VisitForm`: at a visit where it has one."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from trial import registry
from trial.models import Tracked, Visit, YesNo
from trial.models.fields import Answer, Measure, PartialDateField
from trial.models.participant import ParticipantRow


class Absent(models.TextChoices):
    """Why a value is not there; an empty field says none of these (ENT-03)."""

    NOT_DONE = "ND", _("Not done")
    UNKNOWN = "UNK", _("Unknown")
    NOT_APPLICABLE = "NAP", _("Not applicable")


class FormRow(Tracked):
    """A row of data with draft and completion, and a reason for each value that is not there.

    absent: {"weight_kg": {"code": "ND", "reason": "scale out of order"}}
    """

    drafts = True
    absent_codes: ClassVar[Sequence[tuple[str, Any]]] = Absent.choices
    absent = models.JSONField(_("values not there"), default=dict, blank=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def may_be_absent(cls, name: str) -> bool:
        """Whether the field takes an `Absent` code in place of a value: measures and dates do.

        A Yes/No question has unknown and not applicable among its answers.
        """
        field = cls._meta.get_field(name)
        kinds = (Measure, PartialDateField, models.DateField, models.IntegerField)
        return (
            bool(cls.absent_codes)
            and isinstance(field, kinds)
            and field.editable
            and field.blank
            and not field.primary_key
        )

    def unanswered(self) -> list[str]:
        return [name for name in super().unanswered() if name not in self.absent]

    def clean(self) -> None:
        super().clean()
        problems: dict[str, Any] = {}
        for name, why in self.absent.items():
            if not self.may_be_absent(name) or why.get("code") not in Absent.values:
                problems[name] = _("%(code)s cannot stand here.") % {"code": why.get("code")}
            elif getattr(self, name) not in (None, ""):
                problems[name] = _("Either a value or why there is none, not both.")
            elif why["code"] == Absent.NOT_DONE and not why.get("reason", "").strip():
                problems[name] = _("Say why it was not done.")
        if problems:
            raise ValidationError(problems)


class CrfForm(ParticipantRow, FormRow):
    """A case report form of one participant.

    A form with `performed` is complete as not performed once the reason is given.
    """

    step: ClassVar[registry.Step] = registry.Step.STUDY_DATA

    class Meta:
        abstract = True

    def unanswered(self) -> list[str]:
        if getattr(self, "performed", None) == YesNo.NO:
            return [] if getattr(self, "not_done_reason", "").strip() else ["not_done_reason"]
        return super().unanswered()

    def before_write(self, by: Any) -> None:
        super().before_write(by)
        if self._state.adding:
            registry.require(self.step, self.participant, self)
        elif self.dated_by in self.changes():
            registry.require(registry.Step.TIME, self.participant, self)


class VisitForm(CrfForm):
    """A form that may belong to a visit of the same participant."""

    visit = models.ForeignKey(Visit, models.PROTECT, null=True, blank=True, verbose_name=_("visit"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        where = f" {self.visit.scheduled.code}" if self.visit else ""
        return f"{self.participant}{where} {self._meta.verbose_name}"

    def clean(self) -> None:
        super().clean()
        if self.visit and self.participant_id not in (None, self.visit.participant_id):
            raise ValidationError(
                {
                    "visit": _(
                        "%(visit)s is a visit of another participant; "
                        "choose one of %(participant)s."
                    )
                    % {"visit": self.visit, "participant": self.participant}
                }
            )


def at_most_one(name: str, *fields: str, message: Any) -> models.UniqueConstraint:
    """One current row per combination of `fields`."""
    return models.UniqueConstraint(
        fields=fields,
        condition=models.Q(voided_at=None),
        name=name,
        violation_error_message=message,
    )


def performed_field(label: Any) -> Answer:
    """The gate question of a form that may not take place (--PERF)."""
    return Answer(label, max_length=1, choices=[("Y", _("Yes")), ("N", _("No"))])


def not_done_reason_field() -> models.CharField:
    """Why the whole form was not performed (--REASND)."""
    return models.CharField(_("reason not done"), max_length=200, blank=True)


ONE_PER_VISIT = _("This form is already there for this visit; open that one.")
ONE_PER_PARTICIPANT = _("This form is already there for this participant; open that one.")
