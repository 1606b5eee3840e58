"""Serializer fields: moments with an offset, rows of the writer's own sites."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from trial.models import Participant, ProtocolVersion, Site, Tracked, User

NAMED_BY: dict[type[Tracked], str] = {
    Participant: "number",
    ProtocolVersion: "number",
    Site: "code",
}


class Moment(serializers.DateTimeField):
    """A date-time with its offset, sent in UTC; without one it is refused, not guessed at."""

    default_error_messages = {
        "naive": _("Give the offset from UTC too, as in 2026-01-31T09:30:00+08:00.")
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default_timezone", UTC)
        super().__init__(**kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("naive")
        return super().enforce_timezone(value)


class AtMySites(serializers.RelatedField):
    """Points at rows of the user's sites; any other one "does not exist"."""

    def get_queryset(self) -> QuerySet:
        user = self.context["request"].user
        rows: Any = super().get_queryset()
        rows = rows.colleagues_of(user) if rows.model is User else rows.at_sites_of(user)
        return rows.current()


class Key(AtMySites, serializers.PrimaryKeyRelatedField):
    """A row by its id."""


class Name(AtMySites, serializers.SlugRelatedField):
    """A row by the number or code people know it by (`NAMED_BY`)."""
