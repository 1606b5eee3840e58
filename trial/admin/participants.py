from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from trial.admin.base import TrackedAdmin
from trial.models import Consent, Enrolment, Participant, TreatmentCourse, Visit


@admin.register(Participant)
class ParticipantAdmin(TrackedAdmin):
    list_display = ["number", "site", "disease", "status", "casebook"]
    list_filter = ["status", "disease", "site"]
    list_select_related = ["site"]
    search_fields = ["number"]
    autocomplete_fields = ["rescreen_of"]
    computed = ["number", "status"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        fixed = ["site", "protocol_version"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    @admin.display(description=_("casebook"))
    def casebook(self, row: Participant) -> str:
        return format_html('<a href="{}">{}</a>', reverse("casebook", args=[row.number]), _("Open"))


class ParticipantRowAdmin(TrackedAdmin):
    """A page of a row about one participant."""

    autocomplete_fields = ["participant"]
    list_select_related = ["participant"]
    search_fields = ["participant__number"]
    list_filter = ["participant__site"]

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        """The search answers only who may view participants; others choose from a list."""
        may_search = request.user.has_perm("trial.view_participant")
        return super().get_autocomplete_fields(request) if may_search else []

    def get_queryset(self, request: HttpRequest) -> Any:
        related = ["participant__site", "participant__protocol_version"]
        if any(f.name == "visit" for f in self.model._meta.fields):
            related.append("visit__scheduled")
        # The list skips its own list_select_related once a queryset has relations selected.
        return super().get_queryset(request).select_related(*related, *self.list_select_related)


@admin.register(Consent)
class ConsentAdmin(ParticipantRowAdmin):
    list_display = ["participant", "icf_version", "signed_at", "obtained_by"]
    list_select_related = ["participant", "obtained_by"]


@admin.register(Enrolment)
class EnrolmentAdmin(ParticipantRowAdmin):
    list_display = ["participant", "outcome", "decided_on", "decided_by"]
    list_select_related = ["participant", "decided_by"]


@admin.register(TreatmentCourse)
class TreatmentCourseAdmin(ParticipantRowAdmin):
    list_display = [
        "participant",
        "dose_level",
        "planned_on",
        "first_infusion_on",
        "last_treatment_on",
    ]
    list_select_related = ["participant", "dose_level"]
    computed = ["first_infusion_on", "last_treatment_on"]


@admin.register(Visit)
class VisitAdmin(ParticipantRowAdmin):
    list_display = [
        "participant",
        "scheduled",
        "target_on",
        "window_first_on",
        "window_last_on",
        "state",
        "began_on",
    ]
    list_select_related = ["participant", "scheduled"]
    list_filter = ["state", "scheduled__code", "participant__site"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        planned = ["scheduled", "course", "target_on", "window_first_on", "window_last_on"]
        return [*super().get_readonly_fields(request, obj), *(planned if obj is not None else [])]

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False  # the plan comes from the protocol version
