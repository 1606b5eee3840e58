from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.landing import SHOWN, tasks_of
from crf.models import EndOfStudy, LabSample, ProductBag
from tests import factories as f
from trial.models import Participant, Visit
from trial.roles import Role

AT_MOST = 20


@pytest.fixture
def today():
    return timezone.localdate(timezone=f.SHANGHAI)


def get(client, user):
    client.force_login(user)
    return client.get(reverse("admin:index"))


def block(page, key):
    return next(b for b in page.context["blocks"] if b.status.key == key)


def told(page):
    """(participant, what) per block."""
    return {
        b.status.key: [(task.number, task.what) for task in b.tasks]
        for b in page.context["blocks"]
        if b.tasks
    }


@pytest.mark.parametrize(
    ("days_ago", "key", "late"),
    [(0, "due", -27), (27, "due", 0), (28, "overdue", 1), (30, "overdue", 3)],
)
def test_screening_is_due_for_28_days_then_overdue(
    client, coordinator, participant, today, days_ago, key, late
):
    f.consent(participant, coordinator, today - timedelta(days=days_ago))
    page = get(client, coordinator)
    assert told(page) == {key: [("CHH01-0001", "Visit Screening")]}
    task = block(page, key).tasks[0]
    assert task.late == late
    visit = f.visit(participant, "SCR")
    assert task.url == f"{reverse('casebook', args=['CHH01-0001'])}#visit-{visit.pk}"
    words = {1: "1 day late", 3: "3 days late"}
    assert words.get(late, "until ") in page.content.decode()


def test_today_is_the_date_at_the_site(client, coordinator, participant):
    """At 17:00 UTC it is the next day in Shanghai."""
    with time_machine.travel("2026-05-01T04:00:00Z", tick=False):
        consented = timezone.localdate(timezone=f.SHANGHAI) - timedelta(days=27)
        f.consent(participant, coordinator, consented)
        assert list(told(get(client, coordinator))) == ["due"]
    with time_machine.travel("2026-05-01T17:00:00Z", tick=False):
        assert list(told(get(client, coordinator))) == ["overdue"]


@pytest.mark.parametrize(("days_ahead", "shown"), [(12, True), (13, False)])  # LD1 is D-5
def test_a_visit_comes_up_a_week_before_its_window(
    client, coordinator, participant, today, days_ahead, shown
):
    begin = today - timedelta(days=3)
    f.consent(participant, coordinator, begin)
    f.demographics(participant, coordinator, childbearing="N")
    f.screening(participant, coordinator, begin)
    f.enrol(participant, coordinator, begin)
    f.course(participant, coordinator, today + timedelta(days=days_ahead))
    coming = told(get(client, coordinator)).get("planned", [])
    assert ((participant.number, "Visit Lymphodepletion 1") in coming) is shown


def test_checks_and_tests_lead_to_their_form(client, coordinator, monitor, participant, today):
    day_0 = today - timedelta(days=40)
    f.until_day_0(participant, coordinator, day_0)  # last treatment 43 days ago, so one is overdue
    page = get(client, coordinator)
    late = {t.what: t for t in block(page, "overdue").tasks}
    assert late["HCG test"].url == (
        reverse("admin:crf_hcgtest_add") + f"?participant={participant.pk}"
    )
    assert late["Contraception check"].late == (today - late["Contraception check"].on).days > 0
    for task in block(
        get(client, monitor), "overdue"
    ).tasks:  # who may not add goes to the casebook
        assert task.url.startswith(reverse("casebook", args=[participant.number]))


def test_nothing_of_another_site_is_shown(client, coordinator, participant, protocol, today):
    f.consent(participant, coordinator, today - timedelta(days=40))
    elsewhere = f.make_user(Role.COORDINATOR, f.make_site("CHH02"))
    page = get(client, elsewhere)
    assert "CHH01-0001" not in page.content.decode()
    assert told(page) == {}
    assert page.context["recent"] == []


def test_recently_entered_tells_what_who_and_the_state(client, coordinator, participant, today):
    f.consent(participant, coordinator, today)
    sample = LabSample(participant=participant, laboratory="Central")
    sample.write(by=coordinator)
    newest, consent = get(client, coordinator).context["recent"]
    assert (newest.label, newest.pk, newest.kind) == ("crf.labsample", sample.pk, "+")
    assert (newest.person, newest.status.key) == (coordinator.full_name, "draft")
    assert newest.url == reverse("admin:crf_labsample_change", args=[sample.pk])
    assert (consent.label, consent.status.key) == ("trial.consent", "complete")


def test_a_changed_row_stands_once_with_who_changed_it(
    client, coordinator, investigator, participant, today
):
    f.consent(participant, coordinator, today)
    sample = LabSample(participant=participant, laboratory="Central")
    sample.write(by=coordinator)
    sample.laboratory = "Local"
    sample.write(by=investigator)
    found = [e for e in get(client, coordinator).context["recent"] if e.label == "crf.labsample"]
    assert [(e.kind, e.person) for e in found] == [("~", investigator.full_name)]


