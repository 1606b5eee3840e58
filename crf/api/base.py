"""Bases of the forms' resources: a reason for each value that is not there, and completion."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crf.models import Absent
from trial.api.base import TrackedSerializer


class AbsenceSerializer(serializers.Serializer):
    code = serializers.ChoiceField(choices=Absent.choices)
    reason = serializers.CharField(
        required=False, allow_blank=True, help_text=_("Needed for ND, not done.")
    )


class FormRowSerializer(TrackedSerializer):
    absent: Any = serializers.DictField(
        child=AbsenceSerializer(),
        required=False,
        help_text=_('Why a value is not there, as in {"weight_kg": {"code": "UNK"}}.'),
    )

    def validate_absent(self, absent: dict[str, Any]) -> dict[str, Any]:
        columns = {f.name for f in self.Meta.model._meta.concrete_fields}
        if unknown := sorted(set(absent) - columns):
            raise serializers.ValidationError({name: [_("No such field.")] for name in unknown})
        return {name: dict(why) for name, why in absent.items()}


class FormSerializer(FormRowSerializer):
    complete = serializers.BooleanField(
        write_only=True,
        required=False,
        help_text=_("True: every needed answer is there; from then on a change needs a reason."),
    )


class VisitFormSerializer(FormSerializer):
    visit_code = serializers.CharField(
        source="visit.scheduled.code", read_only=True, allow_null=True
    )
