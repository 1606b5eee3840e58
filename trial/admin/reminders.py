from typing import Any

from django.contrib import admin
from django.http import Http404
from unfold.admin import ModelAdmin

from trial.models import Delivery, Reminder


class LedgerAdmin(ModelAdmin):
    """Read-only: the engine writes the ledger."""

    actions = None

    def _get_obj_does_not_exist_redirect(self, request: Any, opts: Any, object_id: str) -> Any:
        raise Http404

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return request.user.has_perm("trial.view_participant")

    def has_module_permission(self, request: Any) -> bool:
        return self.has_view_permission(request)


@admin.register(Reminder)
class ReminderAdmin(LedgerAdmin):
    list_display = ["participant", "duty", "due_on", "kind", "recipient", "state", "sent_at"]
    list_filter = ["state", "duty", "kind"]
    list_select_related = ["participant", "recipient"]
    search_fields = ["participant__number"]
    date_hierarchy = "due_on"
    exclude = ["form"]  # the engine's; the duty says it

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).visible_to(request.user)


@admin.register(Delivery)
class DeliveryAdmin(LedgerAdmin):
    list_display = ["created_at", "recipient", "state", "attempts", "sent_at", "error"]
    list_filter = ["state"]
    list_select_related = ["recipient"]
    exclude = ["leased_until"]  # the engine's

    def get_queryset(self, request: Any) -> Any:
        rows = super().get_queryset(request)
        return rows.filter(reminders__in=Reminder.objects.visible_to(request.user)).distinct()
