"""POST, PATCH and void go through the one write path (compliance AUD-04)."""

from datetime import date

import pytest

from crf.models import Screening
from tests import factories as f
from trial.models import Participant, Visit

DAY = date(2025, 7, 1)


@pytest.fixture
def consented(participant, coordinator):
    f.consent(participant, coordinator, DAY)
    return participant


@pytest.fixture
def complete(consented, coordinator):
    f.demographics(consented, coordinator)
    return f.screening(consented, coordinator, DAY)


def history_of(row):
    return type(row).history.filter(id=row.pk)


def test_a_coordinator_registers_a_participant_and_records_consent(
    api, coordinator, site, protocol
):
    client = api(coordinator)
    made = client.post(
        "/api/v1/participants/", {"site": "CHH01", "disease": "RA", "protocol_version": "1.0"}
    )
    assert made.status_code == 201
    assert (made.json()["number"], made.json()["status"]) == ("CHH01-0001", "REGISTERED")
    consent = client.post(
        "/api/v1/consents/",
        {
            "participant": "CHH01-0001",
            "protocol_version": "1.0",
            "icf_version": "1.0",
            "signed_at": "2025-07-01T09:00:00+08:00",
            "obtained_by": coordinator.pk,
            "copy_given": "Y",
        },
    )
    assert consent.status_code == 201
    assert consent.json()["signed_at"] == "2025-07-01T01:00:00Z"
    assert consent.json()["state"] == "complete"
    visits = client.get("/api/v1/visits/?participant=CHH01-0001").json()["results"]
    assert [visit["visit_code"] for visit in visits] == ["SCR"]


def test_a_draft_is_completed_in_one_call_or_the_next(api, coordinator, consented):
    client = api(coordinator)
    draft = client.post("/api/v1/demographics/", {"participant": consented.number, "sex": "F"})
    assert (draft.status_code, draft.json()["state"]) == (201, "draft")
    place = f"/api/v1/demographics/{draft.json()['id']}/"
    refused = client.patch(place, {"complete": True})
    assert refused.status_code == 400
    assert set(refused.json()) == {"birth_on", "race", "childbearing", "partner_childbearing"}
    rest = {
        "birth_on": "1985-05-05",
        "race": "ASIAN",
        "childbearing": "N",
        "partner_childbearing": "NA",
    }
    done = client.patch(place, rest | {"complete": True})
    assert (done.status_code, done.json()["state"]) == (200, "complete")


@pytest.mark.parametrize("reason", [{}, {"change_reason": ""}, {"change_reason": "  "}])
def test_a_change_after_completion_without_a_reason_writes_nothing(
    api, coordinator, complete, reason
):
    before = history_of(complete).count()
    refused = api(coordinator).patch(
        f"/api/v1/screenings/{complete.pk}/", {"weight_kg": "61"} | reason
    )
    assert refused.status_code == 400
    assert list(refused.json()) == ["change_reason"]
    assert Screening.objects.get().weight_kg == 60
    assert history_of(complete).count() == before


def test_with_a_reason_it_is_written_once_and_stands_in_the_history(api, coordinator, complete):
    client = api(coordinator)
    place = f"/api/v1/screenings/{complete.pk}/"
    done = client.patch(place, {"weight_kg": "61.5", "change_reason": "Typing error"})
    assert (done.status_code, done.json()["weight_kg"]) == (200, "61.5")
    latest, first = client.get(f"{place}history/").json()
    assert latest | {"at": None} == {
        "at": None,
        "actor": coordinator.full_name,
        "role": "CRC",
        "reason": "Typing error",
        "type": "changed",
        "changes": [
            {
                "field": "weight_kg",
                "label": "weight, kg",
                "old": "60",
                "new": "61.5",
                "old_value": "60",
                "new_value": "61.5",
            }
        ],
    }
    assert latest["at"].endswith("Z")
    assert first["type"] == "created"


def test_a_change_that_changes_nothing_writes_nothing(api, coordinator, complete):
    before, at = history_of(complete).count(), complete.changed_at
    same = api(coordinator).patch(
        f"/api/v1/screenings/{complete.pk}/", {"weight_kg": "60.0", "gilbert": "N"}
    )
    assert same.status_code == 200
    assert history_of(complete).count() == before
    assert Screening.objects.get().changed_at == at


@pytest.mark.parametrize(
    ("resource", "field", "value"),
    [
        ("participants", "number", "CHH01-0007"),
        ("participants", "status", "COMPLETED"),
        ("screenings", "changed_at", "2025-07-01T00:00:00Z"),
        ("screenings", "completed_at", "2025-07-01T00:00:00Z"),
        ("screenings", "voided_at", None),
        ("screenings", "state", "draft"),
        ("screenings", "id", 7),
        ("screenings", "wieght_kg", "60"),
    ],
)
def test_what_the_server_sets_and_what_nobody_knows_is_refused_by_name(
    api, coordinator, complete, resource, field, value
):
    row = {"participants": complete.participant, "screenings": complete}[resource]
    refused = api(coordinator).patch(f"/api/v1/{resource}/{row.pk}/", {field: value})
    assert refused.status_code == 400
    assert list(refused.json()) == [field]


