"""A check constraint's condition, decided in Python.

Django would ask the database once per constraint; the database keeps its own check as the
backstop. SQL's logic holds here too: an unknown (NULL) operand makes a comparison unknown, and
an unknown condition does not refuse a row.
"""

import operator
from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Value

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "exact": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, options: value in options,
    "range": lambda value, bounds: bounds[0] <= value <= bounds[1],
}


def holds(condition: Any, row: models.Model) -> bool | None:
    """True, False, or None where a NULL keeps it open. Raises KeyError for an unknown lookup."""
    results = [
        holds(child, row) if isinstance(child, Q) else _leaf(child, row)
        for child in condition.children
    ]
    decided: bool | None
    if condition.connector == Q.AND:
        decided = False if False in results else None if None in results else True
    elif condition.connector == Q.OR:
        decided = True if True in results else None if None in results else False
    else:
        raise KeyError(condition.connector)
    return not decided if condition.negated and decided is not None else decided


def _leaf(child: Any, row: Any) -> bool | None:
    path, expected = child
    name, _, lookup = path.partition("__")
    value = _column(name, row)
    if lookup == "isnull":
        return (value is None) is expected
    if isinstance(expected, F):
        expected = _column(expected.name, row)  # type: ignore[attr-defined]
    elif isinstance(expected, Value):
        expected = expected.value
    if value is None or expected is None:
        return None
    return COMPARE[lookup or "exact"](value, expected)


def _column(name: str, row: Any) -> Any:
    field = row._meta.pk if name == "pk" else row._meta.get_field(name)
    value = getattr(row, field.attname)
    return field.to_python(value) if isinstance(value, str) else value
