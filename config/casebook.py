"""The casebook: one participant's visits by forms, and the forms outside visits."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.forms import (
    STATUS,
    Entry,
    Status,
    allowed,
    at_visits,
    entries,
    form_models,
    label_of,
    page,
    repeats,
    state,
)
from crf.models import ContraceptionCheck, HCGTest
from trial.models import Participant, ScheduledVisit, TreatmentCourse, User, Visit
from trial.schedule import contraception_until


@dataclass
class Cell:
    """A form at a visit: what is there, and where to go for it."""

    column: Any
    status: Status | None = None  # None: nothing there and nothing expected
    url: str = ""
    count: int = 0
    add_url: str = ""


@dataclass
class Row:
    visit: Any  # a Visit with its status of today
    status: Status
    url: str
    cells: list[Cell]

    @property
    def name(self) -> str:
        """The name in the protocol version, in the reader's language where it is a default one."""
        return _(self.visit.scheduled.name)


@dataclass
class Section:
    """The forms of one kind that stand outside the visits."""

    name: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    add_url: str = ""


def find(request: HttpRequest) -> HttpResponse:
    """From a typed number to its casebook; "12" is enough where one number ends so."""
    typed = request.GET.get("number", "").strip()
    people = Participant.objects.visible_to(_user(request))
    found = list(people.filter(number__iexact=typed)[:1])
    if not found and typed.isdecimal() and len(typed) <= 4:
        found = list(people.filter(number__endswith=f"-{int(typed):04d}")[:2])
    if len(found) == 1:
        return redirect("casebook", number=found[0].number)
    if len(found) > 1:
        text = _(
            "Several sites have a participant %(typed)s. Type the whole number, as in %(one)s."
        )
        messages.warning(request, text % {"typed": typed, "one": found[0].number})
    else:
        text = _("No participant %(typed)s at your sites. Check the number, as in CHH01-0001.")
        messages.warning(request, text % {"typed": typed})
    return redirect("admin:index")


def casebook(request: HttpRequest, number: str) -> HttpResponse:
    """The page; 404 for a participant the user may not see."""
    user = _user(request)
    people = Participant.objects.visible_to(user).select_related("site", "protocol_version")
    if "\0" in number:  # PostgreSQL takes no NUL in a text
        raise Http404
    participant = get_object_or_404(people, number=number)
    timezone.activate(participant.site.zone)  # `SiteZone` deactivates it
    course = participant.treatmentcourse_set.current().select_related("dose_level").first()
    found = list(entries(form_models(user), lambda m: m.objects.filter(participant=participant)))
    rows, columns = grid(participant, user, found)
    context = admin.site.each_context(request) | {
        "title": _("Casebook %(number)s") % {"number": participant.number},
        "participant": participant,
        "course": course,
        "contraception_until": _contraception_until(participant, course),
        "today": participant.today(),
        "columns": columns,
        "rows": rows,
        "sections": sections(participant, user, found),
        "legend": [STATUS[k] for k in ("complete", "draft", "not_done", "to_do", "missing")],
        "change_url": page(Participant, "change", participant.pk),
        "history_url": page(Participant, "history", participant.pk),
        "consent_url": _add_consent(participant, user, found),
    }
    return TemplateResponse(request, "config/casebook.html", context)


def grid(participant: Participant, user: User, found: list[Entry]) -> tuple[list[Row], list[str]]:
    """Visits by forms; a column for every form that the schedule expects anywhere."""
    today = participant.today()
    visits: list[Any] = list(
        participant.visit_set.current()
        .with_status(today)
        .select_related("scheduled")
        .order_by("target_on", "scheduled__position")
    )
    schedule: list[ScheduledVisit] = list(participant.protocol_version.schedule.current())
    expected = dict.fromkeys(
        label for item in [*schedule, *(v.scheduled for v in visits)] for label in item.forms
    )
    models_shown = [apps.get_model(label) for label in expected]
    models_shown = [m for m in models_shown if allowed(user, "view", m)]
    by_cell: dict[tuple[int | None, str], list[Entry]] = {}
    for entry in found:
        by_cell.setdefault((entry.visit_id, entry.label), []).append(entry)
    not_asked = _not_asked(participant)
    rows = []
    for visit in visits:
        visit.participant = participant
        cells = [
            cell(visit, model, by_cell.get((visit.pk, label_of(model)), []), user, not_asked)
            for model in models_shown
        ]
        status = STATUS[visit.status.lower()]
        rows.append(Row(visit, status, page(Visit, "change", visit.pk), cells))
    return rows, [capfirst(m._meta.verbose_name) for m in models_shown]


