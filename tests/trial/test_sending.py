from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from tests import factories as f
from tests.ledger import TARGET, awaited_visit, days, ledger, move, plan
from trial.models import Delivery, Heartbeat, Membership, Reminder
from trial.models.delivery import MAX_ATTEMPTS
from trial.reminders import dispatch
from trial.tasks import heartbeat, run_reminders, send_delivery


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
