"""Pages beside the form of one row: its history, and voiding it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from trial.audit import Entry, timeline


class VoidForm(forms.Form):
    reason = forms.CharField(
        label=_("Why is this voided?"),
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("No names, no contact data."),
    )


class RowPages:
    """For a model admin: `history/` and `void/` of one row."""

    actions_detail = ["open_void"]

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.void_view)  # type: ignore[attr-defined]
        void = path("<path:object_id>/void/", page, name=f"{self._name}_void")
        return [void, *super().get_urls()]  # type: ignore[misc]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Every change of one row, newest first: who, in which role, when, why, old and new."""
        obj = self._row(request, object_id)
        context = {
            "title": _("History: %s") % obj,
            "entries": self._entries(obj),
            "object_name": str(obj),
            "zone": timezone.get_current_timezone(),
        }
        return self._page(request, "admin/history.html", obj, context | (extra_context or {}))

    def _entries(self, obj: Any) -> list[Entry]:
        """What was written of the row and of the rows on its page, the latest first."""
        entries = timeline(obj)
        for inline in self.inlines:  # type: ignore[attr-defined]
            model: Any = inline.model
            owner = next(f for f in model._meta.fields if f.related_model is type(obj))
            entries += timeline(*model._base_manager.filter(**{owner.name: obj}))
        return sorted(entries, key=lambda entry: entry.at, reverse=True)

    @action(description=_("Void"), icon="block", permissions=["void"], url_path="open-void")
    def open_void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse(f"admin:{self._name}_void", args=[object_id]))

    def has_void_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Not for rows whose page has no such button, as accounts, which are disabled."""
        offered = "open_void" in self.actions_detail
        return offered and self.has_change_permission(request)  # type: ignore[attr-defined]

    def void_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then take the row out of the record; what `write` refuses is said here."""
        obj = self._row(request, object_id)
        if not self.has_void_permission(request):
            raise PermissionDenied
        form = VoidForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                obj.void(by=request.user, reason=form.cleaned_data["reason"])
            except ValidationError as problem:
                form.add_error(None, problem.messages)
            else:
                messages.success(request, _("%s is voided.") % obj)
                return HttpResponseRedirect(reverse(f"admin:{self._name}_change", args=[object_id]))
        return self._page(
            request, "admin/void.html", obj, {"title": _("Void: %s") % obj, "form": form}
        )

    @property
    def _name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"  # type: ignore[attr-defined]

    def _row(self, request: HttpRequest, object_id: str) -> Any:
        """The row, visible to the user, in the zone of its site. Raises Http404."""
        admin: Any = self
        obj = admin.get_object(request, object_id)
        if obj is None:
            raise Http404
        if not admin.has_view_permission(request, obj):
            raise PermissionDenied
        admin.enter(request, object_id)
        return obj

    def _page(
        self, request: HttpRequest, template: str, obj: Any, context: dict[str, Any]
    ) -> HttpResponse:
        admin: Any = self
        shared = admin.admin_site.each_context(request) | {"object": obj, "opts": admin.opts}
        return TemplateResponse(request, template, shared | context)
