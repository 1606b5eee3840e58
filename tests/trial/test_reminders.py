from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError

from crf.models import EndOfStudy
from tests import factories as f
from trial.models import Delivery, Heartbeat, Membership, Reminder, Site
from trial.models.reminder import MAX_ATTEMPTS
from trial.reminders import dispatch, plan_reminders
from trial.roles import Role
from trial.tasks import heartbeat, run_reminders, send_delivery

TARGET = date(2026, 4, 15)


def days(number):
    return timedelta(days=number)


def awaited_visit(participant, by, target_on=TARGET):
    """One visit still to come, on `target_on`."""
    f.consent(participant, by, date(2026, 3, 1))
    move(participant, target_on)
    return participant


def move(participant, target_on):
    visit = f.visit(participant, "SCR")
    visit.target_on = visit.window_first_on = visit.window_last_on = target_on
    visit.write(by=f.SETUP, reason="moved")


@pytest.fixture
def on(time_machine):
    """Set the present to 09:00 at the site on a day, plus some minutes."""

    def move_to(day, minutes=0):
        time_machine.move_to(f.local(day) + timedelta(minutes=minutes), tick=False)

    move_to(date(2026, 3, 20))
    return move_to


@pytest.fixture
def expected(on, participant, coordinator):
    return awaited_visit(participant, coordinator)


def plan():
    return plan_reminders(timezone.now())


def ledger(**conditions):
    rows = Reminder.objects.filter(**conditions).order_by("send_on", "pk")
    return [(row.kind, row.state) for row in rows]


# Planning


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


# Sending


def test_one_mail_per_recipient_and_site(
    site, protocol, coordinator, investigator, on, smtp_sink, broker
):
    other = f.make_site("CHH02")
    Membership(user=coordinator, site=other, began_on=date(2024, 1, 1)).write(by=f.SETUP)
    for place in (site, site, other):
        awaited_visit(f.register(coordinator, place, protocol), coordinator)
    on(TARGET + days(3))
    run_reminders()
    broker.work()
    got = sorted((mail["To"], text(mail).count("/go/")) for mail in smtp_sink.mails)
    assert got == sorted([(coordinator.email, 2), (coordinator.email, 1), (investigator.email, 2)])


def text(mail):
    return mail.get_body(("plain",)).get_content()


def test_a_second_run_sends_nothing_twice(expected, on, smtp_sink, broker):
    on(TARGET)
    for minutes in (0, 1, 60):
        on(TARGET, minutes)
        run_reminders()
        run_reminders()
        broker.work()
    assert len(smtp_sink.mails) == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("SENT", 1)
    assert ("DUE", "SENT") in ledger()


def test_a_repeated_request_sends_nothing_twice(expected, on, smtp_sink, broker):
    on(TARGET)
    run_reminders()
    pk = Delivery.objects.get().pk
    send_delivery(pk)
    send_delivery(pk)
    assert len(smtp_sink.mails) == 1


def test_each_kind_is_mailed_on_its_day(expected, coordinator, on, smtp_sink, broker):
    for day in range(-5, 6):
        on(TARGET + days(day))
        run_reminders()
        broker.work()
    sent = Reminder.objects.filter(state="SENT").order_by("sent_at")
    assert [(row.kind, (row.sent_at.date() - TARGET).days) for row in sent] == [
        ("NOTICE", -3), ("DUE", 0), ("OVERDUE", 1), ("ESCALATION", 3),
    ]  # fmt: skip
    assert len(set(smtp_sink.ids)) == 4


