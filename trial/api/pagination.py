import base64
import json
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param


class ByChange(BasePagination):
    """Pages in the order of change (`changed_at`, `id`), or of `id` where rows have no change time.

    The cursor is the position of the last row shown, so no row is repeated or passed over however
    many share a moment; a row that changes between two pages comes again, in its new version.
    """

    page_size = 100
    max_page_size = 1000
    parameters = ("cursor", "page_size")

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        size = self._size(request)
        self.url, self.next = request.build_absolute_uri(), None
        self.timed = any(f.name == "changed_at" for f in queryset.model._meta.concrete_fields)
        if cursor := request.query_params.get("cursor"):
            queryset = queryset.filter(self._after(cursor))
        order = ("changed_at", "pk") if self.timed else ("pk",)
        rows = list(queryset.order_by(*order)[: size + 1])
        if len(rows) > size:
            self.next = replace_query_param(self.url, "cursor", self._cursor(rows[size - 1]))
        return rows[:size]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "results": data})

    def _size(self, request: Any) -> int:
        given = request.query_params.get("page_size", str(self.page_size))
        if not (given.isdecimal() and len(given) < 10 and 1 <= int(given) <= self.max_page_size):
            message = _("%(given)s is no page size; it is 1 to %(limit)s.")
            raise ValidationError(
                {"page_size": [message % {"given": given, "limit": self.max_page_size}]}
            )
        return int(given)

    def _cursor(self, row: Any) -> str:
        position = [row.changed_at.isoformat() if self.timed else None, row.pk]
        return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")

    def _after(self, cursor: str) -> Q:
        try:
            moment, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            at = parse_datetime(moment) if self.timed else None
            if not isinstance(pk, int) or (self.timed and (at is None or at.tzinfo is None)):
                raise ValueError(cursor)
            at = at and at.astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            message = _("This is no cursor of this list; follow `next` as it was given.")
            raise ValidationError({"cursor": [message]}) from None
        return self._later(at, pk)

    def _later(self, at: datetime | None, pk: int) -> Q:
        return Q(changed_at__gt=at) | Q(changed_at=at, pk__gt=pk) if self.timed else Q(pk__gt=pk)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "format": "uri",
                    "nullable": True,
                    "description": "Address of the next page; null on the last.",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where the last page ended; taken from `next`.",
                "schema": {"type": "string"},
            },
            {
                "name": "page_size",
                "in": "query",
                "required": False,
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                },
            },
        ]
