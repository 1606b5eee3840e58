"""A row's history as people read it: who, in which role, when, why, and what became what.

Source: ICH E6(R3) 4.2.2; compliance AUD-03 (old and new value), AUD-07 (decoded as well as coded).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from trial.models import Tracked, User
from trial.models.fields import trimmed
from trial.models.history import tracked_fields
from trial.roles import Role

EMPTY: tuple[Any, ...] = (None, "", {}, [])


class Kind(models.TextChoices):
    """What happened to the row."""

    CREATED = "created", _("created")
    CHANGED = "changed", _("changed")
    COMPLETED = "completed", _("completed")
    VOIDED = "voided", _("voided")


@dataclass(frozen=True)
class Change:
    """One field before and after: as stored, and as people read it ("" is empty).

    Moments read in the current time zone, with its offset.
    """

    field: str
    label: str
    old_value: Any
    new_value: Any
    old: str = ""
    new: str = ""


@dataclass(frozen=True)
class Entry:
    """One write of a row. actor: full name, or the name of the process."""

    row: str
    at: datetime
    actor: str
    actor_id: int | None
    role: Role
    reason: str
    kind: Kind
    changes: list[Change]


def changes_between(newer: Any, older: Any, fields: Iterable[models.Field]) -> list[Change]:
    """The fields whose stored value differs; `older` is None for the first row.

    Two ways to be empty (NULL and blank text) are no difference.
    """
    found = []
    for field in fields:
        old = getattr(older, field.attname) if older is not None else None
        new = getattr(newer, field.attname)
        if old != new and not (old in EMPTY and new in EMPTY):
            found.append(Change(field.name, str(field.verbose_name), old, new))
    return found


def timeline(*instances: Tracked) -> list[Entry]:
    """Every write of `instances`, rows of one model, the latest first.

    One query for the history and one per model that its changes point at.
    """
    if not instances:
        return []
    model: Any = type(instances[0])
    fields = {f.name: f for f in tracked_fields(model) if not f.primary_key}
    texts = {instance.pk: str(instance) for instance in instances}
    key = model._meta.pk.attname
    found_rows = model.history.filter(**{f"{key}__in": texts})
    rows = list(found_rows.select_related("history_user").order_by(key, "history_id"))
    olders = [
        older if older is not None and getattr(older, key) == getattr(row, key) else None
        for older, row in zip([None, *rows], rows, strict=False)
    ]
    changes = [
        changes_between(newer, older, fields.values())
        for older, newer in zip(olders, rows, strict=True)
    ]
    names = _names([(fields[change.field], change) for found in changes for change in found])
    entries = [
        Entry(
            row=texts[getattr(row, key)],
            at=row.history_date,
            actor=str(row.history_user) if row.history_user_id else row.history_process,
            actor_id=row.history_user_id,
            role=Role(row.history_role),
            reason=row.history_change_reason or "",
            kind=_kind(row, older),
            changes=[_decoded(change, fields[change.field], names, fields) for change in found],
        )
        for older, row, found in zip(olders, rows, changes, strict=True)
    ]
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def _kind(row: Any, older: Any) -> Kind:
    if older is None:
        return Kind.CREATED
    if row.voided_at and not older.voided_at:
        return Kind.VOIDED
    if row.completed_at and not older.completed_at:
        return Kind.COMPLETED
    return Kind.CHANGED


Names = dict[type[models.Model], dict[Any, str]]


def _names(changes: list[tuple[Any, Change]]) -> Names:
    """The names of all rows that the changes point at, by model and primary key."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for field, change in changes:
        if field.is_relation:
            wanted[field.related_model] |= {change.old_value, change.new_value} - {None}
    return {model: _texts(model, keys) for model, keys in wanted.items()}


def _texts(model: type[models.Model], keys: set[Any]) -> dict[Any, str]:
    rows: models.QuerySet[Any] = models.QuerySet(model).filter(pk__in=keys)
    return {row.pk: str(row) for row in rows.select_related(*_what_a_name_needs(model))}


def _what_a_name_needs(model: Any) -> list[str]:
    """Relations one and two steps away: a sample's name holds its visit's code."""
    if model is User:
        return []
    near = [f for f in model._meta.concrete_fields if f.is_relation]
    far = [
        f"{f.name}__{g.name}"
        for f in near
        for g in f.related_model._meta.concrete_fields
        if g.is_relation and not g.null
    ]
    return [f.name for f in near] + far


def _decoded(change: Change, field: Any, names: Names, fields: dict[str, Any]) -> Change:
    def text(value: Any) -> str:
        if value in EMPTY:
            return ""
        if field.is_relation:
            return names[field.related_model].get(value, str(value))
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        return shown(value, fields)

    return Change(
        change.field,
        change.label,
        change.old_value,
        change.new_value,
        text(change.old_value),
        text(change.new_value),
    )


def shown(value: Any, fields: dict[str, Any]) -> str:
    """A stored value as text; a moment carries its offset, a reason stands at its field's label."""
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, Decimal):
        return str(trimmed(value))
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(
            f"{fields[name].verbose_name if name in fields else name}: "
            + (" ".join(map(str, why.values())) if isinstance(why, dict) else str(why))
            for name, why in value.items()
        )
    return str(value)
