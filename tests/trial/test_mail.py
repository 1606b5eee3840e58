import re
import uuid
from datetime import date, timedelta
from decimal import Decimal
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import polib
import pytest
from django.apps import apps
from django.db.models import CharField, DateField, DateTimeField, DecimalField, TextField
from django.utils import timezone

from safety.models import AdverseEvent
from tests import factories as f
from trial.mail import compose, describe
from trial.models import Delivery, Participant, ProtocolVersion, Reminder, Site, Study, User
from trial.models.base import Tracked
from trial.reminders import dispatch, plan_reminders
from trial.roles import Role
from trial.tasks import run_reminders

DAY_0 = date(2026, 3, 2)
D28 = date(2026, 3, 30)
WORDS = re.compile(
    r"(?i:pregnan|hcg|contracep|adverse|infusion|chemo|lymphodep)|CRS|ICANS|CAR|妊娠|避孕|输注|不良"
)


@pytest.fixture
def due(participant, coordinator, investigator, pharmacist, time_machine):
    """Day 28 of a treated woman: a visit, a contraception check and an HCG test are due."""
    time_machine.move_to(f.local(DAY_0 + timedelta(days=1)), tick=False)
    f.until_day_0(participant, coordinator, DAY_0)
    f.hcg(participant, coordinator, DAY_0)
    f.infusion(participant, coordinator, investigator, pharmacist, DAY_0)
    f.contraception(participant, coordinator, DAY_0, method="OTHER", method_other="calendar")
    AdverseEvent(participant=participant, term="Spotted fever of the toes").write(by=coordinator)
    time_machine.move_to(f.local(D28), tick=False)
    return participant


def mails():
    """What goes out now, by recipient."""
    plan_reminders(timezone.now())
    dispatch(timezone.now())
    return {
        delivery.recipient_id: compose(delivery, delivery.open_reminders())
        for delivery in Delivery.objects.select_related("recipient")
    }


def parts(message):
    """Every part as a reader sees it: header lines, text, HTML."""
    mail = message.message()
    headers = "\n".join(
        f"{name}: {value}" for name, value in mail.items() if name != "MIME-Version"
    )
    return headers, message.body, message.alternatives[0].content


def test_it_says_site_number_date_and_when(due, coordinator):
    _headers, text, html = parts(mails()[coordinator.pk])
    for body in (text, html):
        for word in ("CHH01", "CHH01-0001", "2026-03-30", "due today"):
            assert word in body


def test_actions_of_one_participant_on_one_day_share_a_line(due, coordinator):
    _headers, text, html = parts(mails()[coordinator.pk])
    assert text.count("2026-03-30") == 1
    tokens = Reminder.objects.filter(recipient=coordinator, due_on=D28, kind="DUE")
    assert tokens.count() == 3  # visit, contraception check, HCG test
    for reminder in tokens:
        link = f"http://localhost:8000/go/{reminder.token}/"
        assert link in text
        assert link in html


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (-1, {"due soon"}),
        (0, {"due today"}),
        (1, {"due", "overdue"}),  # the visit's window is still open, the monthly check is late
        (3, {"due", "overdue"}),
        (4, {"overdue"}),
    ],
)
def test_when_is_told_by_the_day_at_the_site(due, coordinator, time_machine, day, words):
    time_machine.move_to(f.local(D28 + timedelta(days=day), 0, 30), tick=False)  # UTC: a day before
    lines = [x for x in mails()[coordinator.pk].body.splitlines() if "2026-03-30" in x]
    assert {line.rpartition("  ")[2] for line in lines} == words


def test_headers_ask_for_no_automatic_answer(due, coordinator):
    message = mails()[coordinator.pk]
    mail = message.message()
    assert mail["Message-ID"] == Delivery.objects.get(recipient=coordinator).message_id
    assert re.fullmatch(r"<[0-9a-f-]{36}@localhost>", mail["Message-ID"])
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["To"] == coordinator.email


@pytest.mark.mail
def test_over_smtp_each_in_their_language(
    due, coordinator, site, smtp_sink, broker, settings, tmp_path
):
    """With a catalogue of our own: the test does not hang on the wording of the real one."""
    chinese = {
        "Follow-up actions are due": "有随访事项到期",
        "due today": "今天到期",
        "Site": "中心",
    }
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    catalogue.extend(polib.POEntry(msgid=en, msgstr=zh) for en, zh in chinese.items())
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalogue.save_as_mofile(folder / "django.mo")
    settings.LOCALE_PATHS = [tmp_path]
    reader = f.make_user(Role.COORDINATOR, site, language="zh-hans")
    run_reminders()
    broker.work()
    got = {mail["To"]: mail for mail in smtp_sink.mails}
    english, translated = got[coordinator.email], got[reader.email]
    assert english["Subject"] == "Follow-up actions are due"
    assert "due today" in english.get_body(("plain",)).get_content()
    assert 'lang="en"' in english.get_body(("html",)).get_content()
    assert translated["Subject"] == "有随访事项到期"
    assert "今天到期" in translated.get_body(("plain",)).get_content()
    assert "中心" in translated.get_body(("html",)).get_content()
    assert 'lang="zh-hans"' in translated.get_body(("html",)).get_content()


