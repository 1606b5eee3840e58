from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.casebook import grid
from config.forms import entries, form_models
from crf.models import CrfForm, Demographics, LabSample
from tests import factories as f
from trial.models import Participant, Visit
from trial.roles import Role

AT_MOST = 25


@pytest.fixture
def today():
    return timezone.localdate(timezone=f.SHANGHAI)


@pytest.fixture
def screened(participant, coordinator, today):
    f.consent(participant, coordinator, today - timedelta(days=2))
    return participant


def sample(participant, by, code, **fields):
    row = LabSample(participant=participant, visit=f.visit(participant, code), **fields)
    row.write(by=by, complete="performed" in fields)
    return row


def cells(participant, user, code):
    """Form label in the page's words: its cell at one visit."""
    found = list(entries(form_models(user), lambda m: m.objects.filter(participant=participant)))
    rows, _columns = grid(Participant.objects.get(pk=participant.pk), user, found)
    row = next(r for r in rows if r.visit.scheduled.code == code)
    return {str(cell.column): cell for cell in row.cells}


def get(client, user, participant):
    client.force_login(user)
    return client.get(reverse("casebook", args=[participant.number]))


def test_another_sites_casebook_does_not_exist(client, participant, protocol):
    elsewhere = f.make_user(Role.COORDINATOR, f.make_site("CHH02"))
    assert get(client, elsewhere, participant).status_code == 404


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.PHARMACIST])
def test_roles_without_casebooks_get_none(client, participant, site, role):
    assert get(client, f.make_user(role, site), participant).status_code == 404


def test_nobody_reads_it_without_login(client, participant):
    answer = client.get(reverse("casebook", args=[participant.number]))
    assert (answer.status_code, answer.url.split("?")[0]) == (302, reverse("admin:login"))


def test_before_consent_the_page_says_where_to_begin(client, coordinator, participant):
    page = get(client, coordinator, participant)
    assert page.context["rows"] == []
    assert page.context["consent_url"] == (
        reverse("admin:trial_consent_add") + f"?participant={participant.pk}"
    )
    assert "The visits are planned once consent is recorded." in page.content.decode()


def test_a_missing_form_leads_to_its_add_page(client, coordinator, screened):
    page = get(client, coordinator, screened)
    visit = f.visit(screened, "SCR")
    target = f"?participant={screened.pk}&amp;visit={visit.pk}"
    assert reverse("admin:crf_labsample_add") + target in page.content.decode()
    assert page.context["consent_url"] == ""
    cell = cells(screened, coordinator, "SCR")["Lab sample"]
    assert (cell.status.key, cell.url) == ("to_do", "")


def test_a_monitor_reads_and_is_offered_nothing_to_add(client, monitor, screened):
    page = get(client, monitor, screened)
    assert page.status_code == 200
    assert "_add" not in page.content.decode().replace("/add/", "_add").split('id="content"')[1]


def test_cells_tell_draft_complete_not_done_and_voided(coordinator, screened, today):
    name = "Lab sample"
    draft = sample(screened, coordinator, "SCR", laboratory="")
    cell = cells(screened, coordinator, "SCR")[name]
    assert (cell.status.key, cell.count) == ("draft", 1)
    assert cell.url == reverse("admin:crf_labsample_change", args=[draft.pk])
    draft.void(by=coordinator, reason="entered for the wrong visit")
    cell = cells(screened, coordinator, "SCR")[name]
    assert (cell.status.key, bool(cell.add_url)) == ("voided", True)
    sample(screened, coordinator, "SCR", performed="N", not_done_reason="haemolysed")
    assert cells(screened, coordinator, "SCR")[name].status.key == "not_done"
    sample(
        screened,
        coordinator,
        "SCR",
        performed="Y",
        sampled_at=f.local(today - timedelta(days=1)),
        specimen="BLOOD",
        laboratory="Central",
    )
    both = cells(screened, coordinator, "SCR")[name]
    assert both.count == 2
    assert both.url == (
        reverse("admin:crf_labsample_changelist")
        + f"?visit__id__exact={f.visit(screened, 'SCR').pk}"
    )
    assert both.add_url  # there may be more than one sample at a visit


def test_a_form_that_is_once_per_visit_is_not_offered_twice(coordinator, screened, today):
    f.screening(screened, coordinator, today - timedelta(days=2))
    cell = cells(screened, coordinator, "SCR")["Screening"]
    assert (cell.status.key, cell.add_url) == ("complete", "")


def test_a_form_not_expected_at_a_visit_leaves_its_cell_empty(coordinator, screened):
    cell = cells(screened, coordinator, "SCR")["Lymphodepletion"]
    assert (cell.status, cell.url, cell.add_url) == (None, "", "")