def test_a_crash_after_acceptance_repeats_the_mail_under_its_name(
    expected, on, smtp_sink, broker, monkeypatch
):
    on(TARGET)
    run_reminders()
    with monkeypatch.context() as crash:
        crash.setattr(Delivery, "mark_sent", lambda *_: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            broker.work()
    for minutes in (1, 4):  # the lease still holds
        on(TARGET, minutes)
        run_reminders()
        broker.work()
    assert len(smtp_sink.mails) == 1
    on(TARGET, 6)
    run_reminders()
    broker.work()
    assert len(smtp_sink.mails) == 2
    assert len(set(smtp_sink.ids)) == 1
    assert Delivery.objects.get().state == "SENT"


def test_a_mail_that_kills_its_sender_each_time_is_given_up(expected, on, broker, monkeypatch):
    on(TARGET)
    monkeypatch.setattr("trial.mail.compose", lambda *_: (_ for _ in ()).throw(MemoryError))
    for attempt in range(MAX_ATTEMPTS):
        on(TARGET, attempt * 6)
        run_reminders()
        with pytest.raises(MemoryError):
            broker.work()
    on(TARGET, MAX_ATTEMPTS * 6)
    run_reminders()
    broker.work()
    assert Delivery.objects.get().state == "FAILED"


def test_broker_down_loses_nothing(expected, on, smtp_sink, broker, monkeypatch):
    on(TARGET)

    def refuse(*_args, **_options):
        raise OperationalError

    with monkeypatch.context() as down:
        down.setattr(send_delivery, "apply_async", refuse)
        run_reminders()
    assert Delivery.objects.get().state == "PLANNED"
    on(TARGET, 1)
    run_reminders()
    broker.work()
    assert len(smtp_sink.mails) == 1


def test_mail_server_down_then_up(expected, on, smtp_sink, broker):
    on(TARGET)
    smtp_sink.down()
    run_reminders()
    broker.work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("PLANNED", 1)
    assert delivery.error.startswith("ConnectionRefusedError")
    assert ("DUE", "PLANNED") in ledger()
    smtp_sink.up()
    on(TARGET, 0.9)
    run_reminders()
    broker.work()
    assert smtp_sink.mails == []
    on(TARGET, 1)
    run_reminders()
    broker.work()
    assert len(smtp_sink.mails) == 1
    assert Delivery.objects.get().state == "SENT"


def test_each_try_waits_longer_and_the_tenth_is_the_last(expected, on, smtp_sink, broker):
    smtp_sink.refuse = "451 greylisted, CHH01-0001 has a visit"
    on(TARGET)
    run_reminders()
    minutes, waits = 0, []
    while (delivery := Delivery.objects.get()).state != "FAILED":
        send_delivery(delivery.pk)
        delivery.refresh_from_db()
        if delivery.state == "PLANNED":
            wait = (delivery.next_try_at - timezone.now()).total_seconds() / 60
            waits.append(wait)
            minutes += wait
            on(TARGET, minutes)
    assert waits == [1, 5, 15, 60, 60, 60, 60, 60, 60]
    assert delivery.error == "SMTPDataError 451"
    assert ("DUE", "FAILED") in ledger()


def test_what_was_done_meanwhile_is_not_mailed(expected, coordinator, on, smtp_sink, broker):
    on(TARGET)
    run_reminders()
    visit = f.visit(expected, "SCR")
    visit.state, visit.began_on = "DONE", TARGET
    visit.write(by=coordinator, reason="took place")
    plan()
    broker.work()
    assert smtp_sink.mails == []
    assert Delivery.objects.get().state == "CANCELLED"


def test_cancelled_and_planned_again_while_its_mail_waits(expected, on, smtp_sink, broker):
    on(TARGET)
    run_reminders()
    move(expected, TARGET + days(30))
    plan()
    broker.work()
    move(expected, TARGET)
    run_reminders()
    broker.work()
    assert len(smtp_sink.mails) == 1
    assert ("DUE", "SENT") in ledger()


def test_planned_again_while_its_mail_is_on_the_way_it_goes_with_the_next(
    expected, on, smtp_sink, broker
):
    on(TARGET)
    plan()
    dispatch(timezone.now())
    delivery = Delivery.objects.claim(Delivery.objects.get().pk, lease=timedelta(minutes=5))
    delivery.mark_sent([])  # it was composed while the row was cancelled
    run_reminders()
    broker.work()
    assert len(smtp_sink.mails) == 1


def test_a_sender_that_lost_its_lease_does_not_undo_what_the_next_did(expected, on, smtp_sink):
    on(TARGET)
    plan()
    dispatch(timezone.now())
    pk = Delivery.objects.get().pk
    slow = Delivery.objects.claim(pk, lease=timedelta(minutes=5))
    on(TARGET, 6)
    send_delivery(pk)
    slow.mark_failed("TimeoutError")
    assert Delivery.objects.get().state == "SENT"


def test_a_fault_in_planning_does_not_hold_back_what_was_planned(
    expected, on, smtp_sink, broker, monkeypatch
):
    on(TARGET)
    plan()
    monkeypatch.setattr("trial.tasks.plan_reminders", lambda _now: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_reminders()
    broker.work()
    assert len(smtp_sink.mails) == 1


def test_the_heartbeat_is_that_of_the_scheduler(db, on):
    for minutes in (0, 5):
        on(TARGET, minutes)
        heartbeat()
    assert Heartbeat.objects.get(name="scheduler").at == timezone.now()


@pytest.mark.parametrize("task", [run_reminders, send_delivery, heartbeat])
def test_the_schedule_knows_the_tasks_by_name(task):
    assert task.name == f"trial.tasks.{task.__name__}"
    assert task.acks_late


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="the test database in memory has one connection"
)
@pytest.mark.django_db(transaction=True)
def test_four_passes_at_once_make_each_row_and_mail_once(
    expected, investigator, on, smtp_sink, broker
):
    on(TARGET + days(3))
    together = Barrier(4)

    def one_pass(_number):
        together.wait()
        try:
            run_reminders()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one_pass, range(4)))
    broker.work()
    assert len(smtp_sink.mails) == Delivery.objects.count() == 2
    assert sorted(ledger()) == [
        ("DUE", "CANCELLED"),
        ("ESCALATION", "SENT"),
        ("NOTICE", "CANCELLED"),
        ("OVERDUE", "SENT"),
    ]
