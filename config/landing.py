"""The landing page: what is due today, overdue and recently entered at the user's sites."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.forms import STATUS, Status, allowed, entries, form_models, page
from config.navigation import sidebar
from crf.models import ProductBag
from trial.models import Participant, Site, User, Visit
from trial.registry import Duty
from trial.reminders import open_duties

RECENT = 20
AHEAD = timedelta(days=7)
SHOWN = 8  # rows of a block; the rest unfolds


@dataclass(frozen=True)
class Task:
    """Something to do for a participant; `late` in days after its last day, 0 or less in time."""

    status: Status
    number: str
    what: str
    on: date
    until: date
    late: int
    url: str


@dataclass(frozen=True)
class Block:
    """The tasks of one status."""

    status: Status
    title: str
    empty: str
    tasks: list[Task]

    @property
    def first(self) -> list[Task]:
        return self.tasks[:SHOWN]

    @property
    def rest(self) -> list[Task]:
        return self.tasks[SHOWN:]


def landing(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the admin index shows to this user; unfold calls it (DASHBOARD_CALLBACK)."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  the index lets nobody else in
    forms = form_models(user)
    seen: dict[str, Any] = {
        "title": _("Today"),
        "role": user.get_role_display(),
        "zone": timezone.get_current_timezone_name(),
        "sees_forms": bool(forms),
        "recent": list(entries(forms, lambda m: m.objects.visible_to(user), newest=RECENT)),
    }
    if allowed(user, "view", Participant):
        seen |= _casebooks(user)
    else:
        seen["groups"] = [group for group in sidebar(request) if group["title"]]
    if allowed(user, "add", ProductBag):
        waiting = ProductBag.objects.visible_to(user).current().filter(released="")
        seen["bags"] = [
            (bag, page(ProductBag, "change", bag.pk))
            for bag in waiting.select_related("participant").order_by("pk")
        ]
        seen["bag_add_url"] = page(ProductBag, "add")
    if allowed(user, "change", User):
        accounts = Counter(User.objects.visible_to(user).values_list("is_active", flat=True))
        seen["tiles"] = [
            (_("active accounts"), accounts[True]),
            (_("disabled accounts"), accounts[False]),
            (_("sites"), Site.objects.visible_to(user).count()),
        ]
    return context | seen


def _casebooks(user: User) -> dict[str, Any]:
    """Tasks and counts of the participants this user sees."""
    people = list(
        Participant.objects.visible_to(user)
        .values("pk", "number", "status", "site_id", "site__time_zone")
        .order_by("number")
    )
    tasks = sorted(tasks_of(user, people), key=lambda task: (task.until, task.number, task.what))
    words = {
        "due": (_("Due today"), _("Nothing is due today; see the next 7 days.")),
        "overdue": (_("Overdue"), _("Nothing is overdue.")),
        "planned": (
            _("Next 7 days"),
            _("Nothing opens in the next 7 days. The casebook shows the whole plan."),
        ),
    }
    by_status: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        by_status[task.status.key].append(task)
    blocks = [Block(STATUS[k], *text, by_status[k]) for k, text in words.items()]
    ended = sum(person["status"] in Participant.ENDED for person in people)
    return {
        "people": people,
        "blocks": blocks,
        "tiles": [
            *((block.title, len(block.tasks)) for block in blocks),
            (_("participants in the study"), len(people) - ended),
        ],
        "register_url": page(Participant, "add") if allowed(user, "add", Participant) else "",
    }


def tasks_of(user: User, people: Sequence[Mapping[str, Any]]) -> Iterator[Task]:
    """Visits and other duties up to AHEAD of the day it is at each participant's site.

    The queries are counted per date line crossed by the sites, not per participant.
    """
    sites_by_day = defaultdict(set)
    for person in people:
        day = timezone.localdate(timezone=ZoneInfo(person["site__time_zone"]))
        sites_by_day[day].add(person["site_id"])
    numbers = {person["pk"]: person["number"] for person in people}
    for day, sites in sites_by_day.items():
        visits = Visit.objects.visible_to(user).awaited().with_status(day)
        for visit in visits.filter(
            participant__site__in=sites, window_first_on__lte=day + AHEAD
        ).select_related("scheduled"):
            yield _visit_task(visit, numbers[visit.participant_id], day)
        here = Participant.objects.visible_to(user).filter(site__in=sites)
        for duty in open_duties(here, day).values():
            if duty.kind != "visit" and duty.due_on <= day + AHEAD:
                yield _duty_task(duty, numbers[duty.participant_id], day, user)


def _visit_task(visit: Any, number: str, today: date) -> Task:
    return Task(
        status=STATUS[visit.status.lower()],
        number=number,
        what=_("Visit %(visit)s") % {"visit": _(visit.scheduled.name)},
        on=visit.target_on,
        until=visit.window_last_on,
        late=(today - visit.window_last_on).days,
        url=f"{reverse('casebook', args=[number])}#visit-{visit.pk}",
    )


def _duty_task(duty: Duty, number: str, today: date, user: User) -> Task:
    model = apps.get_model(duty.form)
    late = (today - duty.due_on).days
    url = reverse("casebook", args=[number])
    if allowed(user, "add", model):
        given = {"participant": duty.participant_id, "visit": duty.visit_id}
        url = page(model, "add", query=urlencode({k: v for k, v in given.items() if v}))
    return Task(
        status=STATUS["overdue" if late > 0 else "planned" if late < 0 else "due"],
        number=number,
        what=capfirst(str(model._meta.verbose_name)),
        on=duty.due_on,
        until=duty.due_on,
        late=late,
        url=url,
    )