@pytest.mark.parametrize(
    ("offset", "key"),
    [(0, "to_do"), (27, "to_do"), (28, "missing")],  # the window is the day of consent and 27 more
)
def test_a_missing_form_is_to_do_until_the_window_closes(
    coordinator, participant, today, offset, key
):
    f.consent(participant, coordinator, today - timedelta(days=offset))
    assert cells(participant, coordinator, "SCR")["Lab sample"].status.key == key


@pytest.mark.parametrize(
    ("childbearing", "key"), [("Y", "to_do"), ("U", "to_do"), ("", "to_do"), ("N", "not_asked")]
)
def test_hcg_is_not_asked_of_whom_it_does_not_concern(coordinator, screened, childbearing, key):
    Demographics(participant=screened, sex="F", childbearing=childbearing).write(by=coordinator)
    cell = cells(screened, coordinator, "SCR")["HCG test"]
    assert (cell.status.key, bool(cell.add_url)) == (key, key == "to_do")


def test_forms_outside_visits_are_listed_with_their_add_page(client, coordinator, screened, today):
    f.hcg(screened, coordinator, today)
    sections = {str(s.name): s for s in get(client, coordinator, screened).context["sections"]}
    assert [line["entry"].day for line in sections["Informed consent"].lines] == [
        today - timedelta(days=2)
    ]
    assert [line["entry"].day for line in sections["HCG test, at no visit"].lines] == [today]
    assert sections["Demographics"].add_url == (
        reverse("admin:crf_demographics_add") + f"?participant={screened.pk}"
    )
    assert sections["Product bag"].add_url == ""  # the pharmacist's
    f.demographics(screened, coordinator)
    sections = {str(s.name): s for s in get(client, coordinator, screened).context["sections"]}
    assert sections["Demographics"].add_url == ""  # once per participant


def test_every_form_of_the_registry_has_its_place(client, coordinator, screened):
    page = get(client, coordinator, screened)
    shown = {*map(str, page.context["columns"]), *(str(s.name) for s in page.context["sections"])}
    for model in form_models(coordinator):
        name = str(model._meta.verbose_name)
        assert name[0].upper() + name[1:] in shown, model
    assert sum(issubclass(m, CrfForm) for m in form_models(coordinator)) >= 12


def test_the_head_tells_dose_level_and_end_of_contraception(
    client, coordinator, investigator, pharmacist, participant, today
):
    day_0 = today - timedelta(days=3)
    f.until_day_0(participant, coordinator, day_0)
    page = get(client, coordinator, participant)
    assert page.context["course"].day_0 == day_0
    last = day_0 - timedelta(days=3)  # the last lymphodepletion dose, as nothing was infused
    assert page.context["course"].last_treatment_on == last
    until = page.context["contraception_until"]
    assert (until.year * 12 + until.month) - (last.year * 12 + last.month) == 6
    assert "DL1" in page.content.decode()


def test_the_number_of_queries_does_not_grow(client, coordinator, participant, today):
    def count():
        client.force_login(coordinator)
        address = reverse("casebook", args=[participant.number])
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    f.consent(participant, coordinator, today - timedelta(days=30))
    few = count()
    f.demographics(participant, coordinator)
    f.screening(participant, coordinator, today - timedelta(days=30))
    f.hcg(participant, coordinator, today - timedelta(days=25))
    f.enrol(participant, coordinator, today - timedelta(days=20))
    f.course(participant, coordinator, today - timedelta(days=10))
    for _again in range(5):
        sample(participant, coordinator, "INF1", performed="N", not_done_reason="lost")
        sample(participant, coordinator, "D1", performed="N", not_done_reason="lost")
    assert Visit.objects.filter(participant=participant).count() == 19
    many = count()
    assert many <= AT_MOST
    # a list outside the visits is read once there is one: demographics, enrolment, course
    assert many - few <= 4


@pytest.mark.parametrize("typed", ["CHH01-0001", "chh01-0001", "0001", "1", " 1 "])
def test_a_typed_number_opens_its_casebook(client, coordinator, participant, typed):
    client.force_login(coordinator)
    answer = client.get(reverse("casebook-find"), {"number": typed})
    assert answer.url == reverse("casebook", args=["CHH01-0001"])


@pytest.mark.parametrize("typed", ["2", "CHH02-0001", "", "CHH01"])
def test_an_unknown_number_says_so(client, coordinator, participant, protocol, typed):
    client.force_login(coordinator)
    answer = client.get(reverse("casebook-find"), {"number": typed}, follow=True)
    assert "at your sites. Check the number, as in CHH01-0001." in answer.content.decode()


def test_a_number_of_two_sites_is_asked_in_full(client, coordinator, participant, protocol):
    other = f.make_site("CHH02")
    f.register(f.make_user(Role.COORDINATOR, other), other, protocol)
    client.force_login(f.make_user(Role.DATA_MANAGER))
    answer = client.get(reverse("casebook-find"), {"number": "1"}, follow=True)
    assert "Several sites have a participant 1." in answer.content.decode()
