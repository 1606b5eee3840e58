"""What somebody with a login may try beyond their rights, and input nobody meant."""

import base64
import json
import logging
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crf.models import LabResult, LabSample, ProductBag, Screening
from safety.models import AdverseEvent
from tests import factories as f
from tests.pages import errors, filled
from trial.models import Enrolment, Membership, Participant, ProtocolVersion, User
from trial.roles import Role


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def consented(participant, coordinator, today):
    f.consent(participant, coordinator, today - timedelta(days=20))
    return participant


def sample_of(participant, by, *, complete=True):
    """A sample with two results, as the next request reads it."""
    sample = LabSample(
        participant=participant,
        performed="Y",
        sampled_at=timezone.now() - timedelta(days=1),
        specimen="BLOOD",
        laboratory="Central",
    )
    sample.write(by=by, complete=complete)
    rows = [
        LabResult(sample=sample, test="HGB", reported="60", unit="g/L"),
        LabResult(sample=sample, test="WBC", reported="5", unit="10^9/L"),
    ]
    LabResult.bulk_write(rows, by=by)
    return LabSample.objects.get(pk=sample.pk)


@pytest.fixture
def elsewhere(protocol):
    """A participant of another site, with consent, and the coordinator there."""
    site = f.make_site("ZZZ09")
    stranger = f.make_user(Role.COORDINATOR, site)
    participant = f.register(stranger, site, protocol)
    f.consent(participant, stranger, timezone.localdate() - timedelta(days=9))
    return participant


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def change_of(row):
    return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])


# Results of a sample --------------------------------------------------------------------------


def test_a_draft_sample_and_its_results_change_in_the_browser(coordinator, consented):
    page, sample = signed_in(coordinator), sample_of(consented, coordinator, complete=False)
    shown = page.get(change_of(sample))
    sent = filled(shown) | {"results-0-reported": "61", "_draft": "1"}
    done = page.post(change_of(sample), sent)
    assert done.status_code == 302, errors(done)
    assert sorted(r.reported for r in sample.results.all()) == ["5", "61"]


def test_a_sample_is_completed_while_its_results_change(coordinator, consented):
    page, sample = signed_in(coordinator), sample_of(consented, coordinator, complete=False)
    sent = filled(page.get(change_of(sample))) | {"results-0-reported": "61", "_complete": "1"}
    done = page.post(change_of(sample), sent)
    assert done.status_code == 302, errors(done)


@pytest.mark.parametrize("added", [False, True])
def test_results_of_a_completed_sample_change_with_a_reason_alone(coordinator, consented, added):
    page, sample = signed_in(coordinator), sample_of(consented, coordinator)
    sent = filled(page.get(change_of(sample)))
    if added:
        row = {"test": "PLAT", "reported": "5", "unit": "10^9/L", "sample": sample.pk}
        sent |= {f"results-2-{name}": value for name, value in row.items()}
        sent |= {"results-TOTAL_FORMS": "3"}
    else:
        sent |= {"results-0-reported": "61"}
    refused = page.post(change_of(sample), sent)
    assert "reason_choice" in refused.context["adminform"].form.errors
    assert sorted(r.reported for r in sample.results.all()) == ["5", "60"]
    done = page.post(change_of(sample), sent | {"reason_choice": "Entry error"})
    assert done.status_code == 302, errors(done)
    newest = LabResult.history.latest("history_id")
    assert (newest.history_change_reason, newest.history_role) == ("Entry error", "CRC")


def test_a_result_added_to_a_completed_sample_needs_a_reason_in_the_api(
    api, coordinator, consented
):
    place = f"/api/v1/lab-samples/{sample_of(consented, coordinator).pk}/"
    late = {"results": [{"test": "PLAT", "reported": "5", "unit": "10^9/L"}]}
    refused = api(coordinator).patch(place, late)
    assert (refused.status_code, list(refused.json())) == (400, ["change_reason"])
    done = api(coordinator).patch(place, late | {"change_reason": "came later"})
    assert done.status_code == 200


