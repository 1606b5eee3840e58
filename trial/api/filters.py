"""What a list can be asked for; every filter narrows what `visible_to` leaves."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from rest_framework.exceptions import ErrorDetail

from trial.api.fields import Moment
from trial.models import Participant, Reminder, Visit
from trial.protocol.facts import Disease


class MomentInput(forms.CharField):
    """An ISO date-time with its offset."""

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return Moment().to_internal_value(text)
        except Exception as problem:
            raise forms.ValidationError(_sentences(problem)) from None


def _sentences(problem: Any) -> list[str]:
    details: list[ErrorDetail] = getattr(problem, "detail", [])
    return [
        *map(str, details),
        str(_("In an address the + of an offset is written %%2B.")),
    ]


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentInput


class TrackedFilter(filters.FilterSet):
    """Filters that every tracked resource has."""

    changed_since = MomentFilter(
        "changed_at", "gt", help_text=_("Changed after this moment, given with its offset.")
    )
    voided = filters.TypedChoiceFilter(
        field_name="voided_at",
        lookup_expr="isnull",
        exclude=True,
        choices=[("true", _("yes")), ("false", _("no"))],
        coerce=lambda text: text == "true",
    )


class ParticipantRowFilter(TrackedFilter):
    participant = filters.CharFilter("participant__number", help_text=_("Participant number."))
    site = filters.CharFilter("participant__site__code", help_text=_("Site code."))


class FormFilter(ParticipantRowFilter):
    state = filters.ChoiceFilter(
        method="in_state",
        choices=[("draft", _("draft")), ("complete", _("complete")), ("voided", _("voided"))],
    )

    def in_state(self, rows: QuerySet, _name: str, state: str) -> QuerySet:
        if state == "voided":
            return rows.exclude(voided_at=None)
        return rows.filter(voided_at=None, completed_at__isnull=state == "draft")


class VisitFormFilter(FormFilter):
    visit = filters.CharFilter("visit__scheduled__code", help_text=_("Visit code, as in D28."))


class ParticipantFilter(TrackedFilter):
    number = filters.CharFilter("number")
    site = filters.CharFilter("site__code", help_text=_("Site code."))
    disease = filters.ChoiceFilter(choices=[(d.name, _(d.value)) for d in Disease])
    status = filters.ChoiceFilter(choices=Participant.Status.choices)


class VisitFilter(ParticipantRowFilter):
    visit = filters.CharFilter("scheduled__code", help_text=_("Visit code, as in D28."))
    state = filters.ChoiceFilter(choices=Visit.State.choices)
    status = filters.ChoiceFilter(
        choices=list(Visit.STATUS.items()), help_text=_("What the state means today.")
    )
    due_before = filters.DateFilter("target_on", "lt", help_text=_("Target date before this day."))


class OfVersionFilter(TrackedFilter):
    protocol_version = filters.CharFilter(
        "protocol_version__number", help_text=_("Number of the protocol version.")
    )


class ReminderFilter(filters.FilterSet):
    participant = filters.CharFilter("participant__number", help_text=_("Participant number."))
    site = filters.CharFilter("site__code", help_text=_("Site code."))
    state = filters.ChoiceFilter(choices=Reminder.State.choices)
    duty = filters.ChoiceFilter(choices=Reminder.Duty.choices)
    due_before = filters.DateFilter("due_on", "lt", help_text=_("Due before this day."))
