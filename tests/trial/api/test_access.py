"""Who may do what, and at which sites (compliance ACC-04, ENT-04)."""

from datetime import date

import pytest

from crf.models import Screening
from safety.models import AdverseEvent
from tests import factories as f
from trial.models import Participant
from trial.roles import Role

DAY = date(2025, 7, 1)
PEOPLE = [role for role in Role if role != Role.SYSTEM]
SITE_STAFF = {Role.INVESTIGATOR, Role.SUB_INVESTIGATOR, Role.COORDINATOR, Role.DATA_ENTRY}
READERS = SITE_STAFF | {
    Role.MONITOR,
    Role.DATA_MANAGER,
    Role.MEDICAL_MONITOR,
    Role.COMMITTEE,
    Role.SPONSOR,
    Role.INSPECTOR,
}
MAY = {  # resource: who reads, who writes
    "participants": (READERS, SITE_STAFF),
    "screenings": (READERS, SITE_STAFF),
    "adverse-events": (READERS, SITE_STAFF),
    "product-bags": (READERS | {Role.PHARMACIST}, {Role.PHARMACIST}),
}


@pytest.fixture
def rows(participant, coordinator, pharmacist):
    f.consent(participant, coordinator, DAY)
    screening = Screening(participant=participant, visit=f.visit(participant, "SCR"))
    screening.write(by=coordinator)
    event = AdverseEvent(participant=participant, term="Fever")
    event.write(by=coordinator)
    return {
        "participants": participant,
        "screenings": screening,
        "adverse-events": event,
        "product-bags": f.bag(participant, coordinator, pharmacist, DAY),
    }


@pytest.mark.parametrize("resource", MAY)
@pytest.mark.parametrize("role", PEOPLE)
def test_the_role_table_holds_for_every_verb(api, rows, site, role, resource):
    client = api(f.make_user(role, site))
    reads, writes = (role in who for who in MAY[resource])
    place = f"/api/v1/{resource}/"
    one = f"{place}{rows[resource].pk}/"
    assert client.get(place).status_code == (200 if reads else 403)
    assert client.get(one).status_code == (200 if reads else 403)
    assert client.get(f"{one}history/").status_code == (200 if reads else 403)
    assert client.post(place).status_code == (400 if writes else 403)
    assert client.patch(one).status_code == (200 if writes else 403)
    if resource != "participants":
        assert client.post(f"{one}void/").status_code == (400 if writes else 403)
    assert client.put(one).status_code == (405 if writes else 403)
    assert client.delete(one).status_code == (405 if writes else 403)


@pytest.mark.parametrize("place", ["participants/", "me/", "schema/", "tokens/current/", ""])
def test_without_a_login_nothing_is_told(client, db, place):
    response = client.get(f"/api/v1/{place}")
    assert response.status_code == 401
    assert b"detail" in response.content
    assert b"CHH01" not in response.content


class TestAnotherSite:
    """What a coordinator of one site learns of another: nothing."""

    @pytest.fixture
    def elsewhere(self, study):
        return f.make_site("OTH02")

    @pytest.fixture
    def stranger(self, elsewhere):
        return f.make_user(Role.COORDINATOR, elsewhere)

    @pytest.fixture
    def theirs(self, stranger, elsewhere, protocol):
        participant = f.register(stranger, elsewhere, protocol)
        f.consent(participant, stranger, DAY)
        return participant

    def test_lists_and_filters_leave_it_out(self, api, rows, coordinator, theirs):
        client = api(coordinator)
        for query in ("", "?site=OTH02", f"?participant={theirs.number}"):
            found = client.get(f"/api/v1/consents/{query}").json()["results"]
            assert {row["participant"] for row in found} <= {rows["participants"].number}
        assert client.get("/api/v1/consents/?site=OTH02").json()["results"] == []
        numbers = [r["number"] for r in client.get("/api/v1/participants/").json()["results"]]
        assert numbers == [rows["participants"].number]
        assert [r["code"] for r in client.get("/api/v1/sites/").json()["results"]] == ["CHH01"]

    def test_its_rows_are_not_found_whatever_is_done(self, api, coordinator, theirs):
        consent = theirs.consent_set.get()
        client = api(coordinator)
        for place in (f"participants/{theirs.pk}/", f"consents/{consent.pk}/"):
            assert client.get(f"/api/v1/{place}").status_code == 404
            assert client.get(f"/api/v1/{place}history/").status_code == 404
            assert client.patch(f"/api/v1/{place}", {"disease": "SSC"}).status_code in (404,)
        void = client.post(f"/api/v1/consents/{consent.pk}/void/", {"change_reason": "x"})
        assert void.status_code == 404
        consent.refresh_from_db()
        assert consent.voided_at is None

    def test_its_rows_cannot_be_named_and_do_not_show_that_they_exist(
        self, api, rows, coordinator, theirs, stranger
    ):
        client = api(coordinator)
        hidden = client.post("/api/v1/screenings/", {"participant": theirs.number})
        missing = client.post("/api/v1/screenings/", {"participant": "OTH02-9999"})
        assert hidden.status_code == missing.status_code == 400
        assert str(hidden.json()).replace(theirs.number, "?") == str(missing.json()).replace(
            "OTH02-9999", "?"
        )
        place = f"/api/v1/screenings/{rows['screenings'].pk}/"
        visit = client.patch(place, {"visit": f.visit(theirs, "SCR").pk})
        assert list(visit.json()) == ["visit"]
        consent = f"/api/v1/consents/{rows['participants'].consent_set.get().pk}/"
        person = client.patch(consent, {"obtained_by": stranger.pk, "change_reason": "x"})
        assert list(person.json()) == ["obtained_by"]
        site = client.post(
            "/api/v1/participants/",
            {"site": "OTH02", "disease": "RA", "protocol_version": "1.0"},
        )
        assert list(site.json()) == ["site"]

    def test_who_works_for_the_whole_study_sees_both(self, api, rows, theirs):
        client = api(f.make_user(Role.DATA_MANAGER))
        found = client.get("/api/v1/participants/").json()["results"]
        assert {row["number"] for row in found} == {rows["participants"].number, theirs.number}


def test_a_monitor_without_a_delegation_sees_no_row(api, rows):
    client = api(f.make_user(Role.MONITOR))
    assert client.get("/api/v1/participants/").json()["results"] == []
    assert Participant.objects.exists()


@pytest.mark.parametrize("key", ["abc", "0", "99999999999999999999999", "1%2F2", "-1"])
def test_a_wrong_id_is_not_found(api, coordinator, key):
    assert api(coordinator).get(f"/api/v1/screenings/{key}/").status_code == 404


def test_me_says_who_i_am(api, monitor):
    assert api(monitor).get("/api/v1/me/").json() == {
        "id": monitor.pk,
        "username": monitor.username,
        "full_name": monitor.full_name,
        "role": "CRA",
        "language": "en",
        "sites": ["CHH01"],
    }


def test_settings_of_the_study_are_read_here_and_changed_in_the_admin(api, protocol):
    client = api(f.make_user(Role.DATA_MANAGER))
    for place, count in (("protocol-versions", 1), ("dose-levels", 1), ("schedule", 16)):
        found = client.get(f"/api/v1/{place}/?page_size=1000").json()["results"]
        assert len(found) >= count
        assert client.post(f"/api/v1/{place}/").status_code == 405
