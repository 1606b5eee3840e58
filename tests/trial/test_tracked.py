"""The one write path: history, reasons, refusals (AUD-01 to AUD-05, ENT-04)."""

from datetime import date, timedelta

import pytest
from django.core import serializers
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crf.models import Screening
from tests import factories as f
from tests.statements import count
from trial.models import Membership, Participant, Site, Visit
from trial.querysets import UntracedWrite
from trial.roles import Role, System


@pytest.fixture
def screening(participant, coordinator):
    day = timezone.localdate() - timedelta(days=2)
    f.consent(participant, coordinator, day)
    row = Screening(participant=participant, visit=f.visit(participant, "SCR"), gilbert="N")
    row.write(by=coordinator)
    return row


def test_each_write_leaves_one_row_with_actor_role_time_and_reason(screening, coordinator):
    before = timezone.now()
    screening.gilbert = "U"
    assert screening.write(by=coordinator, reason="asked again") is True
    newest, oldest = screening.history.all()
    assert (newest.history_type, oldest.history_type) == ("~", "+")
    assert newest.history_user == coordinator
    assert newest.history_role == Role.COORDINATOR
    assert newest.history_change_reason == "asked again"
    assert before <= newest.history_date <= timezone.now()
    assert (oldest.gilbert, newest.gilbert) == ("N", "U")


def test_a_write_without_a_change_leaves_nothing(screening, coordinator):
    changed_at = Screening.objects.get(pk=screening.pk).changed_at
    again = Screening.objects.get(pk=screening.pk)
    assert again.write(by=coordinator) is False
    assert again.history.count() == 1
    assert Screening.objects.get(pk=screening.pk).changed_at == changed_at


def test_a_process_is_named(site):
    site.name = "Changhai"
    site.write(by=System("nightly"), reason="renamed")
    entry = site.history.first()
    assert (entry.history_user, entry.history_process, entry.history_role) == (
        None,
        "nightly",
        "SYS",
    )


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_completed_form_changes_only_with_a_reason(participant, coordinator, reason):
    day = timezone.localdate() - timedelta(days=2)
    f.consent(participant, coordinator, day)
    row = f.screening(participant, coordinator, day)
    row.gilbert = "U"
    with pytest.raises(ValidationError) as refused:
        row.write(by=coordinator, reason=reason)
    assert "change_reason" in refused.value.error_dict
    assert Screening.objects.get(pk=row.pk).gilbert == "N"
    assert row.history.count() == 1


def test_a_draft_changes_without_a_reason_until_it_is_complete(screening, coordinator):
    screening.gilbert = "U"
    screening.write(by=coordinator)
    assert screening.history.count() == 2


def test_completion_asks_for_every_required_answer(screening, coordinator):
    with pytest.raises(ValidationError) as refused:
        screening.write(by=coordinator, complete=True)
    assert {"height_cm", "lactating"} <= set(refused.value.error_dict)
    assert "gilbert" not in refused.value.error_dict
    assert Screening.objects.get(pk=screening.pk).completed_at is None


@pytest.mark.parametrize(
    "write",
    [
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda row: Screening.objects.update(gilbert="Y"),
        lambda row: Screening.objects.filter(pk=row.pk).delete(),
        lambda row: Screening.objects.bulk_create([row]),
        lambda row: Screening.objects.bulk_update([row], ["gilbert"]),
        lambda row: next(
            serializers.deserialize("json", serializers.serialize("json", [row]))
        ).save(),
    ],
    ids=["save", "delete", "update", "queryset delete", "bulk_create", "bulk_update", "fixture"],
)
def test_every_way_around_the_history_is_refused(screening, write):
    with pytest.raises(UntracedWrite):
        write(screening)
    assert Screening.objects.get(pk=screening.pk).gilbert == "N"


def test_voiding_needs_a_reason_and_keeps_the_row(screening, coordinator):
    with pytest.raises(ValidationError):
        screening.void(by=coordinator, reason=" ")
    screening.refresh_from_db()
    screening.void(by=coordinator, reason="entered for the wrong person")
    assert Screening.objects.filter(pk=screening.pk).exists()
    assert not Screening.objects.current().exists()


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.SYSTEM,)])
def test_only_site_staff_write_clinical_rows(participant, coordinator, site, role):
    f.consent(participant, coordinator, timezone.localdate())
    person = f.make_user(role, site)
    row = Screening(participant=participant, gilbert="N")
    allowed = {Role.INVESTIGATOR, Role.SUB_INVESTIGATOR, Role.COORDINATOR, Role.DATA_ENTRY}
    if role in allowed:
        row.write(by=person)
    else:
        with pytest.raises(PermissionDenied):
            row.write(by=person)
    assert Screening.objects.count() == (role in allowed)


@pytest.mark.parametrize(
    ("began", "ended", "allowed"),
    [(0, None, True), (0, 0, True), (1, None, False), (-2, -1, False), (-1, 1, True)],
)
def test_entry_outside_the_delegation_is_refused(
    participant, coordinator, site, began, ended, allowed
):
    f.consent(participant, coordinator, timezone.localdate())
    today = timezone.localdate()
    person = f.make_user(Role.COORDINATOR)
    Membership(
        user=person,
        site=site,
        began_on=today + timedelta(days=began),
        ended_on=None if ended is None else today + timedelta(days=ended),
    ).write(by=f.SETUP)
    row = Screening(participant=participant)
    if allowed:
        row.write(by=person)
    else:
        with pytest.raises(PermissionDenied):
            row.write(by=person)
    assert Participant.objects.visible_to(person).exists() is allowed


