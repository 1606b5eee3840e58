from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from trial.admin.base import TrackedAdmin, TrackedInline
from trial.models import DoseLevel, ProtocolVersion, ScheduledVisit, Study
from trial.roles import Role
from trial.services import add_default_dose_levels, add_default_schedule


@admin.register(Study)
class StudyAdmin(TrackedAdmin):
    actions_detail: list[str] = []
    list_display = ["number", "registry_id", "title", "is_demo"]


class DoseLevelInline(TrackedInline):
    model = DoseLevel
    fields = ["name", "cells_e9", "state"]


class ScheduledVisitInline(TrackedInline):
    model = ScheduledVisit
    fields = ["position", "code", "name", "anchor", "day", "early", "late", "forms"]


@admin.register(ProtocolVersion)
class ProtocolVersionAdmin(TrackedAdmin):
    inlines = [DoseLevelInline, ScheduledVisitInline]
    list_display = ["number", "effective_on", "icf_version", "confirmed_at", "confirmed_by"]
    computed = ["confirmed_at", "confirmed_by"]
    actions_detail = ["confirm_settings", "open_void"]

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """A new version without rows of its own starts from the defaults, to be confirmed."""
        super().save_related(request, form, formsets, change)
        if not change:
            add_default_schedule(form.instance, by=request.user)
            add_default_dose_levels(form.instance, by=request.user)

    @action(description=_("Confirm the settings"), permissions=["confirm"], icon="verified")
    def confirm_settings(self, request: Any, object_id: int) -> HttpResponse:
        """The medical monitor takes the defaults over as settings of the study."""
        if not self.has_confirm_permission(request, object_id):
            raise PermissionDenied
        version = self._row(request, str(object_id))
        if request.method != "POST":  # a link alone, from a mail say, confirms nothing
            title = {"title": _("Confirm the settings of version %s") % version}
            return self._page(request, "admin/confirm.html", version, title)
        version.confirmed_by, version.confirmed_at = request.user, timezone.now()
        version.write(by=request.user, reason="Settings confirmed")
        messages.success(request, _("The settings are confirmed."))
        return HttpResponseRedirect(reverse("admin:trial_protocolversion_change", args=[object_id]))

    def has_confirm_permission(self, request: Any, object_id: Any = None) -> bool:
        return getattr(request.user, "role", None) == Role.MEDICAL_MONITOR


@admin.register(DoseLevel)
class DoseLevelAdmin(TrackedAdmin):
    list_display = ["name", "cells_e9", "state", "protocol_version"]
    list_select_related = ["protocol_version"]
    list_filter = ["state"]


@admin.register(ScheduledVisit)
class ScheduledVisitAdmin(TrackedAdmin):
    list_display = ["code", "name", "anchor", "day", "early", "late", "protocol_version"]
    list_select_related = ["protocol_version"]
