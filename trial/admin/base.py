"""`TrackedAdmin`: what every admin page does alike.

Rights from the role table, rows from `visible_to`, writes through `write`, no deletion, history
in place of Django's log, times in the zone of the site.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from trial.admin.forms import RowForm, RowsOfParent, TrackedForm
from trial.admin.row_pages import RowPages
from trial.models import Participant, Tracked, User, Visit
from trial.models.fields import Measure


class TracedRows:
    """Shared by pages and inline tables: default closed, nothing deleted."""

    model: type[Tracked]

    def get_queryset(self, request: Any) -> models.QuerySet:
        return super().get_queryset(request).visible_to(request.user)  # type: ignore[misc]

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", choices_for(field, request))
        return super().formfield_for_foreignkey(field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_choice_field(self, field: Any, request: Any, **kwargs: Any) -> Any:
        """Unanswered until somebody answers: a select without an empty choice picks its first."""
        if not field.has_default():
            kwargs.setdefault("choices", field.get_choices(blank_choice=[("", _("Select value"))]))
        return super().formfield_for_choice_field(field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, field: Any, request: Any, **kwargs: Any) -> Any:
        """Without the add, change and view buttons: a form is opened from the casebook."""
        built = super().formfield_for_dbfield(field, request, **kwargs)  # type: ignore[misc]
        if built is not None and isinstance(built.widget, RelatedFieldWidgetWrapper):
            built.widget = built.widget.widget
        if isinstance(built, forms.SplitDateTimeField):
            for box, what in zip(built.widget.widgets, (_("date"), _("time")), strict=True):
                box.attrs["aria-label"] = f"{built.label}: {what}"
        return built


def choices_for(field: models.ForeignKey, request: Any) -> models.QuerySet:
    """The rows a user may point at: at their sites, of the participant the form belongs to."""
    model: Any = field.related_model
    if model is User:
        if request.user.has_perm("trial.view_user"):
            return User.objects.visible_to(request.user)
        return User.objects.colleagues_of(request.user)
    rows = model.objects.at_sites_of(request.user)
    if model is Visit:
        rows = rows.select_related("participant", "scheduled")
    of = getattr(request, "participant_of_form", None)
    if of is not None and any(f.name == "participant" for f in model._meta.fields):
        rows = rows.filter(participant=of)
    return rows


class TrackedAdmin(RowPages, TracedRows, ModelAdmin):
    form = TrackedForm
    list_per_page = 50
    show_full_result_count = False
    actions = None
    warn_unsaved_form = True
    change_form_show_cancel_button = True
    change_form_before_template = "admin/form_heading.html"
    search_fields: Sequence[str] = ()

    # Who, which rows -----------------------------------------------------------------------

    def _get_obj_does_not_exist_redirect(self, request: Any, opts: Any, object_id: str) -> Any:
        raise Http404  # another site's row does not exist for this user

    def changeform_view(
        self, request: Any, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One transaction; what `write` refuses is shown on the form, with what was typed."""
        self.enter(request, object_id)
        extra_context = (extra_context or {}) | {
            "casebook_of": request.participant_of_form if _sees_casebooks(request) else None,
            "drafts": self.model.drafts,
            "heading_of": request.participant_of_form,
        }
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as problem:
            request.late_problem = problem
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _participant(self, request: Any, object_id: Any) -> Participant | None:
        if not any(f.name == "participant" for f in self.model._meta.fields):
            return None
        people = Participant.objects.at_sites_of(request.user).select_related("site")
        if object_id is not None:
            row = self.model._meta.model_name
            return people.filter(**{f"{row}": object_id}).first() if is_key(object_id) else None
        given = request.POST.get("participant") or request.GET.get("participant", "")
        return people.filter(pk=given).first() if is_key(given) else None

    def enter(self, request: Any, object_id: Any) -> None:
        """Find the participant of the page; times are in the zone of the participant's site."""
        request.participant_of_form = self._participant(request, object_id)
        if request.participant_of_form is not None:
            timezone.activate(request.participant_of_form.site.zone)

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> Any:
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    def get_list_display(self, request: Any) -> list[Any]:
        """Measures without the zeros nobody typed."""
        measures = {f.name: f for f in self.model._meta.fields if isinstance(f, Measure)}
        return [
            _plain(measures[name]) if name in measures else name
            for name in super().get_list_display(request)
        ]

    # The form ------------------------------------------------------------------------------

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        shown_only = self.get_readonly_fields(request, obj)  # else a POST could still set them
        kwargs.setdefault("exclude", [*self._columns_not_asked(), *shown_only])
        kwargs["fields"] = [
            f
            for f in self.get_fields_asked(request, obj)
            if f not in ("reason_choice", "reason_text", "seen")
        ]
        built = super().get_form(request, obj, change, **kwargs)
        built.completing = "_complete" in request.POST or not self.model.drafts
        built.late_problem = getattr(request, "late_problem", None)
        zone = timezone.get_current_timezone_name()
        offset = timezone.localtime().strftime("%z")
        for field in built.base_fields.values():
            if isinstance(field, forms.SplitDateTimeField):
                note = f"{zone}, UTC{offset[:3]}:{offset[3:]}"
                field.help_text = f"{field.help_text} {note}".strip()
        return built

    def _columns_not_asked(self) -> list[str]:
        return [f.name for f in self.model._meta.fields if not f.editable]

    def get_fields_asked(self, request: Any, obj: Any = None) -> list[str]:
        """The columns on the page, in the order of the model."""
        return [
            f.name
            for f in sorted(self.model._meta.fields, key=_participant_first)
            if f.editable and not f.primary_key
        ]

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        reason = ["reason_choice", "reason_text"] if obj is not None and obj.needs_reason else []
        shown = [*self.get_fields_asked(request, obj), *self.get_computed(obj)]
        return [*(reason if self.has_change_permission(request, obj) else []), *shown, "seen"]

    computed: Sequence[str] = ()  # columns the program sets, shown once they exist

    def get_computed(self, obj: Any) -> list[str]:
        return list(self.computed) if obj is not None else []

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        fixed = ["participant"] if obj is not None and hasattr(obj, "participant_id") else []
        return [*super().get_readonly_fields(request, obj), *self.get_computed(obj), *fixed]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Only who and where come from the address; a clinical value never does."""
        asked = ("participant", "visit", "site")
        return {k: v for k, v in request.GET.items() if k in asked and is_key(v)}

    # Saving --------------------------------------------------------------------------------

    def save_model(self, request: Any, obj: Tracked, form: Any, change: bool) -> None:
        obj.write(by=request.user, reason=form.reason, complete=form.completing)

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        rows = formset.save(commit=False)
        if rows:
            rows[0].bulk_write(rows, by=request.user, reason=form.reason)

    def log_addition(self, *args: Any, **kwargs: Any) -> None:
        """The history row says it."""

    log_change = log_addition
    log_deletions = log_addition

    def construct_change_message(self, *args: Any, **kwargs: Any) -> str:
        return ""

    def response_add(self, request: Any, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return self._after(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: Any, obj: Any) -> HttpResponse:
        return self._after(request, obj) or super().response_change(request, obj)

    def _after(self, request: Any, obj: Any) -> HttpResponse | None:
        """Back to the casebook the form belongs to."""
        if (
            IS_POPUP_VAR in request.POST
            or "_continue" in request.POST
            or "_addanother" in request.POST
        ):
            return None
        participant = obj if isinstance(obj, Participant) else getattr(obj, "participant", None)
        if participant is None or not _sees_casebooks(request):
            return None
        complete = _("complete") if obj.completed_at else _("saved as a draft")
        messages.success(request, f"{obj}: {complete}")
        return HttpResponseRedirect(reverse("casebook", args=[participant.number]))


def _plain(field: Measure) -> Any:
    """A column of the list with the measure as it was typed."""

    @admin.display(description=field.verbose_name, ordering=field.name)
    def column(row: Any) -> Any:
        value = getattr(row, field.name)
        return "" if value is None else str(value)

    column.__name__ = field.name
    return column


def _sees_casebooks(request: Any) -> bool:
    """The cell laboratory names participants on its bags but does not read casebooks."""
    return request.user.has_perm("trial.view_participant")


def is_key(text: Any) -> bool:
    """Whether text from an address can be a primary key; 18 digits fit every database's."""
    return str(text).isascii() and str(text).isdigit() and len(str(text)) <= 18


def _participant_first(field: models.Field) -> tuple[int, int]:
    """Who and which visit stand at the top of every form."""
    rank = {"participant": 0, "visit": 1}.get(field.name, 2)
    return rank, 0


class TrackedInline(TracedRows, TabularInline):
    """Rows of a parent form, each with a label for screen readers on every cell."""

    form = RowForm
    formset = RowsOfParent
    extra = 0
    can_delete = False

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_fields(request, obj), "seen"]

    def get_formset(self, request: Any, obj: Any = None, **kwargs: Any) -> Any:
        kwargs.setdefault("exclude", [f.name for f in self.model._meta.fields if not f.editable])
        formset = super().get_formset(request, obj, **kwargs)
        for field in formset.form.base_fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label))
        return formset
