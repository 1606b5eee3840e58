import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crf.analytes import ANALYTES
from crf.models import LabResult, LabSample, Screening
from tests import factories as f
from tests.statements import count
from trial.querysets import UntracedWrite


@pytest.fixture
def page(client, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture
def consented(participant, coordinator):
    f.consent(participant, coordinator, timezone.localdate() - timedelta(days=2))
    return participant


def screening_post(participant, **fields):
    names = [x.name for x in Screening._meta.fields if x.editable]
    post = dict.fromkeys(names, "")
    post |= {
        f"{n}_{i}": ""
        for n in ("assessed_on", "height_cm", "weight_kg", "csf_last_on")
        for i in (0, 1, 2)
    }
    return post | {"participant": participant.pk} | fields


def test_a_draft_keeps_values_and_why_there_are_none(page, consented):
    visit = f.visit(consented, "SCR")
    post = screening_post(
        consented,
        visit=visit.pk,
        height_cm_0="165",
        weight_kg_1="ND",
        weight_kg_2="scale broken",
        gilbert="U",
        _draft="1",
    )
    response = page.post(reverse("admin:crf_screening_add"), post)
    assert response.status_code == 302, response.context["adminform"].form.errors
    row = Screening.objects.get()
    assert row.completed_at is None
    assert row.height_cm == 165
    assert row.weight_kg is None
    assert row.absent == {"weight_kg": {"code": "ND", "reason": "scale broken"}}
    assert (row.gilbert, row.lactating) == ("U", "")


def test_height_in_metres_is_refused_beside_the_field_and_stays(page, consented):
    post = screening_post(consented, height_cm_0="1.65", _draft="1")
    response = page.post(reverse("admin:crf_screening_add"), post)
    errors = response.context["adminform"].form.errors
    assert "1.65 cm is below the lowest possible value, 100 cm" in errors["height_cm"][0]
    assert 'value="1.65"' in response.content.decode()
    assert not Screening.objects.exists()


def test_a_step_out_of_order_links_to_the_form_in_the_way(page, participant):
    response = page.post(
        reverse("admin:crf_screening_add"), screening_post(participant, _draft="1")
    )
    assert response.status_code == 200
    assert reverse("admin:trial_consent_add") in response.content.decode()


def test_a_completed_form_asks_why_it_changes(page, consented, coordinator):
    row = f.screening(consented, coordinator, timezone.localdate() - timedelta(days=1))
    url = reverse("admin:crf_screening_change", args=[row.pk])
    values = {x.name: getattr(row, x.attname) for x in Screening._meta.fields if x.editable}
    post = {k: "" if v is None else v for k, v in values.items()}
    post |= {
        "assessed_on_0": row.assessed_on,
        "height_cm_0": "170",
        "weight_kg_0": "60",
        "_save": "1",
    }
    del post["participant"]  # fixed, so the page shows it and does not send it
    refused = page.post(url, post)
    assert refused.status_code == 200
    assert "reason_choice" in refused.context["adminform"].form.errors
    row.refresh_from_db()
    assert row.height_cm == 165
    accepted = page.post(
        url, post | {"reason_choice": "Entry error", "reason_text": "read 65 for 70"}
    )
    assert accepted.status_code == 302
    assert row.history.first().history_change_reason == "Entry error: read 65 for 70"


def test_lab_sample_with_results(page, consented):
    at = timezone.localtime(timezone=f.SHANGHAI) - timedelta(hours=3)
    post = {
        "participant": consented.pk,
        "visit": f.visit(consented, "SCR").pk,
        "performed": "Y",
        "sampled_at_0_0": at.strftime("%Y-%m-%d"),
        "sampled_at_0_1": at.strftime("%H:%M"),
        "specimen": "BLOOD",
        "laboratory": "Central",
        "_complete": "1",
        "results-TOTAL_FORMS": 2,
        "results-INITIAL_FORMS": 0,
        "results-0-test": "WBC",
        "results-0-reported": "5.2",
        "results-0-unit": "10^9/L",
        "results-0-lower_limit": "3.5",
        "results-0-upper_limit": "9.5",
        "results-1-test": "HGB",
        "results-1-status": "ND",
        "results-1-not_done_reason": "clotted",
    }
    response = page.post(reverse("admin:crf_labsample_add"), post)
    assert response.status_code == 302, response.context["errors"]
    sample = LabSample.objects.get()
    assert sample.sampled_at == at.replace(second=0, microsecond=0)
    assert [str(r) for r in sample.results.all()] == ["WBC 5.2 10^9/L", "HGB"]


def test_another_site_is_not_found(page, protocol):
    other = f.make_site("SHX02")
    theirs = f.register(f.make_user(f.Role.COORDINATOR, other), other, protocol)
    assert page.get(reverse("admin:trial_participant_change", args=[theirs.pk])).status_code == 404
    assert (
        theirs.number
        not in page.get(reverse("admin:trial_participant_changelist")).content.decode()
    )


def test_history_shows_who_why_old_and_new(page, consented, coordinator):
    row = f.screening(consented, coordinator, timezone.localdate() - timedelta(days=1))
    row.gilbert = "U"
    row.write(by=coordinator, reason="Entry error: not asked")
    html = page.get(reverse("admin:crf_screening_history", args=[row.pk])).content.decode()
    for text in (
        coordinator.full_name,
        "Entry error: not asked",
        "Gilbert syndrome",
        "Unknown",
        "+0800",
    ):
        assert text in html


def test_the_history_of_a_sample_shows_its_results(page, consented, coordinator):
    sample = LabSample(participant=consented, performed="Y")
    sample.write(by=coordinator)
    result = LabResult(sample=sample, test="WBC", reported="4.1", unit="10^9/L")
    result.write(by=coordinator)
    result.reported = "4.7"
    result.write(by=coordinator, reason="Entry error: misread")
    html = page.get(reverse("admin:crf_labsample_history", args=[sample.pk])).content.decode()
    for text in ("4.1", "4.7", "Entry error: misread", "WBC"):
        assert text in html


def test_voiding_asks_why_and_keeps_the_row(page, consented, coordinator):
    row = f.screening(consented, coordinator, timezone.localdate() - timedelta(days=1))
    url = reverse("admin:crf_screening_void", args=[row.pk])
    assert "reason" in page.post(url, {"reason": " "}).context["form"].errors
    assert page.post(url, {"reason": "wrong participant"}).status_code == 302
    row.refresh_from_db()
    assert row.voided_at
    assert row.history.first().history_change_reason == "wrong participant"


def test_nothing_can_be_deleted(page, consented, coordinator):
    row = f.screening(consented, coordinator, timezone.localdate() - timedelta(days=1))
    assert (
        page.post(reverse("admin:crf_screening_delete", args=[row.pk]), {"post": "yes"}).status_code
        == 403
    )
    with pytest.raises(UntracedWrite):
        row.delete()
    with pytest.raises(UntracedWrite):
        Screening.objects.all().delete()


def test_saving_without_a_change_writes_nothing(page, consented, coordinator):
    row = f.screening(consented, coordinator, timezone.localdate() - timedelta(days=1))
    post = {x.name: getattr(row, x.attname) for x in Screening._meta.fields if x.editable}
    post = {k: "" if v is None else v for k, v in post.items()}
    post |= {
        "assessed_on_0": row.assessed_on,
        "height_cm_0": "165",
        "weight_kg_0": "60",
        "_save": "1",
    }
    response = page.post(reverse("admin:crf_screening_change", args=[row.pk]), post)
    assert response.status_code == 302
    assert row.history.count() == 1


def test_a_form_without_rows_takes_at_most_18_statements(page, consented):
    visit = f.visit(consented, "SCR")
    post = screening_post(consented, visit=visit.pk, height_cm_0="165", _draft="1")
    with CaptureQueriesContext(connection) as seen:
        assert page.post(reverse("admin:crf_screening_add"), post).status_code == 302
    assert count(seen) <= 18


@pytest.mark.parametrize("rows", [1, 20])
def test_rows_take_at_most_2_statements_each(page, consented, rows):
    at = timezone.localtime(timezone=f.SHANGHAI) - timedelta(hours=3)
    post = {
        "participant": consented.pk,
        "performed": "Y",
        "sampled_at_0_0": at.date(),
        "sampled_at_0_1": "00:01",
        "specimen": "BLOOD",
        "laboratory": "Central",
        "_draft": "1",
        "results-TOTAL_FORMS": rows,
        "results-INITIAL_FORMS": 0,
    }
    for n, (code, analyte) in enumerate(list(ANALYTES.items())[:rows]):
        post |= {
            f"results-{n}-test": code,
            f"results-{n}-reported": "5",
            f"results-{n}-unit": analyte.units[0],
        }
    with CaptureQueriesContext(connection) as seen:
        response = page.post(reverse("admin:crf_labsample_add"), post)
    assert response.status_code == 302, response.context["errors"]
    assert LabSample.objects.get().results.count() == rows
    assert count(seen) <= 18 + 2 * rows


def test_who_saves_second_is_told_and_keeps_what_was_typed(page, consented, coordinator):
    row = Screening(participant=consented, gilbert="N")
    row.write(by=coordinator)
    url = reverse("admin:crf_screening_change", args=[row.pk])
    seen = page.get(url).context["adminform"].form.initial["seen"]
    row.gilbert = "Y"
    row.write(by=coordinator)
    post = screening_post(consented, lactating="N", seen=seen, _draft="1")
    response = page.post(url, post)
    assert response.status_code == 200
    html = response.content.decode()
    assert "Somebody else changed this row" in html
    row.refresh_from_db()
    assert (row.gilbert, row.lactating) == ("Y", "")
    newer = re.search(r'name="seen" value="([^"]+)"', html)[1]
    assert page.post(url, post | {"seen": newer}).status_code == 302