MISSING = {"DUE": "to_do", "OVERDUE": "missing", "DONE": "missing", "PLANNED": "expected"}


def cell(
    visit: Any,
    model: type[models.Model],
    there: list[Entry],
    user: User,
    not_asked: frozenset[str],
) -> Cell:
    """What stands at one visit for one kind of form."""
    label = label_of(model)
    made = Cell(column=capfirst(model._meta.verbose_name))
    current = [entry for entry in there if not entry.voided_at]
    expected = label in visit.scheduled.forms
    if shown := current or there:
        keys = [state(entry) for entry in shown]
        made.status = STATUS["draft" if "draft" in keys else keys[0]]
        made.count = len(shown)
        made.url = shown[0].url
        if len(shown) > 1:
            made.url = page(model, "changelist", query=urlencode({"visit__id__exact": visit.pk}))
    elif expected and visit.status in MISSING:
        made.status = STATUS["not_asked" if label in not_asked else MISSING[visit.status]]
    takes_more = expected and label not in not_asked and (not current or repeats(model, "visit"))
    if takes_more and visit.status in MISSING and allowed(user, "add", model):
        query = urlencode({"participant": visit.participant_id, "visit": visit.pk})
        made.add_url = page(model, "add", query=query)
    return made


def sections(participant: Participant, user: User, found: list[Entry]) -> list[Section]:
    """Forms outside visits, each kind with its rows; forms that miss their visit stand here too."""
    made = []
    for model in form_models(user):
        label = label_of(model)
        loose = [entry for entry in found if entry.label == label and entry.visit_id is None]
        section = Section(name=capfirst(str(model._meta.verbose_name)))
        if at_visits(model):
            if not loose:
                continue
            section.lines = [_line(entry, "") for entry in loose]
            section.name = _("%(form)s, at no visit") % {"form": section.name}
        elif loose:
            texts = _texts(model, participant)
            section.lines = [_line(entry, texts.get(entry.pk, "")) for entry in loose]
        current = [entry for entry in loose if not entry.voided_at]
        one_only = not repeats(model, "participant")
        if allowed(user, "add", model) and not (one_only and current):
            section.add_url = page(model, "add", query=urlencode({"participant": participant.pk}))
        made.append(section)
    return made


def _line(entry: Entry, text: str) -> dict[str, Any]:
    return {
        "entry": entry,
        "text": text,
        "history_url": page(entry.model, "history", entry.pk),
    }


def _texts(model: type[models.Model], participant: Participant) -> dict[int, str]:
    """What a row calls itself, without the number of the participant and the name of the form."""
    texts = {}
    for row in model._default_manager.filter(participant=participant):
        row.participant = participant  # type: ignore[attr-defined]
        text = str(row).removeprefix(participant.number).strip()
        texts[row.pk] = "" if text == str(model._meta.verbose_name) else text
    return texts


def _not_asked(participant: Participant) -> frozenset[str]:
    """Forms that the participant's demographics make unnecessary."""
    person = participant.demographics_set.current().first()
    if person is None:
        return frozenset()
    asked = {HCGTest: person.hcg_needed, ContraceptionCheck: person.contraception_needed}
    return frozenset(label_of(model) for model, needed in asked.items() if not needed)


def _contraception_until(participant: Participant, course: TreatmentCourse | None) -> date | None:
    if course is None or course.last_treatment_on is None:
        return None
    months = participant.protocol_version.contraception_months
    return contraception_until(course.last_treatment_on, months)


def _add_consent(participant: Participant, user: User, found: list[Entry]) -> str:
    """Where to begin while nothing may be recorded: the consent form; "" once it is there."""
    consent = apps.get_model("trial.consent")
    signed = any(e.label == label_of(consent) and not e.voided_at for e in found)
    if signed or not allowed(user, "add", consent):
        return ""
    return page(consent, "add", query=urlencode({"participant": participant.pk}))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  admin_view lets nobody else in
    return request.user
