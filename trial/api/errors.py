"""What a refusal looks like.

400: {field: [sentences]}; what belongs to no field under "non_field_errors"; what must come first
     also under "blockers": [{"message", "form", "id"}], id null when that form is still missing
401, 403, 404, 405, 429: {"detail": sentence}
"""

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler


def handle(problem: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler, that also knows the refusals of `Tracked.write`."""
    if not isinstance(problem, ValidationError):
        return exception_handler(problem, context)
    response = exception_handler(exceptions.ValidationError(sentences(problem)), context)
    if response and (found := blockers(problem)):
        response.data["blockers"] = found
    return response


def _by_field(problem: ValidationError) -> dict[str, list[ValidationError]]:
    if hasattr(problem, "error_dict"):
        return problem.error_dict
    return {NON_FIELD_ERRORS: problem.error_list}


def sentences(problem: ValidationError) -> dict[str, list[str]]:
    """A model's refusal by field."""
    named: dict[str, str] = {NON_FIELD_ERRORS: api_settings.NON_FIELD_ERRORS_KEY}
    return {
        named.get(name, name): [text for error in errors for text in error.messages]
        for name, errors in _by_field(problem).items()
    }


def blockers(problem: ValidationError) -> list[dict[str, Any]]:
    """The forms that must come first."""
    errors = [error for errors in _by_field(problem).values() for error in errors]
    found = [(error.params or {}).get("blocker") for error in errors]
    return [{"message": b.message, "form": b.form, "id": b.object_pk} for b in found if b]
