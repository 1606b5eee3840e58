import inspect
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from trial.models.fields import Measure


class FormSchema(AutoSchema):
    """Each field also says its CDASH name, its unit and its limits; a form says what it is."""

    def get_description(self) -> str:  # type: ignore[override]
        view: Any = self.view
        if getattr(view, "action", "") in ("list", "retrieve"):
            own = type(view).__dict__.get("__doc__")
            return inspect.cleandoc(own or view.queryset.model.__doc__)
        return super().get_description()

    def _get_serializer_field_meta(self, field: Any, direction: str) -> dict[str, Any]:
        meta = super()._get_serializer_field_meta(field, direction)
        if isinstance(field, serializers.Field) and (facts := facts_of(field)):
            words = [meta["description"]] if meta.get("description") else []
            words += [f"{NAMES[key]}: {value}." for key, value in facts.items()]
            meta |= facts | {"description": " ".join(map(str, words))}
        return meta


NAMES = {
    "x-cdash": "CDASH",
    "x-unit": _("Unit"),
    "x-minimum": _("At least"),
    "x-maximum": _("At most"),
}


def facts_of(field: serializers.Field) -> dict[str, str]:
    """What a model says about the field beyond its type."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    if model is None or not field.source:
        return {}
    facts = {"x-cdash": getattr(model, "cdash", {}).get(field.source)}
    columns = {f.name: f for f in model._meta.concrete_fields}
    column = columns.get(field.source)
    if isinstance(column, Measure):
        facts |= {
            "x-unit": column.unit,
            "x-minimum": column.at_least,
            "x-maximum": column.at_most,
        }
    return {key: value for key, value in facts.items() if value}
