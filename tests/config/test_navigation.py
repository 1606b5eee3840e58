"""The sidebar, the banner, the zone and the content security policy of admin pages."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.middleware import SiteZone
from config.navigation import GROUPS, sidebar
from tests import factories as f
from trial.roles import Area, Role

BANNER = "Demonstration study: every participant is invented"


def links(rf, user):
    request = rf.get("/admin/")
    request.user = user
    return {item["link"]: group["title"] for group in sidebar(request) for item in group["items"]}


def test_every_area_has_a_group():
    assert set(GROUPS) == {*Area, None}


def test_the_coordinator_finds_participants_forms_and_safety(rf, coordinator):
    found = links(rf, coordinator)
    for name in ("trial_participant", "trial_visit", "crf_labsample", "safety_adverseevent"):
        assert reverse(f"admin:{name}_changelist") in found
    assert reverse("admin:trial_user_changelist") not in found


def test_the_administrator_finds_accounts_only(rf, db):
    found = links(rf, f.make_user(Role.ADMINISTRATOR))
    home, *rest = found
    assert home == reverse("admin:index")
    assert {str(found[link]) for link in rest} == {"People and sites"}


def test_the_pharmacist_finds_bags_and_no_casebook(rf, pharmacist):
    found = links(rf, pharmacist)
    assert reverse("admin:crf_productbag_changelist") in found
    assert reverse("admin:trial_participant_changelist") not in found
    assert reverse("admin:trial_reminder_changelist") not in found


def test_every_link_opens(client, rf, site, participant):
    for role in (Role.COORDINATOR, Role.PHARMACIST, Role.ADMINISTRATOR, Role.INSPECTOR):
        user = f.make_user(role, site)
        client.force_login(user)
        for link in links(rf, user):
            assert client.get(link).status_code == 200, (role, link)


def test_nobody_gets_links_without_login(rf):
    assert links(rf, AnonymousUser()) == {}


@pytest.mark.parametrize(("is_demo", "times"), [(True, 1), (False, 0)])
def test_every_page_of_a_demo_says_so_once(client, db, is_demo, times):
    f.make_study(is_demo=is_demo)
    site, version = f.make_site(), f.make_protocol(confirmed_at=timezone.now())
    user = f.make_user(Role.COORDINATOR, site)
    person = f.register(user, site, version)
    pages = [client.get(reverse("admin:login"))]
    client.force_login(user)
    for address in (
        reverse("admin:index"),
        reverse("casebook", args=[person.number]),
        reverse("admin:trial_participant_changelist"),
        reverse("admin:trial_participant_change", args=[person.pk]),
        reverse("admin:trial_participant_history", args=[person.pk]),
        reverse("admin:trial_consent_add") + "?_popup=1",
        reverse("admin:password_change"),
    ):
        pages.append(client.get(address))
    for page in pages:
        assert page.status_code == 200
        assert page.content.decode().count(BANNER) == times, page.request["PATH_INFO"]


def test_the_login_page_opens_before_a_study_is_set_up(client, db):
    assert client.get(reverse("admin:login")).status_code == 200


def test_the_study_is_read_once_per_page(client, coordinator):
    client.force_login(coordinator)
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("admin:index"))
    assert sum('FROM "trial_study"' in q["sql"] for q in queries) == 1


def test_admin_pages_speak_in_the_zone_of_the_users_first_site(client, db):
    far = f.make_site("HNL01")
    far.time_zone = "Pacific/Honolulu"
    far.write(by=f.SETUP, reason="in Hawaii")
    f.make_study()
    client.force_login(f.make_user(Role.COORDINATOR, far, f.make_site("ZZZ01")))
    assert client.get(reverse("admin:index")).context["zone"] == "Pacific/Honolulu"
    client.force_login(f.make_user(Role.DATA_MANAGER))
    assert client.get(reverse("admin:index")).context["zone"] == "Asia/Shanghai"


class Person:
    is_authenticated = True
    zones = {1: "Pacific/Honolulu", 2: "Asia/Tokyo"}


def test_no_zone_is_left_behind(rf, settings):
    def fails(_request):
        assert timezone.get_current_timezone_name() == "Pacific/Honolulu"
        raise RuntimeError

    request = rf.get("/admin/")
    request.user = Person()
    with pytest.raises(RuntimeError):
        SiteZone(fails)(request)
    assert timezone.get_current_timezone_name() == settings.TIME_ZONE


def test_other_pages_keep_the_default_and_do_not_ask_who_it_is(rf, settings):
    def answer(_request):
        assert timezone.get_current_timezone_name() == settings.TIME_ZONE
        return HttpResponse()

    assert SiteZone(answer)(rf.get("/api/v1/")).status_code == 200  # the request has no user


def test_only_admin_pages_may_build_scripts_from_text(client, db):
    def policy(address):
        return client.get(address)["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in policy(reverse("admin:login"))
    assert "unsafe-eval" not in policy("/healthz")
    assert "default-src 'self'" in policy("/healthz")