def test_a_disabled_person_sees_and_writes_nothing(participant, coordinator):
    coordinator.is_active = False
    coordinator.write(by=f.SETUP, reason="left")
    assert not Participant.objects.visible_to(coordinator).exists()
    with pytest.raises(PermissionDenied):
        f.consent(participant, coordinator, timezone.localdate())


def test_one_form_is_saved_with_its_history_in_at_most_6_statements(participant, coordinator):
    f.consent(participant, coordinator, timezone.localdate())
    fresh = Participant.objects.select_related("site").get(pk=participant.pk)
    by = type(coordinator).objects.get(pk=coordinator.pk)
    row = Screening(participant=fresh, visit=f.visit(participant, "SCR"), gilbert="N")
    with CaptureQueriesContext(connection) as seen:
        row.write(by=by)
    assert count(seen) <= 6
    row = Screening.objects.select_related("participant__site", "visit").get(pk=row.pk)
    row.gilbert = "U"
    with CaptureQueriesContext(connection) as seen:
        row.write(by=by)
    assert count(seen) <= 6


@pytest.mark.parametrize("extra_visits", [0, 40])
def test_a_participant_with_consent_and_plan_takes_at_most_25(coordinator, site, extra_visits):
    version = f.make_protocol()
    f.schedule_more(version, extra_visits)
    by = type(coordinator).objects.get(pk=coordinator.pk)
    with CaptureQueriesContext(connection) as seen:
        participant = f.register(by, site, version)
        f.consent(participant, by, timezone.localdate())
    planned = count(seen)
    assert participant.visit_set.count() == 1 + extra_visits
    assert planned <= 25


def test_bulk_write_leaves_rows_without_a_change_alone(participant, coordinator, protocol):
    f.consent(participant, coordinator, timezone.localdate())
    visit = participant.visit_set.get()
    assert Visit.bulk_write([visit], by=coordinator) == 0
    assert visit.history.count() == 1


def test_numbers_are_counted_per_site_and_never_reused(coordinator, site, protocol):
    other = f.make_site("SHX02")
    colleague = f.make_user(Role.COORDINATOR, other)
    first = f.register(coordinator, site, protocol)
    first.void(by=coordinator, reason="registered twice")
    numbers = [
        first.number,
        f.register(coordinator, site, protocol).number,
        f.register(colleague, other, protocol).number,
    ]
    assert numbers == ["CHH01-0001", "CHH01-0002", "SHX02-0001"]


def test_no_participant_before_the_settings_are_confirmed(site, coordinator, protocol, study):
    study.is_demo = False
    study.write(by=f.SETUP, reason="real study")
    with pytest.raises(ValidationError, match="medical monitor"):
        f.register(coordinator, site, protocol)
    protocol.confirmed_at = timezone.now()
    protocol.write(by=f.SETUP, reason="confirmed")
    assert f.register(coordinator, site, protocol).number == "CHH01-0001"


def test_history_carries_no_password(coordinator):
    columns = {field.name for field in type(coordinator).history.model._meta.get_fields()}
    assert "password" not in columns


def test_a_user_name_is_never_reused(coordinator):
    coordinator.is_active = False
    coordinator.write(by=f.SETUP, reason="left")
    with pytest.raises(ValidationError, match="user name"):
        f.make_user(Role.COORDINATOR, username=coordinator.username.upper())


def test_nobody_grants_to_themselves(site):
    admin = f.make_user(Role.ADMINISTRATOR)
    with pytest.raises(ValidationError):
        Membership(user=admin, site=site, began_on=date(2026, 1, 1)).write(by=admin)
    themselves = type(admin).objects.get(pk=admin.pk)
    themselves.role = Role.INVESTIGATOR
    with pytest.raises(ValidationError):
        themselves.write(by=admin, reason="promotion")


def test_the_code_of_a_site_stays(site):
    site.code = "NEW01"
    with pytest.raises(ValidationError, match="stays as it was"):
        site.write(by=f.SETUP, reason="renamed")
    assert Site.objects.get(pk=site.pk).code == "CHH01"


def test_nobody_writes_over_a_newer_row(screening, coordinator, investigator):
    mine, theirs = Screening.objects.get(), Screening.objects.get()
    theirs.gilbert = "Y"
    theirs.write(by=investigator)
    mine.lactating = "N"
    with pytest.raises(ValidationError, match="Somebody else changed"):
        mine.write(by=coordinator)
    row = Screening.objects.get()
    assert (row.gilbert, row.lactating) == ("Y", "")
    assert row.history.count() == 2


def test_a_form_stays_with_its_participant(screening, coordinator, site, protocol):
    screening.participant = f.register(coordinator, site, protocol)
    screening.visit = None
    with pytest.raises(ValidationError, match="stays as it was"):
        screening.write(by=coordinator)
