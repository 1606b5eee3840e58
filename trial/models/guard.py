"""The last net under `Tracked`: no statement changes a tracked table outside its write path.

`Tracked.save` and `TrackedQuerySet` refuse the usual detours early and in words. Whatever goes
past them (`save_base`, a plain or base manager, a cascade, raw SQL, `flush`) ends here, at the
connection (AUD-01, AUD-05). Only another program, with a connection of its own, can still write.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.apps import apps
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate
from django.dispatch import receiver

from trial.querysets import UntracedWrite

STATEMENT = re.compile(
    r"\s*(?P<verb>INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?(?:\s+ONLY)?"
    r"|DELETE\s+FROM(?:\s+ONLY)?|TRUNCATE(?:\s+TABLE)?)\s+(?P<tables>[^\s(;,]+(?:\s*,\s*[^\s(;,]+)*)",
    re.IGNORECASE,
)
_allowed: ContextVar[bool] = ContextVar("tracked_tables_open", default=False)


@contextmanager
def tracked_tables_open() -> Iterator[None]:
    """Let statements on tracked tables through; for the write path itself, and migrations."""
    before = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(before)


@cache
def tracked_tables() -> frozenset[str]:
    """The tables of every tracked model and of its history."""
    from trial.models.base import Tracked

    found: list[Any] = [model for model in apps.get_models() if issubclass(model, Tracked)]
    histories = [model.history.model for model in found]
    return frozenset(model._meta.db_table for model in [*found, *histories])


def refuse_untraced(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
) -> Any:
    """An execute wrapper. Raises UntracedWrite for a write to a tracked table from elsewhere."""
    if not _allowed.get() and (statement := STATEMENT.match(str(sql))):
        named = {name.strip().strip('"`[]') for name in statement["tables"].split(",")}
        if hit := named & tracked_tables():
            verb = statement["verb"].split()[0].upper()
            raise UntracedWrite(f"{verb} on {', '.join(sorted(hit))}")
    return execute(sql, params, many, context)


@receiver(connection_created)
def watch(connection: Any, **_: Any) -> None:
    """Every connection of this program is watched, once."""
    if refuse_untraced not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, refuse_untraced)


@receiver(pre_migrate)
def open_for_migrations(**_: Any) -> None:
    """Migrations change tables by statements of their own; they are reviewed as code."""
    _allowed.set(True)


@receiver(post_migrate)
def close_after_migrations(**_: Any) -> None:
    _allowed.set(False)
