"""What a form offers: one's own sites, nothing chosen beforehand, a label at every box."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crf.models import ProductBag
from tests import factories as f


def fields(client, name, **query):
    return client.get(reverse(f"admin:{name}_add"), query).context["adminform"].form.fields


@pytest.fixture
def consented(participant, coordinator):
    f.consent(participant, coordinator, timezone.localdate() - timedelta(days=2))
    return participant


def test_a_coordinator_registers_at_the_own_site_only(client, coordinator, site, protocol):
    other = f.make_site("SHX02")
    client.force_login(coordinator)
    assert list(fields(client, "trial_participant")["site"].queryset) == [site]
    post = {"site": other.pk, "disease": "RA", "protocol_version": protocol.pk}
    refused = client.post(reverse("admin:trial_participant_add"), post)
    assert "site" in refused.context["adminform"].form.errors
    assert client.post(reverse("admin:trial_participant_add"), post | {"site": site.pk}).url == (
        reverse("casebook", args=["CHH01-0001"])
    )


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("trial_participant", ["disease"]),
        ("trial_consent", ["copy_given"]),
        ("trial_enrolment", ["outcome"]),
    ],
)
def test_nothing_is_chosen_beforehand(client, coordinator, participant, page, names):
    client.force_login(coordinator)
    for name in names:
        assert fields(client, page)[name].choices[0][0] == ""


def test_the_cell_laboratory_records_a_bag(client, pharmacist, consented, protocol):
    other_site = f.make_site("SHX02")
    other = f.register(f.make_user(f.Role.COORDINATOR, other_site), other_site, protocol)
    client.force_login(pharmacist)
    url = reverse("admin:crf_productbag_add")
    offered = fields(client, "crf_productbag")["participant"].queryset
    assert list(offered) == [consented]
    post = dict.fromkeys(fields(client, "crf_productbag"), "")
    post |= {"participant": consented.pk, "lot": "LOT-7", "_draft": "1"}
    response = client.post(url, post)
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert ProductBag.objects.get().lot == "LOT-7"
    landed = client.get(response.url)  # no casebook: this role does not read it
    assert landed.status_code == 200
    assert "/casebook/" not in landed.content.decode()
    refused = client.post(url, post | {"participant": other.pk})
    assert "participant" in refused.context["adminform"].form.errors


def test_the_label_of_a_measure_belongs_to_its_box(client, coordinator, consented):
    client.force_login(coordinator)
    html = client.get(reverse("admin:crf_screening_add"), {"participant": consented.pk})
    html = html.content.decode()
    assert re.search(r'<label[^>]* for="id_height_cm_0"', html)
    assert 'id="id_height_cm_0"' in html
    lab = client.get(reverse("admin:crf_labsample_add"), {"participant": consented.pk})
    assert 'aria-label="Taken: date"' in lab.content.decode()
    assert 'aria-label="Taken: time"' in lab.content.decode()