def test_two_results_of_one_test_are_refused_in_words(coordinator, consented):
    page, sample = signed_in(coordinator), sample_of(consented, coordinator)
    sent = filled(page.get(change_of(sample))) | {"reason_choice": "Entry error"}
    for n, test in ((2, "HGB"), (3, "PLAT"), (4, "PLAT")):
        sent |= {f"results-{n}-test": test, f"results-{n}-reported": "7"}
        sent |= {f"results-{n}-unit": "g/L" if test == "HGB" else "10^9/L"}
    both_new = sent | {"results-TOTAL_FORMS": "5", "results-2-test": "", "results-2-reported": ""}
    for tried in (sent | {"results-TOTAL_FORMS": "3"}, both_new | {"results-2-unit": ""}):
        refused = page.post(change_of(sample), tried)
        assert refused.status_code == 200
        assert any(errors(refused))
    assert sample.results.count() == 2


def test_a_page_opened_before_a_correction_does_not_undo_it(coordinator, consented):
    page, sample = signed_in(coordinator), sample_of(consented, coordinator)
    stale = filled(page.get(change_of(sample)))
    corrected = LabResult.objects.get(sample=sample, test="HGB")
    corrected.reported = "66"
    corrected.write(by=coordinator, reason="misread")
    sent = stale | {"results-1-reported": "7", "reason_choice": "Entry error"}
    refused = page.post(change_of(sample), sent)
    assert refused.status_code == 200
    assert sorted(r.reported for r in sample.results.all()) == ["5", "66"]


def test_many_rows_are_not_written_over_newer_ones(coordinator, consented):
    sample = sample_of(consented, coordinator)
    mine = list(LabResult.objects.filter(sample=sample).order_by("pk"))
    theirs = LabResult.objects.get(pk=mine[0].pk)
    theirs.reported = "66"
    theirs.write(by=coordinator, reason="misread")
    for row in mine:
        row.reported = "1"
    with pytest.raises(ValidationError) as refused:
        LabResult.bulk_write(mine, by=coordinator, reason="guess")
    assert refused.value.code == "conflict"
    assert sorted(r.reported for r in sample.results.all()) == ["5", "66"]


def test_nothing_is_changed_or_added_below_a_voided_sample(api, coordinator, consented):
    sample = sample_of(consented, coordinator)
    sample.void(by=coordinator, reason="wrong person")
    place = f"/api/v1/lab-samples/{sample.pk}/"
    for test in ("HGB", "HCT"):
        row = {"test": test, "reported": "9", "unit": "g/L" if test == "HGB" else "%"}
        body = {"results": [row], "change_reason": "y"}
        assert api(coordinator).patch(place, body).status_code == 400
    page = signed_in(coordinator)
    sent = filled(page.get(change_of(sample))) | {"results-0-reported": "61"}
    page.post(change_of(sample), sent | {"reason_choice": "Entry error"})
    assert sorted(r.reported for r in sample.results.all()) == ["5", "60"]


# Steps, accounts, settings --------------------------------------------------------------------


def test_a_screen_failure_does_not_become_enrolled_past_the_gates(
    api, coordinator, investigator, consented, today
):
    row = f.enrol(
        consented,
        coordinator,
        today,
        outcome="SCREEN_FAILURE",
        reason="lymphocytes too low",
        decided_by=investigator,
    )
    change = {"outcome": "ENROLLED", "reason": "", "change_reason": "looked again"}
    refused = api(coordinator).patch(f"/api/v1/enrolments/{row.pk}/", change)
    assert refused.status_code == 400
    assert {b["form"] for b in refused.json()["blockers"]} >= {"crf.demographics", "crf.screening"}


def test_no_decision_before_consent_either_way(coordinator, investigator, participant, today):
    with pytest.raises(ValidationError, match="informed consent is missing"):
        f.enrol(participant, coordinator, today, outcome="SCREEN_FAILURE", reason="none")
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.MONITOR, Role.SPONSOR, Role.INSPECTOR])
def test_accounts_and_sites_are_not_voided_by_address(site, role):
    admin = signed_in(f.make_user(Role.ADMINISTRATOR))
    person = f.make_user(role, site)
    for name, pk in (("user", person.pk), ("site", site.pk)):
        address = reverse(f"admin:trial_{name}_void", args=[pk])
        assert admin.post(address, {"reason": "x"}).status_code == 403
        assert signed_in(person).post(address, {"reason": "x"}).status_code in (403, 404)
    assert User.objects.get(pk=person.pk).voided_at is None


def test_nobody_finds_a_password_by_filtering_for_it(site):
    inspector = signed_in(f.make_user(Role.INSPECTOR))
    seen = inspector.get(reverse("admin:trial_user_changelist"), {"password__startswith": "a"})
    assert seen.status_code == 400


