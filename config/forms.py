"""Which forms exist, found among the models, and their rows of all kinds in one query."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, TruncDate
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crf.models import CrfForm, VisitForm
from trial.models import Consent, Enrolment, Tracked, TreatmentCourse, User, YesNo

APPS = ("trial", "crf", "safety")  # in the order in which a participant meets them
FORMS_OF_TRIAL = (Consent, Enrolment, TreatmentCourse)


@dataclass(frozen=True)
class Status:
    """A state in a word, an icon and a style, never in a colour alone."""

    key: str
    label: Any
    icon: str


STATUS = {
    status.key: status
    for status in (
        Status("planned", _("planned"), "event"),
        Status("due", _("due"), "schedule"),
        Status("overdue", _("overdue"), "error"),
        Status("done", _("done"), "check_circle"),
        Status("missed", _("missed"), "event_busy"),
        Status("cancelled", _("cancelled"), "cancel"),
        Status("complete", pgettext_lazy("form", "complete"), "check_circle"),
        Status("draft", pgettext_lazy("form", "draft"), "edit_note"),
        Status("not_done", pgettext_lazy("form", "not done"), "do_not_disturb_on"),
        Status("voided", pgettext_lazy("form", "voided"), "delete_sweep"),
        Status("missing", pgettext_lazy("form", "missing"), "error"),
        Status("to_do", pgettext_lazy("form", "to do"), "schedule"),
        Status("expected", pgettext_lazy("form", "planned"), "event"),
        Status("not_asked", pgettext_lazy("form", "not needed"), "remove"),
    )
}


def label_of(model: type[models.Model]) -> str:
    """As a schedule names a form: "crf.labsample"."""
    return model._meta.label_lower


def form_models(user: User) -> list[type[Tracked]]:
    """Every kind of form the user's role may view."""
    forms = [m for m in apps.get_models() if issubclass(m, (CrfForm, *FORMS_OF_TRIAL))]
    forms.sort(key=lambda model: APPS.index(model._meta.app_label))
    return [model for model in forms if allowed(user, "view", model)]


def allowed(user: User, action: str, model: type[models.Model]) -> bool:
    """Whether the role table gives the user "add", "change" or "view" of a model."""
    return user.has_perm(f"{model._meta.app_label}.{action}_{model._meta.model_name}")


def page(model: type[models.Model], action: str, pk: int | None = None, query: str = "") -> str:
    """Address of an admin page ("add", "change", "changelist", "history"); "" when it has none."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}"
    try:
        address = reverse(name, args=[] if pk is None else [pk])
    except NoReverseMatch:
        return ""
    return f"{address}?{query}" if query else address


@dataclass(frozen=True)
class Entry:
    """A row of any form: whose, which visit, in what state, and who wrote it last."""

    label: str
    pk: int
    number: str
    visit_id: int | None
    performed: str
    day: date | None
    completed_at: datetime | None
    voided_at: datetime | None
    changed_at: datetime
    person: str
    process: str
    kind: str

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.label)

    @property
    def name(self) -> Any:
        return self.model._meta.verbose_name

    @property
    def url(self) -> str:
        return page(self.model, "change", self.pk)

    @property
    def status(self) -> Status:
        return STATUS[state(self)]


def state(row: Any) -> str:
    """Key of the status of a form."""
    if row.voided_at:
        return "voided"
    if not row.completed_at:
        return "draft"
    return "not_done" if getattr(row, "performed", "") == YesNo.NO else "complete"


def entries(
    forms: list[type[Tracked]],
    rows: Callable[[Any], models.QuerySet],
    *,
    newest: int | None = None,
) -> Iterator[Entry]:
    """Rows of many kinds of form by one query, however many kinds there are.

    newest: only so many, the last changed first.
    """
    arms = []
    for model in forms:
        chosen = rows(model)
        if newest is not None:  # each arm cut by itself: its index on changed_at gives the rows
            latest = chosen.order_by("-changed_at").values("pk")[:newest]
            chosen = model._default_manager.filter(pk__in=latest)
        columns = {f.name for f in model._meta.concrete_fields}
        last = model.history.filter(id=models.OuterRef("pk")).order_by("-history_id")
        arms.append(
            chosen.order_by().values_list(
                Value(label_of(model), output_field=CharField()),
                "pk",
                "participant__number",
                Cast(
                    F("visit_id") if "visit" in columns else Value(None), models.BigIntegerField()
                ),
                F("performed") if "performed" in columns else Value("", output_field=CharField()),
                _day(model),
                "completed_at",
                "voided_at",
                "changed_at",
                *(
                    models.Subquery(last.values(name)[:1])
                    for name in ("history_user__full_name", "history_process", "history_type")
                ),
            )
        )
    if not arms:
        return
    together = arms[0].union(*arms[1:], all=True) if len(arms) > 1 else arms[0]
    if newest is not None:
        together = together.order_by("-changed_at")[:newest]
    for found in together:
        yield Entry(*found)


def _day(model: Any) -> Any:
    """The calendar day a form is about, in the active zone; nothing where it has none."""
    if not model.dated_by:
        return Cast(Value(None), models.DateField())
    timed = isinstance(model._meta.get_field(model.dated_by), models.DateTimeField)
    return TruncDate(model.dated_by) if timed else F(model.dated_by)


def repeats(model: type[models.Model], within: str) -> bool:
    """Whether there may be several current forms of this kind in one `within` ("visit")."""
    unique = (r.fields for r in model._meta.constraints if isinstance(r, models.UniqueConstraint))
    asked = ([f for f in fields if model._meta.get_field(f).editable] for fields in unique)
    return [within] not in asked


def at_visits(model: type[models.Model]) -> bool:
    """Whether the form has a place for a visit."""
    return issubclass(model, VisitForm)
