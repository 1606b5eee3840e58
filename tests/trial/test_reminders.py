from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crf.models import EndOfStudy
from tests import factories as f
from tests.ledger import TARGET, awaited_visit, days, ledger, move, plan
from trial.models import Membership, Reminder, Site
from trial.reminders import dispatch
from trial.roles import Role
from trial.tasks import run_reminders


@pytest.mark.parametrize(
    ("day", "kinds"),
    [
        (-5, []),
        (-4, ["NOTICE"]),  # a day ahead, so that the ledger shows it
        (-2, ["NOTICE"]),
        (-1, ["NOTICE", "DUE"]),
        (0, ["NOTICE", "DUE", "OVERDUE"]),
        (1, ["NOTICE", "DUE", "OVERDUE"]),
        (2, ["NOTICE", "DUE", "OVERDUE", "ESCALATION"]),
    ],
)
def test_a_row_per_kind_from_the_day_before_it_goes_out(
    expected, coordinator, investigator, on, day, kinds
):
    on(TARGET + days(day))
    plan()
    assert [kind for kind, _state in ledger()] == kinds


@pytest.mark.parametrize(
    ("day", "mailed"),
    [
        (-4, None),
        (-3, "NOTICE"),
        (-1, "NOTICE"),
        (0, "DUE"),
        (1, "OVERDUE"),
        (2, "OVERDUE"),
        (90, "OVERDUE"),
    ],
)
def test_only_the_latest_kind_whose_day_has_come_is_mailed(expected, on, day, mailed):
    on(TARGET + days(day))
    f.make_user(Role.INVESTIGATOR, expected.site)
    plan()
    dispatch(timezone.now())
    rows = Reminder.objects.filter(recipient__role=Role.COORDINATOR, delivery__isnull=False)
    assert [row.kind for row in rows] == ([mailed] if mailed else [])


@pytest.mark.parametrize(("day", "escalated"), [(2, False), (3, True), (90, True)])
def test_escalation_goes_to_the_investigator_alone(expected, investigator, on, day, escalated):
    on(TARGET + days(day))
    plan()
    dispatch(timezone.now())
    rows = Reminder.objects.filter(recipient=investigator, delivery__isnull=False)
    assert [row.kind for row in rows] == (["ESCALATION"] if escalated else [])
    assert not Reminder.objects.filter(kind="ESCALATION").exclude(recipient=investigator).exists()


def test_the_offsets_are_those_of_the_protocol_version(expected, protocol, on):
    protocol.notice_days, protocol.overdue_days, protocol.escalation_days = 10, 5, 20
    protocol.write(by=f.SETUP, reason="amended")
    on(TARGET + days(20))
    plan()
    assert list(Reminder.objects.order_by("send_on").values_list("send_on", flat=True)) == [
        TARGET - days(10),
        TARGET,
        TARGET + days(5),
        TARGET + days(20),
    ]


def test_a_standstill_leaves_no_flood(expected, investigator, on):
    on(TARGET + days(10))
    plan()
    assert ledger() == [
        ("NOTICE", "CANCELLED"),
        ("DUE", "CANCELLED"),
        ("OVERDUE", "PLANNED"),
        ("ESCALATION", "PLANNED"),
    ]


def test_a_second_pass_changes_nothing(expected, on):
    on(TARGET + days(1))
    assert plan().created == 3
    before = list(Reminder.objects.order_by("pk").values())
    assert plan() == (0, 0, 0, 0)
    assert list(Reminder.objects.order_by("pk").values()) == before


def test_what_took_place_needs_no_reminder(expected, coordinator, on):
    on(TARGET)
    plan()
    visit = f.visit(expected, "SCR")
    visit.state, visit.began_on = "DONE", TARGET
    visit.write(by=coordinator, reason="took place")
    assert plan().cancelled == 2
    assert {state for _kind, state in ledger()} == {"CANCELLED"}


def test_who_left_the_study_is_not_waited_for(expected, coordinator, on):
    on(TARGET)
    plan()
    EndOfStudy(participant=expected, ended_on=TARGET, reason="LOST TO FOLLOW-UP").write(
        by=coordinator, complete=True
    )
    plan()
    assert {state for _kind, state in ledger()} == {"CANCELLED"}


def test_a_moved_day_0_moves_the_reminders_and_back(participant, coordinator, on):
    day_0 = date(2026, 4, 10)
    on(day_0 - days(6))
    consented_on = day_0 - days(12)
    f.consent(participant, coordinator, consented_on)
    f.demographics(participant, coordinator)
    f.screening(participant, coordinator, consented_on)
    f.hcg(participant, coordinator, consented_on)
    f.enrol(participant, coordinator, day_0 - days(9))
    course = f.course(participant, coordinator, day_0)
    plan()

    def due_dates():
        return sorted(
            {row.due_on for row in Reminder.objects.filter(state="PLANNED")} - {consented_on}
        )

    # lymphodepletion on D-5, -4, -3; infusion has no notice yet
    assert due_dates() == [day_0 - days(n) for n in (5, 4, 3)]
    course.planned_on = day_0 + days(1)
    course.write(by=coordinator, reason="bed not free")
    plan()
    assert due_dates() == [day_0 - days(n) for n in (4, 3, 2)]
    course.planned_on = day_0
    course.write(by=coordinator, reason="bed free after all")
    rows = Reminder.objects.count()
    assert plan().revived > 0
    assert due_dates() == [day_0 - days(n) for n in (5, 4, 3)]
    assert Reminder.objects.count() == rows


