"""How a row's history is sent."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from trial.api.fields import Moment
from trial.audit import Kind
from trial.models.fields import trimmed
from trial.roles import Role


@extend_schema_field({})  # whatever the column holds
class Stored(serializers.Field):
    """A value as it is stored: a decimal as text, a moment in UTC."""

    def to_representation(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            return str(trimmed(value))
        return Moment().to_representation(value) if isinstance(value, datetime) else value


class ChangeSerializer(serializers.Serializer):
    """One field before and after, as people read it and as it is stored."""

    field = serializers.CharField()
    label: Any = serializers.CharField()
    old = serializers.CharField()
    new = serializers.CharField()
    old_value = Stored()
    new_value = Stored()


class EntrySerializer(serializers.Serializer):
    """One write of a row."""

    at = Moment()
    actor = serializers.CharField(help_text=_("Full name, or the name of the process."))
    role = serializers.ChoiceField(choices=Role.choices)
    reason = serializers.CharField()
    type = serializers.ChoiceField(choices=Kind.choices, source="kind")
    changes: Any = ChangeSerializer(many=True)
