"""Every page of every model in the admin: who may open it, and that a list stays cheap."""

import itertools
from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crf.models import EndOfStudy, LabSample
from safety.models import AdverseEvent, CRSAssessment, ICANSAssessment
from tests import factories as f
from tests.statements import count
from trial.models import (
    Delivery,
    DoseLevel,
    Participant,
    ProtocolVersion,
    Reminder,
    ScheduledVisit,
    Site,
    Tracked,
    User,
    Visit,
)
from trial.roles import Role, may

BUDGET = 12  # statements of a list page, whatever its length
MODELS = [
    m for m in admin.site._registry if m._meta.app_label in ("trial", "crf", "safety", "config")
]
TRACKED = [m for m in MODELS if issubclass(m, Tracked)]
LEDGER = [m for m in MODELS if m not in TRACKED]
AT_A_SITE = [m for m in TRACKED if m.site_path] + LEDGER
NO_ADD = {Visit}  # the plan comes from the protocol version
NO_VOID = {Site, User, "study"}
_numbers = itertools.count(1)


def name(model):
    return model._meta.label_lower.replace(".", "_")


def address(model, page, *args):
    return reverse(f"admin:{name(model)}_{page}", args=args)


def may_open(role, action, model):
    area = model.area if model in TRACKED else Participant.area
    return may(role, action, area)


@pytest.fixture
def staff(study, site, protocol):
    return {
        role: f.make_user(role, site)
        for role in (Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST)
    }


def add_people(site, protocol, staff, people):
    """Participants with a row of every form, mails and reminders included."""
    by = staff[Role.COORDINATOR]
    day_0 = timezone.localdate() - timedelta(days=9)
    for _n in range(people):
        number = next(_numbers)
        person = f.register(by, site, protocol)
        f.until_day_0(person, by, day_0)
        f.hcg(person, by, day_0)
        f.infusion(
            person,
            by,
            staff[Role.INVESTIGATOR],
            staff[Role.PHARMACIST],
            day_0,
            lot=f"LOT-{number}",
        )
        f.contraception(person, by, day_0)
        visit = f.visit(person, "SCR")
        AdverseEvent(participant=person, term="fever").write(by=by)
        for form in (LabSample, CRSAssessment, ICANSAssessment):
            form(participant=person, visit=visit).write(by=by)
        EndOfStudy(participant=person).write(by=by)
        mail = Delivery.objects.create(
            message_id=f"<{number}@example.org>", recipient=by, created_at=timezone.now()
        )
        Reminder.objects.create(
            participant=person,
            site=site,
            duty="visit",
            due_on=day_0,
            in_time_until=day_0,
            recipient=by,
            kind="DUE",
            send_on=day_0,
            form="crf.labsample",
            planned_at=timezone.now(),
            delivery=mail,
        )


def more_settings(times):
    """Rows of what belongs to the study, not to a participant."""
    for _n in range(times):
        number = next(_numbers)
        f.make_site(f"S{number}")
        f.make_user(Role.MONITOR)
        version = ProtocolVersion(
            number=f"9.{number}", effective_on=timezone.localdate(), icf_version="9"
        )
        version.write(by=f.SETUP)
        DoseLevel(protocol_version=version, name="DL1", cells_e9=1, state="OPEN").write(by=f.SETUP)
        ScheduledVisit(
            protocol_version=version, code="X", name="X", position=1, anchor="CONSENT", day=1
        ).write(by=f.SETUP)


@pytest.fixture
def row(site, protocol, staff):
    """`row(model)`: the newest row of a model, of which there is one or more."""
    add_people(site, protocol, staff, 1)
    return lambda model: model._default_manager.order_by("-pk").first()


def test_every_model_has_its_row_here(row):
    assert [m for m in MODELS if row(m) is None] == []


@pytest.mark.parametrize("role", [r for r in Role if r != Role.SYSTEM])
def test_pages_open_for_the_roles_of_the_table_alone(client, site, row, role):
    person = f.make_user(role, site)
    client.force_login(person)
    wrong = []
    for model in MODELS:
        found, seen = row(model), may_open(role, "view", model)
        adds = model in TRACKED and model not in NO_ADD and may_open(role, "add", model)
        voids = model in TRACKED and may_open(role, "change", model)
        voids = voids and model not in NO_VOID and model._meta.model_name not in NO_VOID
        pages = {
            address(model, "changelist"): seen,
            address(model, "add"): adds,
            address(model, "change", found.pk): seen,
            address(model, "history", found.pk): seen,
            address(model, "delete", found.pk): False,
        }
        if model in TRACKED:
            pages[address(model, "void", found.pk)] = voids
        for page, allowed in pages.items():
            status = client.get(page).status_code
            if (status == 200) != allowed or status not in (200, 403, 404):
                wrong.append((page, status, allowed))
    assert wrong == []


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_nobody_without_login(client, db, model):
    for page in (address(model, "changelist"), address(model, "change", 1)):
        assert client.get(page)["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.PHARMACIST, Role.MONITOR])
def test_another_sites_row_does_not_exist(client, row, role):
    client.force_login(f.make_user(role, f.make_site("ZZZ09")))
    wrong = []
    for model in [m for m in AT_A_SITE if may_open(role, "view", m)]:
        found = row(model)
        pages = ["change", "history", "delete", *(["void"] if model in TRACKED else [])]
        for page in pages:
            for send in (client.get, client.post):
                status = send(address(model, page, found.pk)).status_code
                # 403 is for what the role may do with no row at all
                refused = (
                    {404} if page in ("change", "history") and send == client.get else {403, 404}
                )
                if status not in refused:
                    wrong.append((name(model), page, send.__name__, status))
        if str(found) in client.get(address(model, "changelist")).content.decode():
            wrong.append((name(model), "changelist"))
    assert wrong == []


def test_a_list_costs_the_same_whatever_its_length(client, site, protocol, staff):
    """A coordinator reads the forms, a data manager the protocol, an administrator the accounts."""
    readers = [staff[Role.COORDINATOR], f.make_user(Role.DATA_MANAGER)]
    readers.append(f.make_user(Role.ADMINISTRATOR))

    def costs():
        found = {}
        for model in MODELS:
            reader = next(u for u in readers if may_open(u.role, "view", model))
            client.force_login(reader)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                assert client.get(address(model, "changelist")).status_code == 200
            found[name(model)] = count(seen)
        return found

    add_people(site, protocol, staff, 3)
    more_settings(2)
    short = costs()
    add_people(site, protocol, staff, 5)
    more_settings(6)
    assert costs() == short
    assert {k: n for k, n in short.items() if n > BUDGET} == {}