def test_a_moment_without_an_offset_is_refused(api, coordinator, consented):
    refused = api(coordinator).post(
        "/api/v1/hcg-tests/",
        {"participant": consented.number, "sampled_at": "2025-07-01T09:00:00"},
    )
    assert refused.status_code == 400
    assert "offset" in refused.json()["sampled_at"][0]


@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        ({"height_cm": "1.65"}, "height_cm", "100 cm"),
        ({"weight_kg": "250.1"}, "weight_kg", "250 kg"),
        ({"assessed_on": "2999-01-01"}, "assessed_on", "future"),
        ({"gilbert": "maybe"}, "gilbert", "maybe"),
        ({"csf_last_on": "2026-13"}, "csf_last_on", "2026-13"),
    ],
)
def test_impossible_input_is_refused_beside_its_field(
    api, coordinator, consented, answers, field, words
):
    refused = api(coordinator).post(
        "/api/v1/screenings/", {"participant": consented.number} | answers
    )
    assert refused.status_code == 400
    assert list(refused.json()) == [field]
    assert words in refused.json()[field][0], refused.json()
    assert not Screening.objects.exists()


def test_why_a_value_is_absent_is_taken_and_checked(api, coordinator, consented):
    client = api(coordinator)

    def sent(absent):
        body = {"participant": consented.number, "absent": absent}
        return client.post("/api/v1/screenings/", body)

    assert "absent" in sent({"nothing_like_it": {"code": "ND"}}).json()
    assert "absent" in sent({"weight_kg": "ND"}).json()
    assert "absent" in sent({"weight_kg": {"code": "??"}}).json()
    assert "weight_kg" in sent({"weight_kg": {"code": "ND"}}).json()
    why = {"weight_kg": {"code": "ND", "reason": "no scale"}}
    assert sent(why).json()["absent"] == why


def test_no_step_out_of_order_names_the_form_in_the_way(api, coordinator, participant):
    refused = api(coordinator).post("/api/v1/screenings/", {"participant": participant.number})
    assert refused.status_code == 400
    (blocker,) = refused.json()["blockers"]
    assert (blocker["form"], blocker["id"]) == ("trial.consent", None)
    assert blocker["message"] in refused.json()["non_field_errors"][0]


def test_a_row_is_voided_once_with_a_reason_and_then_stays(api, coordinator, complete):
    client = api(coordinator)
    place = f"/api/v1/screenings/{complete.pk}/"
    assert list(client.post(f"{place}void/").json()) == ["change_reason"]
    voided = client.post(f"{place}void/", {"change_reason": "Wrong participant"})
    assert (voided.status_code, voided.json()["state"]) == (200, "voided")
    assert client.get(f"{place}history/").json()[0]["type"] == "voided"
    again = client.post(f"{place}void/", {"change_reason": "Twice"})
    change = client.patch(place, {"weight_kg": "61", "change_reason": "Late"})
    assert (again.status_code, change.status_code) == (400, 400)
    assert "voided" in change.json()["non_field_errors"][0]


def test_a_form_stays_with_its_participant(api, coordinator, complete, site, protocol):
    other = f.register(coordinator, site, protocol)
    refused = api(coordinator).patch(
        f"/api/v1/screenings/{complete.pk}/",
        {"participant": other.number, "visit": None, "change_reason": "x"},
    )
    assert list(refused.json()) == ["participant"]


def test_a_visit_is_missed_with_a_reason_and_its_plan_is_not_for_writing(
    api, coordinator, consented
):
    client = api(coordinator)
    visit = f.visit(consented, "SCR")
    place = f"/api/v1/visits/{visit.pk}/"
    assert list(client.patch(place, {"target_on": "2025-08-01"}).json()) == ["target_on"]
    body = {"state": "MISSED", "change_reason": "Call of 2 July"}
    assert list(client.patch(place, body).json()) == ["missed_because"]
    done = client.patch(place, body | {"missed_because": "Did not come"})
    assert (done.json()["state"], done.json()["status"]) == ("MISSED", "MISSED")
    assert Visit.objects.get().missed_because == "Did not come"
    assert client.post("/api/v1/visits/").status_code == 405


@pytest.mark.parametrize("body", ["[]", "7", '"text"', "null", "{", '{"participant": []}'])
def test_a_body_that_is_no_form_is_refused(api, coordinator, db, body):
    client = super(f.Api, api(coordinator))
    response = client.post("/api/v1/screenings/", body, content_type="application/json")
    assert response.status_code == 400


def test_a_pharmacist_names_a_participant_without_reading_the_casebook(api, pharmacist, consented):
    client = api(pharmacist)
    made = client.post("/api/v1/product-bags/", {"participant": consented.number, "lot": "L1"})
    assert made.status_code == 201
    assert client.get("/api/v1/participants/").status_code == 403
    assert Participant.objects.get().productbag_set.get().lot == "L1"
