"""What every answer carries (content security policy), and the zone that pages are shown in."""

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

from csp.constants import SELF, UNSAFE_EVAL
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

ADMIN = "/admin/"


class ContentSecurityPolicy(CSPMiddleware):
    """Only our own scripts; the admin's Alpine builds functions from text, so only there may it."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if report_only or not request.path_info.startswith(ADMIN):
            return parts
        scripts = {"script-src": [SELF, UNSAFE_EVAL]}
        return replace(parts, update=scripts | (parts.update or {}))


class SiteZone:
    """Admin pages speak in the zone of the user's first site; nothing else is left activated.

    The page of one participant then takes that participant's site.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ADMIN):
            return self.get_response(request)
        zones = request.user.zones if request.user.is_authenticated else {}
        try:
            timezone.activate(ZoneInfo(next(iter(zones.values()), settings.TIME_ZONE)))
            return self.get_response(request)
        finally:
            timezone.deactivate()
