"""What every page knows."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from trial.models import Study


def study(request: HttpRequest) -> dict[str, Any]:
    """The study, read once per request and only by a template that asks for it."""
    if not hasattr(request, "study"):
        request.study = SimpleLazyObject(Study.objects.the_one)  # type: ignore[attr-defined]
    return {"study": request.study}  # type: ignore[attr-defined]