def test_a_password_set_by_another_is_in_the_history_and_ends_tokens(coordinator, api):
    client, admin = api(coordinator), f.make_user(Role.ADMINISTRATOR)
    page = signed_in(admin)
    sent = filled(page.get(change_of(coordinator))) | {"new_password": "another horse battery"}
    done = page.post(change_of(coordinator), sent | {"is_active": "on"})
    assert done.status_code == 302, errors(done)
    newest = User.history.filter(id=coordinator.pk).latest("history_id")
    assert (newest.history_user_id, newest.history_change_reason) == (admin.pk, "New password set")
    assert client.get("/api/v1/me/").status_code == 401
    assert User.objects.get(pk=coordinator.pk).check_password("another horse battery")


def test_everybody_changes_their_own_password(coordinator):
    page = signed_in(coordinator)
    new = "another horse battery"
    sent = {"old_password": f.PASSWORD, "new_password1": new, "new_password2": new}
    assert page.post(reverse("admin:password_change"), sent).status_code == 302
    assert User.objects.get(pk=coordinator.pk).check_password(new)


def test_an_administrator_does_not_grant_themselves_a_site(site):
    admin = f.make_user(Role.ADMINISTRATOR)
    page = signed_in(admin)
    sent = filled(page.get(change_of(admin))) | {
        "is_active": "on",
        "reason_choice": "Entry error",
        "memberships-TOTAL_FORMS": "1",
        "memberships-0-site": site.pk,
        "memberships-0-began_on": "2026-01-01",
    }
    refused = page.post(change_of(admin), sent)
    assert refused.status_code == 200
    assert not Membership.objects.filter(user=admin).exists()


def test_settings_are_confirmed_by_the_medical_monitor_with_a_post(protocol):
    doctor = signed_in(f.make_user(Role.MEDICAL_MONITOR))
    address = reverse("admin:trial_protocolversion_confirm_settings", args=[protocol.pk])
    assert doctor.get(address).status_code == 200
    assert ProtocolVersion.objects.get().confirmed_at is None
    manager = signed_in(f.make_user(Role.DATA_MANAGER))
    assert manager.post(address).status_code == 403
    assert doctor.post(address).status_code == 302
    assert ProtocolVersion.objects.get().confirmed_at is not None


def test_a_setting_changed_after_confirmation_asks_for_a_new_one(protocol):
    protocol.confirmed_by = f.make_user(Role.MEDICAL_MONITOR)
    protocol.confirmed_at = timezone.now()
    protocol.write(by=protocol.confirmed_by, reason="confirmed")
    changed = ProtocolVersion.objects.get()
    changed.hcg_before_enrolment_days = 30
    changed.write(by=f.SETUP, reason="amended")
    assert ProtocolVersion.objects.get().confirmed_at is None


@pytest.mark.parametrize("forms", [5, {"crf.labsample": 1}, ["crf.nothing"], [7], "crf.labsample"])
def test_a_schedule_names_forms_that_exist(protocol, forms):
    item = protocol.schedule.first()
    item.forms = forms
    with pytest.raises(ValidationError, match="forms"):
        item.write(by=f.SETUP, reason="amended")


def test_a_pharmacist_enters_a_bag_on_the_page(pharmacist, consented):
    page, address = signed_in(pharmacist), reverse("admin:crf_productbag_add")
    offered = page.get(address).content.decode()
    assert consented.number in offered
    sent = filled(page.get(address, {"participant": consented.pk})) | {
        "lot": "LOT-9",
        "_draft": "1",
    }
    done = page.post(address, sent)
    assert done.status_code == 302, errors(done)
    assert ProductBag.objects.get().participant == consented


# Another site ---------------------------------------------------------------------------------


def test_a_row_is_not_moved_to_another_participant(coordinator, consented, elsewhere, today):
    row = f.screening(consented, coordinator, today)
    page = signed_in(coordinator)
    sent = filled(page.get(change_of(row))) | {"participant": elsewhere.pk}
    page.post(change_of(row), sent | {"reason_choice": "Entry error", "gilbert": "U"})
    assert Screening.objects.get().participant_id == consented.pk


def test_the_plan_of_a_visit_is_not_set_by_post(coordinator, consented):
    visit = f.visit(consented, "SCR")
    page = signed_in(coordinator)
    sent = filled(page.get(change_of(visit))) | {"target_on": "2030-01-01"}
    page.post(change_of(visit), sent | {"reason_choice": "Entry error"})
    assert f.visit(consented, "SCR").target_on == visit.target_on


