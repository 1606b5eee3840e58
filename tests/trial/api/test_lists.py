"""Filters, pages and the number of statements of a list."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crf.models import HCGTest
from tests import factories as f
from trial.models import Reminder, Visit

DAY = date(2025, 7, 1)
STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture
def consented(participant, coordinator):
    f.consent(participant, coordinator, DAY)
    return participant


def hcg_drafts(participant, coordinator, count):
    """HCG drafts written at once, so that they share their moment of change."""
    rows = [
        HCGTest(participant=participant, visit=f.visit(participant, "SCR"), not_done_reason=str(n))
        for n in range(count)
    ]
    HCGTest.bulk_write(rows, by=coordinator)
    return rows


def ids(response):
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["results"]]


def statements(client, place):
    with CaptureQueriesContext(connection) as queries:
        rows = client.get(place).json()["results"]
    return len(rows), sum(query["sql"].startswith(STATEMENTS) for query in queries)


@pytest.mark.parametrize("resource", ["participants", "visits", "consents", "hcg-tests"])
def test_a_list_takes_at_most_6_statements_whatever_its_length(
    api, monitor, coordinator, site, protocol, resource
):
    client, measured = api(monitor), []
    for more in (3, 57):
        for _ in range(more):
            f.consent(f.register(coordinator, site, protocol), coordinator, DAY)
        for participant in site.participants.all()[:1]:
            hcg_drafts(participant, coordinator, more)
        measured.append(statements(client, f"/api/v1/{resource}/"))
    (few, cost_of_few), (many, cost_of_many) = measured
    assert (few, many) == (3, 60)
    assert cost_of_few == cost_of_many <= 6


def test_pages_repeat_and_lose_nothing_though_rows_share_a_moment(
    api, monitor, coordinator, consented
):
    rows = hcg_drafts(consented, coordinator, 7)
    place, seen = "/api/v1/hcg-tests/?page_size=3", []
    while place:
        page = api(monitor).get(place).json()
        seen += [row["id"] for row in page["results"]]
        place = page["next"]
    assert seen == sorted(row.pk for row in rows)


def test_a_row_that_changes_between_two_pages_comes_again_at_the_end(
    api, monitor, coordinator, consented
):
    rows = hcg_drafts(consented, coordinator, 4)
    client = api(monitor)
    first = client.get("/api/v1/hcg-tests/?page_size=2").json()
    rows[0].not_done_reason = "changed"
    rows[0].write(by=coordinator)
    second = client.get(first["next"]).json()
    last = client.get(second["next"]).json()
    assert [row["id"] for row in second["results"]] == [rows[2].pk, rows[3].pk]
    assert [row["not_done_reason"] for row in last["results"]] == ["changed"]
    assert last["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "page_size=0",
        "page_size=1001",
        "page_size=x",
        "cursor=nonsense",
        "cursor=WzEsMl0",
        "cursor=%00",
        "participnt=CHH01-0001",
        "state=unknown",
        "changed_since=yesterday",
        "changed_since=2025-07-01T00:00:00",
        "voided=perhaps",
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_by_name(api, monitor, query):
    response = api(monitor).get(f"/api/v1/screenings/?{query}")
    assert response.status_code == 400
    assert list(response.json()) == [query.partition("=")[0]]


def test_1000_rows_is_the_largest_page(api, monitor):
    assert api(monitor).get("/api/v1/screenings/?page_size=1000").status_code == 200


def test_changed_since_gives_what_changed_after_that_moment(api, monitor, coordinator, consented):
    client = api(monitor)
    old, *_ = hcg_drafts(consented, coordinator, 2)
    since = old.changed_at.isoformat().replace("+00:00", "Z")
    assert ids(client.get(f"/api/v1/hcg-tests/?changed_since={since}")) == []
    old.not_done_reason = "changed"
    old.write(by=coordinator)
    assert ids(client.get(f"/api/v1/hcg-tests/?changed_since={since}")) == [old.pk]
    shanghai = old.changed_at.astimezone(f.SHANGHAI) - timedelta(microseconds=1)
    query = shanghai.isoformat().replace("+", "%2B")
    assert ids(client.get(f"/api/v1/hcg-tests/?changed_since={query}")) == [old.pk]


def test_forms_are_found_by_participant_visit_and_state(
    api, monitor, coordinator, consented, site, protocol
):
    client = api(monitor)
    draft, voided, plain = hcg_drafts(consented, coordinator, 3)
    voided.void(by=coordinator, reason="x")
    plain.visit = None
    plain.write(by=coordinator)
    other = f.register(coordinator, site, protocol)
    f.consent(other, coordinator, DAY)
    done = f.hcg(other, coordinator, DAY)

    def found(query):
        return set(ids(client.get(f"/api/v1/hcg-tests/?{query}")))

    assert found("state=draft") == {draft.pk, plain.pk}
    assert found("state=complete") == {done.pk}
    assert found("state=voided") == found("voided=true") == {voided.pk}
    assert found("voided=false") == {draft.pk, plain.pk, done.pk}
    assert found(f"participant={other.number}") == {done.pk}
    assert found("visit=SCR") == {draft.pk, voided.pk}
    assert found("site=CHH01") == {draft.pk, voided.pk, plain.pk, done.pk}
    assert found("participant=CHH01-9999") == set()


def test_visits_are_found_by_what_their_state_means_today(api, monitor, consented):
    client = api(monitor)
    visit = Visit.objects.get()
    today = timezone.localdate(timezone=f.SHANGHAI)
    late = visit.window_last_on < today
    expected = "OVERDUE" if late else "DUE"
    assert ids(client.get(f"/api/v1/visits/?status={expected}")) == [visit.pk]
    assert ids(client.get("/api/v1/visits/?status=DONE")) == []
    day = visit.target_on
    assert ids(client.get(f"/api/v1/visits/?due_before={day}")) == []
    assert ids(client.get(f"/api/v1/visits/?due_before={day + timedelta(days=1)}")) == [visit.pk]


def test_reminders_are_read_at_the_own_sites_only(api, monitor, coordinator, consented, site):
    reminder = Reminder.objects.create(
        participant=consented,
        site=site,
        duty="visit",
        due_on=DAY,
        in_time_until=DAY,
        recipient=coordinator,
        kind="DUE",
        send_on=DAY,
        form="crf.labsample",
        planned_at=timezone.now(),
    )
    client = api(monitor)
    assert ids(client.get("/api/v1/reminders/?duty=visit")) == [reminder.pk]
    assert client.post("/api/v1/reminders/").status_code == 403
    elsewhere = f.make_user("CRA", f.make_site("OTH02"))
    assert ids(api(elsewhere).get("/api/v1/reminders/")) == []
    assert api(elsewhere).get(f"/api/v1/reminders/{reminder.pk}/").status_code == 404