def test_the_twenty_newest_are_shown_over_all_forms(client, coordinator, participant, today):
    f.consent(participant, coordinator, today)
    for n in range(25):
        LabSample(participant=participant, laboratory=f"L{n}").write(by=coordinator)
    recent = get(client, coordinator).context["recent"]
    newest = LabSample.objects.order_by("-pk").values_list("pk", flat=True)[:20]
    assert [entry.pk for entry in recent] == list(newest)


def test_a_long_block_unfolds(client, coordinator, site, protocol, today):
    for _n in range(SHOWN + 2):
        f.consent(f.register(coordinator, site, protocol), coordinator, today)
    page = get(client, coordinator)
    assert (len(block(page, "due").first), len(block(page, "due").rest)) == (SHOWN, 2)
    assert "<summary>2 more</summary>" in page.content.decode()


def test_an_empty_study_says_what_to_do_next(client, coordinator, monitor, protocol):
    page = get(client, coordinator).content.decode()
    assert "Begin with “Register a participant”" in page
    assert reverse("admin:trial_participant_add") in page
    assert "Nothing has been entered at your sites yet." in page
    page = get(client, monitor).content.decode()
    assert "No participant is registered at your sites yet." in page
    assert reverse("admin:trial_participant_add") not in page


def test_the_administrator_sees_accounts_and_no_participant(client, coordinator, participant):
    page = get(client, f.make_user(Role.ADMINISTRATOR))
    text = page.content.decode()
    assert participant.number not in text
    assert "blocks" not in page.context
    assert not page.context["sees_forms"]
    assert reverse("admin:trial_user_changelist") in text
    assert dict(page.context["tiles"])["active accounts"] == 2


def test_the_pharmacist_sees_bags_and_no_duties(
    client, coordinator, pharmacist, participant, today
):
    f.consent(participant, coordinator, today - timedelta(days=40))
    f.bag(participant, coordinator, pharmacist, today - timedelta(days=1))
    waiting = ProductBag(participant=participant, lot="LOT-WAITS")
    waiting.write(by=pharmacist)
    page = get(client, pharmacist)
    assert [bag.lot for bag, _url in page.context["bags"]] == ["LOT-WAITS"]
    assert "blocks" not in page.context
    assert {entry.label for entry in page.context["recent"]} == {"crf.productbag"}
    assert reverse("admin:crf_productbag_add") in page.content.decode()


@pytest.mark.parametrize("role", [r for r in Role if r != Role.SYSTEM])
def test_every_role_has_a_page(client, site, participant, role):
    assert get(client, f.make_user(role, site)).status_code == 200


def test_the_number_of_queries_does_not_grow(
    client, coordinator, investigator, pharmacist, site, protocol, today
):
    def count():
        client.force_login(coordinator)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("admin:index")).status_code == 200
        return len(queries)

    for number in range(10):
        person = f.register(coordinator, site, protocol)
        f.until_day_0(person, coordinator, today - timedelta(days=30))
        if number == 0:
            one = count()
    assert count() == one <= AT_MOST


def test_sites_in_two_dates_each_have_their_own_today(site, protocol):
    """A participant in Honolulu is not overdue because the day is over in Shanghai."""
    far = f.make_site("HNL01")
    far.time_zone = "Pacific/Honolulu"
    far.write(by=f.SETUP, reason="in Hawaii")
    with time_machine.travel("2026-05-01T04:00:00Z", tick=False):  # 30 April there
        user = f.make_user(Role.COORDINATOR, site, far)
        today = timezone.localdate(timezone=f.SHANGHAI)
        for place, ago in ((site, 28), (far, 27)):  # 9 o'clock here is the day before there
            f.consent(f.register(user, place, protocol), user, today - timedelta(days=ago))
        windows = set(Visit.objects.values_list("window_last_on", flat=True))
        assert windows == {today - timedelta(days=1)}
        people = list(
            Participant.objects.values("pk", "number", "status", "site_id", "site__time_zone")
        )
        keys = {task.number: task.status.key for task in tasks_of(user, people)}
    assert keys["CHH01-0001"] == "overdue"
    assert keys["HNL01-0001"] == "due"


def test_who_left_the_study_has_no_duties(site, protocol, coordinator):
    """As in the reminders: withdrawn is withdrawn."""
    today = timezone.localdate(timezone=f.SHANGHAI)
    person = f.register(coordinator, site, protocol)
    f.until_day_0(person, coordinator, today - timedelta(days=40))
    mine = [{"pk": person.pk, "number": person.number, "site_id": site.pk,
             "site__time_zone": site.time_zone}]  # fmt: skip
    duties = {task.what for task in tasks_of(coordinator, mine)}
    assert "HCG test" in duties
    end = EndOfStudy(participant=person, ended_on=today, reason="LOST TO FOLLOW-UP")
    end.write(by=coordinator, complete=True)
    assert list(tasks_of(coordinator, mine)) == []
