"""One history row per real change, written by one writer."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from trial.models.guard import tracked_tables_open
from trial.roles import Role, System

if TYPE_CHECKING:
    from trial.models.base import Tracked

Actor = "User | System"


class HistoryEntry(models.Model):
    """What a history row says beside the values: the actor's role then, or the process."""

    history_role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    history_process = models.CharField(_("process"), max_length=60, blank=True)

    class Meta:
        abstract = True


class Trail(HistoricalRecords):
    """django-simple-history's tables and queries; the rows come from `record` alone."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("bases", [HistoryEntry])
        kwargs.setdefault("inherit", True)
        kwargs.setdefault("history_id_field", models.BigAutoField())
        kwargs.setdefault("history_change_reason_field", models.TextField(null=True))
        super().__init__(**kwargs)

    def fields_included(self, model: Any) -> list[models.Field]:
        return [f for f in model._meta.fields if f.name not in model.untracked]

    def create_historical_record(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: a save outside `Tracked.write` is refused before it gets here."""


def tracked_fields(model: "type[Tracked]") -> list[models.Field]:
    """The columns whose changes are kept."""
    return [f for f in model._meta.concrete_fields if f.name not in model.untracked]


def record(rows: "Sequence[Tracked]", kind: str, *, by: Any, reason: str) -> None:
    """Leave one history row for each row, in one INSERT. kind: "+" created, "~" changed."""
    if not rows:
        return
    model = type(rows[0])
    history = model.history.model
    names = [f.attname for f in tracked_fields(model)]
    at = timezone.now()
    with tracked_tables_open():
        history._base_manager.bulk_create(
            history(
                history_type=kind,
                history_date=at,
                history_user=None if isinstance(by, System) else by,
                history_role=by.role,
                history_process=by.process if isinstance(by, System) else "",
                history_change_reason=reason,
                **{name: getattr(row, name) for name in names},
            )
            for row in rows
        )


def values(row: "Tracked", fields: Iterable[models.Field]) -> dict[str, Any]:
    """The row's present values by column name; columns not loaded are left out."""
    return {f.attname: row.__dict__[f.attname] for f in fields if f.attname in row.__dict__}
