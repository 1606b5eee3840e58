"""The form behind every admin page: values or why there are none, and the reason for a change."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms.models import (
    BaseInlineFormSet,
    InlineForeignKeyField,
    construct_instance,
)
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from trial.models.base import CONFLICT

REASONS = [
    ("", "---------"),
    ("Entry error", _("Entry error")),
    ("Source document corrected", _("Source document corrected")),
    ("Result arrived later", _("Result arrived later")),
    ("Answer to a query", _("Answer to a query")),
    ("Other", _("Other: say which")),
]


class AbsentWidget(forms.MultiWidget):
    """The value, or why there is none, and the reason when it was not done."""

    template_name = "admin/widgets/absent.html"

    def __init__(self, value: forms.Widget, label: Any, codes: Any) -> None:
        code = UnfoldAdminSelectWidget(
            choices=[("", "—"), *codes], attrs={"aria-label": _("Why no value: %s") % label}
        )
        reason = UnfoldAdminTextInputWidget(
            attrs={"aria-label": _("Reason not done: %s") % label, "placeholder": _("reason")}
        )
        super().__init__([value, code, reason])

    def id_for_label(self, id_: str) -> str:
        """The label belongs to the value; the other two boxes carry their own."""
        return self.widgets[0].id_for_label(f"{id_}_0") if id_ else id_

    def decompress(self, value: Any) -> list[Any]:
        return [value, "", ""]


class AbsentField(forms.Field):
    """A field that takes a value or an absence code; cleans to (value, {"code", "reason"})."""

    def __init__(self, inner: forms.Field, codes: Any) -> None:
        super().__init__(
            required=False,
            label=inner.label,
            help_text=inner.help_text,
            widget=AbsentWidget(inner.widget, inner.label, codes),
        )
        self.inner = inner

    def clean(self, value: Any) -> tuple[Any, dict[str, str]]:
        number, code, reason = value or [None, "", ""]
        why = {"code": code, "reason": (reason or "").strip()} if code else {}
        return self.inner.clean(number), why

    def has_changed(self, initial: Any, data: Any) -> bool:
        before, now = (list(part or [None, "", ""]) for part in (initial, data))
        return self.inner.has_changed(before[0], now[0]) or [x or "" for x in before[1:]] != [
            x or "" for x in now[1:]
        ]


class Seen(forms.CharField):
    """The version of the row that the page showed; it says nothing about the row itself."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class TrackedForm(forms.ModelForm):
    """Checks a row as `write` will, beside the fields, and asks why a completed form changes."""

    completing = False  # set by the admin: the "complete" button was pressed
    late_problem: ValidationError | None = None  # what `write` refused on the first pass

    seen = Seen(required=False, widget=forms.HiddenInput)

    reason_choice = forms.ChoiceField(
        label=_("Reason for the change"),
        choices=REASONS,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    reason_text = forms.CharField(
        label=_("Reason in words"),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Needed with Other; no names, no contact data."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        self.initial["seen"] = row.changed_at.isoformat() if row.changed_at else ""
        if "reason_choice" in self.fields and not row.needs_reason:
            del self.fields["reason_choice"], self.fields["reason_text"]
        codes = getattr(row, "absent_codes", ())
        for name in list(self.fields) if codes else ():
            field = self._model_field(name)
            if field is None or not row.may_be_absent(name):
                continue
            self.fields[name] = AbsentField(self.fields[name], codes)
            why = row.absent.get(name, {})
            self.initial[name] = [
                self.initial.get(name, ""),
                why.get("code", ""),
                why.get("reason", ""),
            ]

    def _model_field(self, name: str) -> models.Field | None:
        return next((f for f in self._meta.model._meta.concrete_fields if f.name == name), None)

    @property
    def reason(self) -> str:
        """The reason as it will stand in the history."""
        chosen = self.cleaned_data.get("reason_choice") or ""
        words = (self.cleaned_data.get("reason_text") or "").strip()
        if chosen in ("", "Other"):
            return words
        return f"{chosen}: {words}" if words else chosen

    def _post_clean(self) -> None:
        """As ModelForm's, with `check_row` in place of one query per constraint."""
        row: Any = self.instance
        for name, field in self.fields.items():
            if isinstance(field, AbsentField) and name in self.cleaned_data:
                value, why = self.cleaned_data[name]
                self.cleaned_data[name] = value
                row.absent = {k: v for k, v in row.absent.items() if k != name}
                if why:
                    row.absent[name] = why
        exclude = self._get_validation_exclusions()  # type: ignore[attr-defined]
        exclude |= {n for n, f in self.fields.items() if isinstance(f, InlineForeignKeyField)}
        try:
            self.instance = construct_instance(self, row, self._meta.fields, self._meta.exclude)
            row.derive()
            row.check_row(exclude=exclude | set(self.errors))
            if self.completing or not row.drafts or row.completed_at:
                row.check_complete()
        except ValidationError as problem:
            self._show(problem)
        if "reason_choice" in self.fields and row.changes() and not self.reason:
            self.add_error(
                "reason_choice",
                _("This form was completed before: choose why it changes, or say so in words."),
            )
        seen = self.cleaned_data.get("seen")
        if seen and seen != self.initial["seen"]:
            self.add_error(None, CONFLICT)
            data: Any = self.data.copy()  # type: ignore[attr-defined]
            data[self.add_prefix("seen")] = self.initial["seen"]
            self.data = data
        if self.late_problem and not self.errors:
            self._show(self.late_problem)

    def _show(self, problem: ValidationError) -> None:
        """Put each message at its field; at the top where the page has no such field."""
        if not hasattr(problem, "error_dict"):
            problem = ValidationError({NON_FIELD_ERRORS: problem.error_list})
        for name, messages in problem.error_dict.items():
            place = "reason_choice" if name == "change_reason" else name
            for message in messages:
                self.add_error(place if place in self.fields else None, _with_link(message))


class RowForm(TrackedForm):
    """A row of a table on its parent's page, which asks for the reason once."""

    reason_choice: Any = None
    reason_text: Any = None


class RowsOfParent(BaseInlineFormSet):
    """Rows that know the parent on the page, not one query each for it."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        setattr(form.instance, self.fk.name, self.instance)
        return form


def _with_link(problem: ValidationError) -> ValidationError:
    """A refusal that names the form in the way also links to it."""
    from trial.admin.links import blocker_url

    params = problem.params or {}
    blocker = params.get("blocker")
    if blocker is None:
        return problem
    return ValidationError(
        format_html(
            '{} <a class="blocker" href="{}">{}</a>',
            problem.messages[0],
            blocker_url(blocker, params["participant"]),
            _("Open that form"),
        ),
        code=problem.code,
    )