def test_another_sites_participant_opens_no_form(coordinator, consented, elsewhere):
    page = signed_in(coordinator)
    address = reverse("admin:safety_adverseevent_add")
    shown = page.get(address, {"participant": elsewhere.pk})
    assert elsewhere.number not in shown.content.decode()
    sent = filled(shown) | {"participant": elsewhere.pk, "term": "fever", "_draft": "1"}
    assert page.post(address, sent).status_code == 200
    assert not AdverseEvent.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        {"participant__site__code": "ZZZ09"},
        {"participant__number": "ZZZ09-0001"},
        {"obtained_by__password__startswith": "a"},
        {"participant__demographics__birth_on__lt": "2000-01-01"},
        {"_to_field": "signed_at"},
    ],
)
def test_a_list_takes_no_filter_it_does_not_offer(coordinator, consented, elsewhere, query):
    seen = signed_in(coordinator).get(reverse("admin:trial_consent_changelist"), query)
    assert seen.status_code in (302, 400)


def test_autocomplete_shows_the_participants_of_my_sites(coordinator, consented, elsewhere):
    asked = {"app_label": "crf", "model_name": "screening", "field_name": "participant"}
    found = signed_in(coordinator).get("/admin/autocomplete/", asked | {"term": ""}).json()
    assert [row["text"] for row in found["results"]] == [consented.number]
    monitor = signed_in(f.make_user(Role.PHARMACIST))
    assert monitor.get("/admin/autocomplete/", asked | {"term": ""}).status_code == 403


def test_the_language_page_leads_nowhere_else(client, db):
    sent = {"language": "zh-hans", "next": "https://evil.example/"}
    assert client.post("/i18n/setlang/", sent)["Location"] == "/"


# Markup and logs ------------------------------------------------------------------------------


def test_markup_in_a_value_is_text_on_every_page(coordinator, consented):
    nasty = "<script>alert(1)</script>"
    event = AdverseEvent(participant=consented, term=nasty)
    event.write(by=coordinator)
    page = signed_in(coordinator)
    addresses = [change_of(event), change_of(event).replace("change", "history")]
    addresses += [change_of(event).replace("change", "void")]
    addresses += [reverse("casebook", args=[consented.number]), reverse("admin:index")]
    addresses += [reverse("admin:safety_adverseevent_changelist")]
    sent = filled(page.get(change_of(event))) | {"_draft": "1", "grade": "2"}
    assert page.post(change_of(event), sent).status_code == 302
    for address in addresses:
        seen = page.get(address)
        assert seen.status_code == 200
        assert nasty not in seen.content.decode()


def test_values_stay_out_of_the_logs(api, coordinator, consented, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    client = api(coordinator)
    event = {"participant": consented.number, "term": "Zoster ophthalmicus", "grade": 7}
    assert client.post("/api/v1/adverse-events/", event).status_code == 400
    assert client.post("/api/v1/adverse-events/", event | {"grade": 2}).status_code == 201
    page = signed_in(coordinator)
    page.get(reverse("admin:safety_adverseevent_changelist"), {"q": "Zoster"})
    page.get("/admin/safety/adverseevent/999/change/")
    sample = sample_of(consented, coordinator)
    sent = filled(page.get(change_of(sample))) | {"results-0-test": "WBC", "reason_text": "Zoster"}
    page.post(change_of(sample), sent)
    assert caplog.records  # what is asked of the log is that it was written
    assert "Zoster" not in caplog.text
    assert "ophthalmicus" not in caplog.text


# Input nobody meant ---------------------------------------------------------------------------

DIGITS = "9" * 40


@pytest.mark.parametrize(
    "address",
    [
        "casebook/?number=²",
        f"casebook/?number={'9' * 4400}",
        "casebook/%00/",
        "crf/screening/add/?participant=²",
        f"crf/screening/add/?participant={DIGITS}",
        f"crf/screening/add/?visit={DIGITS}",
        "crf/screening/²/change/",
        f"crf/screening/{DIGITS}/change/",
        f"crf/screening/{DIGITS}/history/",
        f"crf/screening/{DIGITS}/void/",
        "crf/screening/%00/change/",
        f"crf/screening/?p={DIGITS}",
        "crf/screening/?o=9999.-x.²",
        "crf/screening/?q=%00",
        "crf/screening/?visit__id__exact=²",
        "trial/reminder/?due_on__year=0",
        "trial/reminder/?due_on__year=2026&due_on__month=13",
        "autocomplete/?app_label=crf&model_name=screening&field_name=participant&term=%00",
        "mail/%00",
    ],
)
def test_an_odd_address_is_answered(coordinator, consented, address):
    assert signed_in(coordinator).get(f"/admin/{address}").status_code < 500


def cursor(position):
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query",
    [
        "number=%00",
        "changed_since=9999-12-31T23:59:59-14:00",
        "changed_since=0001-01-01T00:00:00%2B14:00",
        "page_size=²",
        f"page_size={'9' * 4400}",
        "cursor=%C3%A9",
        *(
            f"cursor={cursor(position)}"
            for position in (
                ["9999-12-31T23:59:59-14:00", 1],
                ["0001-01-01T00:00:00+14:00", 1],
                ["2026-01-01T00:00:00+00:00", 1.5],
                [{"a": 1}, 1],
                [1, 2, 3],
                None,
            )
        ),
    ],
)
def test_an_odd_question_is_refused(api, coordinator, participant, query):
    assert api(coordinator).get(f"/api/v1/participants/?{query}").status_code == 400


