"""A lab sample is sent and read with its results in one request."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crf.models import LabResult, LabSample
from tests import factories as f

DAY = date(2025, 7, 1)
PLACE = "/api/v1/lab-samples/"
STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture
def body(participant, coordinator):
    f.consent(participant, coordinator, DAY)
    return {
        "participant": participant.number,
        "visit": f.visit(participant, "SCR").pk,
        "performed": "Y",
        "sampled_at": "2025-07-01T08:00:00+08:00",
        "specimen": "BLOOD",
        "laboratory": "Central",
        "accession": "A-1",
        "complete": True,
        "results": [
            {"test": "HGB", "reported": "58", "unit": "g/L", "lower_limit": "115"},
            {"test": "PLAT", "reported": "<5", "unit": "10^9/L"},
        ],
    }


def test_a_sample_comes_back_with_its_results(api, coordinator, body):
    made = api(coordinator).post(PLACE, body)
    assert made.status_code == 201, made.json()
    sample = made.json()
    assert (sample["state"], sample["visit_code"]) == ("complete", "SCR")
    shown = [(r["test"], r["reported"], r["value"], r["flag"]) for r in sample["results"]]
    assert shown == [("HGB", "58", "58", "LOW"), ("PLAT", "<5", None, "")]


def test_a_refused_result_says_which_and_nothing_is_kept(api, coordinator, body):
    body["results"][1]["unit"] = "g/L"
    refused = api(coordinator).post(PLACE, body)
    assert refused.status_code == 400
    first, second = refused.json()["results"]
    assert (first, list(second)) == ({}, ["unit"])
    assert not LabSample.objects.exists()


@pytest.mark.parametrize(
    "results",
    [
        [{"reported": "5"}],
        [{"test": "HGB", "reported": "5", "unit": "g/L"}] * 2,
        [{"test": "NOPE"}],
        [{"test": "HGB", "value": "5"}],
        [{"test": "HGB", "sample": 1}],
        [7],
        {"test": "HGB"},
        "HGB",
    ],
)
def test_results_that_cannot_be_read_are_refused(api, coordinator, body, results):
    refused = api(coordinator).post(PLACE, body | {"results": results})
    assert (refused.status_code, list(refused.json())) == (400, ["results"])
    assert not LabSample.objects.exists()


def test_a_sent_result_changes_the_one_of_its_test_and_leaves_the_others(api, coordinator, body):
    client = api(coordinator)
    sample = client.post(PLACE, body).json()
    one = f"{PLACE}{sample['id']}/"
    change = {"results": [{"test": "HGB", "reported": "68"}, {"test": "K", "status": "UNK"}]}
    refused = client.patch(one, change)
    assert (refused.status_code, list(refused.json())) == (400, ["change_reason"])
    assert LabResult.objects.count() == 2
    done = client.patch(one, change | {"change_reason": "Laboratory corrected it"})
    results = {r["test"]: r["reported"] for r in done.json()["results"]}
    assert results == {"HGB": "68", "PLAT": "<5", "K": ""}
    writes = {r.test: LabResult.history.filter(id=r.pk).count() for r in LabResult.objects.all()}
    assert writes == {"HGB": 2, "PLAT": 1, "K": 1}
    assert LabSample.history.count() == 1


def test_single_results_are_read_by_test_and_voided_but_not_written(
    api, coordinator, monitor, body
):
    api(coordinator).post(PLACE, body)
    client = api(monitor)
    (found,) = client.get("/api/v1/lab-results/?test=HGB").json()["results"]
    assert found["unit"] == "g/L"
    elsewhere = api(f.make_user("CRA", f.make_site("OTH02")))
    assert elsewhere.get("/api/v1/lab-results/").json()["results"] == []
    place = f"/api/v1/lab-results/{found['id']}/"
    assert elsewhere.get(place).status_code == 404
    assert elsewhere.get(f"{place}history/").status_code == 404
    assert client.get(f"{place}history/").json()[0]["type"] == "created"
    assert api(coordinator).patch(place).status_code == 405
    assert api(coordinator).post("/api/v1/lab-results/").status_code == 405
    voided = api(coordinator).post(f"{place}void/", {"change_reason": "Other sample"})
    assert voided.json()["state"] == "voided"
    (sample,) = client.get(PLACE).json()["results"]
    assert [result["test"] for result in sample["results"]] == ["PLAT"]


@pytest.mark.parametrize("resource", ["lab-samples", "lab-results"])
def test_a_list_takes_at_most_6_statements_whatever_its_length(
    api, coordinator, monitor, participant, body, resource
):
    client, costs = api(monitor), []
    for more in (3, 57):
        for n in range(more):
            sample = LabSample(
                participant=participant,
                visit=f.visit(participant, "SCR"),
                sampled_at=f.local(DAY) + timedelta(minutes=n),
            )
            sample.write(by=coordinator)
            LabResult(sample=sample, test="K", reported="4", unit="mmol/L").write(by=coordinator)
        with CaptureQueriesContext(connection) as queries:
            rows = client.get(f"/api/v1/{resource}/").json()["results"]
        costs.append((len(rows), sum(query["sql"].startswith(STATEMENTS) for query in queries)))
    (few, cost_of_few), (many, cost_of_many) = costs
    assert (few, many) == (3, 60)
    assert cost_of_few == cost_of_many <= 6