def stored_values():
    """Every stored text, number and date, but for what a mail may name: study, site, number."""
    allowed = {Site: {"code"}, Participant: {"number"}}
    kinds = (CharField, TextField, DecimalField, DateField, DateTimeField)
    found = set()
    for model in apps.get_models():
        if not issubclass(model, Tracked) or model in (User, Study, ProtocolVersion):
            continue
        names = {x.name for x in model._meta.concrete_fields if isinstance(x, kinds)}
        for row in model.objects.values(*(names - allowed.get(model, set()))):
            for value in row.values():
                found.add(f"{value.normalize():f}" if isinstance(value, Decimal) else str(value))
    return {value for value in found if len(value) > 2}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_health_data(due, site, language):
    reader = f.make_user(Role.COORDINATOR, site, language=language)
    values = stored_values()
    assert {"Spotted fever of the toes", "calendar", "D28"} <= values
    message = mails()[reader.pk]
    values -= {str(day) for day in Reminder.objects.values_list("due_on", flat=True)}
    assert len(message.body.splitlines()) > 5
    for part in parts(message):
        seen = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", part)  # tokens are random
        seen = re.sub(r'style="[^"]*"', "", seen)
        assert not WORDS.search(seen)
        told = {v for v in values if re.search(rf"(?<![\w-]){re.escape(v)}(?![\w-])", seen)}
        assert told == set()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectionRefusedError(111, "to 10.0.0.1"), "ConnectionRefusedError 111"),
        (TimeoutError("timed out"), "TimeoutError"),
        (SMTPServerDisconnected("after CHH01-0001"), "SMTPServerDisconnected"),
        (SMTPRecipientsRefused({"a@b.c": (550, b"no a@b.c")}), "SMTPRecipientsRefused 550"),
    ],
)
def test_an_error_is_its_class_and_code(error, text):
    assert describe(error) == text


# The link


@pytest.fixture
def reminder(due, coordinator):
    def of(duty):
        plan_reminders(timezone.now())
        return Reminder.objects.get(recipient=coordinator, duty=duty, due_on=D28, kind="DUE")

    return of


def follow(client, reminder, user=None):
    if user:
        client.force_login(user)
    return client.get(f"/go/{reminder.token}/")


def test_the_link_asks_for_a_login_and_comes_back(client, reminder):
    answer = follow(client, row := reminder("hcg"))
    assert answer.status_code == 302
    assert answer.url == f"/admin/login/?next=/go/{row.token}/"
    row.refresh_from_db()
    assert row.acknowledged_at is None


@pytest.mark.parametrize(
    ("duty", "where"),
    [
        ("visit", "/admin/casebook/CHH01-0001/"),
        ("contraception", "/admin/crf/contraceptioncheck/add/?participant={}"),
        ("hcg", "/admin/crf/hcgtest/add/?participant={}"),
    ],
)
def test_the_link_leads_to_the_form(client, reminder, coordinator, duty, where):
    row = reminder(duty)
    assert follow(client, row, coordinator).url == where.format(row.participant_id)
    row.refresh_from_db()
    assert (row.state, row.acknowledged_at) == ("ACKNOWLEDGED", timezone.now())


def test_who_may_not_enter_the_form_sees_the_casebook_and_acknowledges_nothing(
    client, reminder, monitor
):
    row = reminder("hcg")
    assert follow(client, row, monitor).url == "/admin/casebook/CHH01-0001/"
    row.refresh_from_db()
    assert row.state == "PLANNED"


def test_the_link_is_unknown_at_another_site(client, reminder):
    stranger = f.make_user(Role.COORDINATOR, f.make_site("CHH02"))
    assert follow(client, reminder("hcg"), stranger).status_code == 404


def test_an_unknown_link_is_not_found(client, coordinator):
    client.force_login(coordinator)
    assert client.get(f"/go/{uuid.uuid4()}/").status_code == 404


def test_the_link_of_what_is_done_leads_to_the_casebook(client, reminder, coordinator, due):
    row = reminder("hcg")
    f.hcg(due, coordinator, D28)
    plan_reminders(timezone.now())
    assert follow(client, row, coordinator).url == "/admin/casebook/CHH01-0001/"
    row.refresh_from_db()
    assert row.state == "CANCELLED"
