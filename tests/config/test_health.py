from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from config import health
from config.embedded import free_port
from trial.models import Delivery, Heartbeat

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SECOND = timedelta(seconds=1)


@pytest.fixture
def delivery(coordinator):
    def make(state, age):
        number = Delivery.objects.count()
        return Delivery.objects.create(
            message_id=f"<{number}@test>", recipient=coordinator, state=state, created_at=NOW - age
        )

    return make


def test_nothing_was_ever_heard_of_the_scheduler():
    assert health.scheduler(NOW) == "silent since the start"


@pytest.mark.parametrize(
    ("age", "well"), [(timedelta(minutes=3), True), (timedelta(minutes=3) + SECOND, False)]
)
def test_a_heartbeat_counts_for_three_minutes(age, well):
    Heartbeat.objects.create(name="scheduler", at=NOW - age)
    silent = f"silent since {NOW - age:%Y-%m-%dT%H:%M:%SZ}"
    assert health.scheduler(NOW) == ("ok" if well else silent)


@pytest.mark.parametrize(
    ("state", "minutes", "word"),
    [
        ("FAILED", 0, "1 overdue"),
        ("PLANNED", 15, "ok"),
        ("PLANNED", 16, "1 overdue"),
        ("SENDING", 15, "ok"),
        ("SENDING", 16, "1 overdue"),
        ("SENT", 16, "ok"),
    ],
)
def test_mail_that_did_not_leave_in_time_is_overdue(delivery, state, minutes, word):
    delivery(state, timedelta(minutes=minutes))
    assert health.mail(NOW) == word


def test_overdue_mail_is_counted(delivery):
    for state in ("FAILED", "PLANNED", "SENDING", "SENT"):
        delivery(state, timedelta(hours=1))
    assert health.mail(NOW) == "3 overdue"


@pytest.mark.broker
def test_all_is_well(client, settings, broker_url):
    settings.CELERY_BROKER_URL = broker_url
    Heartbeat.objects.create(name="scheduler", at=timezone.now())
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok", "database": "ok", "broker": "ok", "scheduler": "ok", "mail": "ok",
    }  # fmt: skip
    assert "no-cache" in answer["Cache-Control"]


def test_a_dead_broker_has_its_own_word_and_keeps_its_address_to_itself(client, settings):
    port = free_port()
    settings.CELERY_BROKER_URL = f"redis://:secret@127.0.0.1:{port}/0"
    Heartbeat.objects.create(name="scheduler", at=timezone.now())
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "failing", "database": "ok", "broker": "unreachable", "scheduler": "ok",
        "mail": "ok",
    }  # fmt: skip
    assert "secret" not in answer.text


def test_a_dead_database_has_its_own_word(client, settings, monkeypatch):
    def fail(now):
        raise DatabaseError("password authentication failed for user")

    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"
    monkeypatch.setattr(health, "scheduler", fail)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() | {"broker": ""} == {
        "status": "failing", "database": "unreachable", "broker": "", "scheduler": "unknown",
        "mail": "unknown",
    }  # fmt: skip


def test_it_asks_the_database_twice(client, settings, django_assert_num_queries):
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"
    with django_assert_num_queries(2):
        client.get("/healthz")
