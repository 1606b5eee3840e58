"""Adverse events and graded assessments over the API."""

from datetime import date

import pytest

from tests import factories as f

DAY = date(2025, 7, 1)


@pytest.fixture
def consented(participant, coordinator):
    f.consent(participant, coordinator, DAY)
    return participant


def test_the_grade_is_computed_and_not_taken_from_the_client(api, coordinator, consented):
    client = api(coordinator)
    body = {
        "participant": consented.number,
        "assessed_at": "2025-07-01T10:00:00+08:00",
        "temperature_c": "39.0",
        "masked": "N",
        "hypotension": "N",
        "vasopressors": 0,
        "vasopressin": "N",
        "oxygen": "NONE",
        "investigator_grade": 1,
    }
    refused = client.post("/api/v1/crs-assessments/", body | {"computed_grade": 4})
    assert (refused.status_code, list(refused.json())) == (400, ["computed_grade"])
    made = client.post("/api/v1/crs-assessments/", body | {"complete": True})
    assert made.status_code == 201, made.json()
    assert made.json()["computed_grade"] == 1


def test_events_are_found_by_seriousness_and_grade(api, coordinator, monitor, consented):
    client = api(coordinator)
    for term, serious, grade in (("Fever", "N", 2), ("Sepsis", "Y", 4), ("Rash", "", None)):
        body = {
            "participant": consented.number,
            "term": term,
            "serious": serious,
            "grade": grade,
        }
        assert client.post("/api/v1/adverse-events/", body).status_code == 201
    place, reader = "/api/v1/adverse-events/", api(monitor)

    def terms(query):
        return [row["term"] for row in reader.get(f"{place}?{query}").json()["results"]]

    assert terms("serious=Y") == ["Sepsis"]
    assert terms("grade=2") == ["Fever"]
    assert terms("") == ["Fever", "Sepsis", "Rash"]
    assert reader.get(f"{place}?grade=bad").status_code == 400


def test_who_was_given_what_by_whom_names_colleagues_only(
    api, coordinator, investigator, pharmacist, consented
):
    bag = f.bag(consented, coordinator, pharmacist, DAY)
    stranger = f.make_user("CRC", f.make_site("OTH02"))
    body = {
        "participant": consented.number,
        "bag": bag.pk,
        "given_by": coordinator.pk,
        "second_verifier": stranger.pk,
    }
    refused = api(coordinator).post("/api/v1/infusions/", body)
    assert list(refused.json()) == ["second_verifier"]
    ordered = api(coordinator).post(
        "/api/v1/infusions/", body | {"second_verifier": investigator.pk}
    )
    forms = {blocker["form"] for blocker in ordered.json()["blockers"]}
    assert {"crf.lymphodepletionday", "trial.treatmentcourse"} <= forms