def test_a_cursor_beyond_every_key_is_an_empty_page(api, coordinator, participant):
    far = cursor(["2999-01-01T00:00:00+00:00", 10**40])
    seen = api(coordinator).get(f"/api/v1/participants/?cursor={far}")
    assert (seen.status_code, seen.json()["results"]) == (200, [])


@pytest.mark.parametrize(
    ("place", "answers"),
    [
        ("hcg-tests", {"sampled_at": "9999-12-31T23:59:59Z"}),
        ("hcg-tests", {"sampled_at": "0001-01-01T00:00:00+08:00"}),
        ("hcg-tests", {"not_done_reason": "a\x00b"}),
        ("hcg-tests", {"value_iu_per_l": "1e400"}),
        ("hcg-tests", {"value_iu_per_l": "NaN"}),
        ("hcg-tests", {"value_iu_per_l": "0.1234567"}),
        ("hcg-tests", {"absent": {"id": {"code": "UNK"}}}),
        ("hcg-tests", {"absent": {"completed_at": {"code": "UNK"}}}),
        ("hcg-tests", {"absent": {"value_iu_per_l": {"code": ["ND"]}}}),
        ("hcg-tests", {"visit": 10**40}),
        ("hcg-tests", {"completed_at": "2026-01-01T00:00:00Z"}),
        ("hcg-tests", {"voided_at": None}),
        ("hcg-tests", {"complete": True}),
        ("adverse-events", {"term": "x", "grade": 10**40}),
        ("adverse-events", {"term": "x", "grade": "1e400"}),
        ("adverse-events", {"term": "x", "began_on": "0000"}),
        ("adverse-events", {"term": "x", "began_on": "２０２４"}),
        ("lab-samples", {"results": [{"test": "HGB", "reported": "9" * 20, "unit": "g/L"}]}),
        ("lab-samples", {"results": [{"test": ["HGB"]}]}),
        ("crs-assessments", {"vasopressors": -1}),
        ("crs-assessments", {"oxygen": "NOPE"}),
        ("treatment-courses", {"planned_on": "9999-12-31"}),
        ("treatment-courses", {"planned_on": "0001-01-01"}),
    ],
)
def test_an_odd_answer_is_refused_beside_its_field(
    api, coordinator, consented, protocol, place, answers
):
    body = {"participant": consented.number} | answers
    if place == "treatment-courses":
        body["dose_level"] = protocol.dose_levels.get().pk
    refused = api(coordinator).post(f"/api/v1/{place}/", json.dumps(body))
    assert refused.status_code == 400, refused.content
    assert refused.json()
    assert not LabSample.objects.exists()


def test_a_forged_address_does_not_pass_the_limit_of_tries(client, coordinator):
    def attempt(n):
        body = {"username": coordinator.username, "password": f"wrong {n}"}
        forged = {"x-forwarded-for": f"10.0.0.{n}"}
        return client.post(
            "/api/v1/tokens/", json.dumps(body), content_type="application/json", headers=forged
        ).status_code

    assert {attempt(n) for n in range(5)} == {401}
    assert attempt(6) == 429


def test_a_participant_is_found_whatever_else_was_voided(coordinator, consented, elsewhere):
    assert list(Participant.objects.visible_to(coordinator)) == [consented]