def test_a_reminder_that_was_sent_is_not_planned_again(expected, on, smtp_sink, broker):
    on(TARGET)
    run_reminders()
    broker.work()
    move(expected, TARGET + days(30))
    plan()
    move(expected, TARGET)
    plan()
    assert ("DUE", "SENT") in ledger()
    assert dispatch(timezone.now()) == 0


@pytest.mark.parametrize(("began", "ended", "told"), [
    (0, None, True), (0, 0, True), (1, None, False), (-9, -1, False),
])  # fmt: skip
def test_who_is_delegated_that_day_is_told(expected, site, on, began, ended, told):
    on(TARGET)
    deputy = f.make_user(Role.COORDINATOR)
    Membership(
        user=deputy, site=site, began_on=TARGET + days(began),
        ended_on=None if ended is None else TARGET + days(ended),
    ).write(by=f.SETUP)  # fmt: skip
    plan()
    assert Reminder.objects.filter(recipient=deputy).exists() is told


def test_who_is_delegated_no_longer_is_told_no_longer(expected, coordinator, on):
    on(TARGET)
    plan()
    delegation = coordinator.memberships.get()
    delegation.ended_on = TARGET - days(1)
    delegation.write(by=f.SETUP, reason="left")
    assert plan().unaddressed == 1
    assert {state for _kind, state in ledger()} == {"CANCELLED"}


@pytest.mark.parametrize("role", [Role.MONITOR, Role.SUB_INVESTIGATOR, Role.DATA_MANAGER])
def test_other_roles_are_not_told(expected, site, on, role):
    other = f.make_user(role, site)
    on(TARGET + days(5))
    plan()
    assert not Reminder.objects.filter(recipient=other).exists()


def test_another_sites_staff_are_not_told(expected, on):
    other = f.make_user(Role.COORDINATOR, f.make_site("CHH02"))
    on(TARGET)
    plan()
    assert not Reminder.objects.filter(recipient=other).exists()


def test_a_disabled_account_is_not_told(expected, coordinator, on):
    coordinator.is_active = False
    coordinator.write(by=f.SETUP, reason="left")
    on(TARGET)
    assert plan() == (0, 0, 0, 1)


def test_a_site_with_only_an_investigator_is_told_everything(
    expected, coordinator, investigator, on
):
    delegation = coordinator.memberships.get()
    delegation.ended_on = date(2026, 3, 20)
    delegation.write(by=f.SETUP, reason="left")
    on(TARGET + days(3))
    plan()
    assert ledger(recipient=investigator)[-1] == ("ESCALATION", "PLANNED")
    assert len(ledger(recipient=investigator)) == 4


def test_the_day_is_that_of_the_site(protocol, time_machine):
    """15 April, 00:30 in Shanghai is still the 14th in New York."""
    for code, zone in (("CHH01", "Asia/Shanghai"), ("NYC01", "America/New_York")):
        site = Site(code=code, name=code, time_zone=zone)
        site.write(by=f.SETUP)
        time_machine.move_to(f.local(date(2026, 3, 20)))
        by = f.make_user(Role.COORDINATOR, site)
        awaited_visit(f.register(by, site, protocol), by)
    time_machine.move_to(datetime(2026, 4, 15, 0, 30, tzinfo=ZoneInfo("Asia/Shanghai")))
    plan()
    assert ledger(site__code="CHH01", state="PLANNED") == [
        ("DUE", "PLANNED"),
        ("OVERDUE", "PLANNED"),
    ]
    assert ledger(site__code="NYC01", state="PLANNED") == [
        ("NOTICE", "PLANNED"),
        ("DUE", "PLANNED"),
    ]


def test_planning_asks_the_same_of_the_database_for_2_and_for_20(coordinator, site, protocol, on):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            plan()
        return len(asked)

    counts = []
    for until in (2, 20):
        on(date(2026, 3, 20))
        while site.participants.count() < until:
            awaited_visit(f.register(coordinator, site, protocol), coordinator)
        on(TARGET)
        first = queries()
        counts.append((first, queries()))
    assert counts[0] == counts[1]
    assert counts[0][0] <= 20


@pytest.mark.parametrize(
    ("day", "kind"), [(6, "DUE"), (7, "DUE"), (8, "OVERDUE"), (9, "OVERDUE"), (10, "ESCALATION")]
)
def test_a_visit_is_late_only_after_its_window(participant, coordinator, time_machine, day, kind):
    awaited_visit(participant, coordinator)
    visit = f.visit(participant, "SCR")
    visit.window_last_on = TARGET + days(7)
    visit.write(by=f.SETUP, reason="window")
    time_machine.move_to(f.local(TARGET + days(day), 9), tick=False)
    plan()
    latest = Reminder.objects.exclude(state="CANCELLED").filter(send_on__lte=TARGET + days(day))
    assert latest.latest("send_on").kind == kind
