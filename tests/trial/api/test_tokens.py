"""Tokens: a digest, an end, revoked at once."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from knox.models import AuthToken

from tests import factories as f
from trial.roles import Role

ME = "/api/v1/me/"


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()


def ask(client, user, **fields):
    body = {"username": user.username, "password": f.PASSWORD} | fields
    return client.post("/api/v1/tokens/", body, content_type="application/json")


def reads(client, token):
    return client.get(ME, headers={"authorization": f"Token {token}"}).status_code


def test_a_token_is_got_with_a_password_and_kept_as_a_digest(client, monitor):
    response = ask(client, monitor)
    assert response.status_code == 201
    token = response.json()["token"]
    assert reads(client, token) == 200
    row = AuthToken.objects.get()
    assert token not in (row.digest, row.token_key)
    ends = parse_datetime(response.json()["expires_at"]) - timezone.now()
    assert timedelta(hours=7, minutes=59) < ends <= timedelta(hours=8)
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("hours", "status"), [(0, 400), (1, 201), (720, 201), (721, 400)])
def test_a_token_lasts_1_to_720_hours(client, monitor, hours, status):
    assert ask(client, monitor, hours=hours).status_code == status


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(client, monitor):
    wrong = ask(client, monitor, password="wrong")
    unknown = ask(client, monitor, username="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


def test_the_sixth_try_in_a_minute_is_refused_and_another_name_is_not(client, monitor, site):
    for _ in range(5):
        assert ask(client, monitor, password="wrong").status_code == 401
    refused = ask(client, monitor)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert ask(client, f.make_user(Role.MONITOR, site)).status_code == 201


def test_an_expired_token_is_refused(client, monitor):
    token = ask(client, monitor, hours=1).json()["token"]
    with time_machine.travel(timezone.now() + timedelta(minutes=59), tick=False):
        assert reads(client, token) == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert reads(client, token) == 401


def test_a_token_is_revoked_at_once(client, monitor, api):
    mine, other = api(monitor), api(monitor)
    assert mine.delete("/api/v1/tokens/current/").status_code == 204
    assert mine.get(ME).status_code == 401
    assert other.get(ME).status_code == 200


def test_a_session_has_no_token_to_revoke(client, monitor):
    client.force_login(monitor)
    assert client.delete("/api/v1/tokens/current/").status_code == 400


def test_a_disabled_account_loses_its_tokens_and_gets_none(client, monitor, api):
    mine = api(monitor)
    monitor.is_active = False
    monitor.write(by=f.SETUP, reason="left the study")
    assert mine.get(ME).status_code == 401
    assert ask(client, monitor).status_code == 401


def test_a_delegation_that_ended_ends_what_the_token_shows(monitor, api, participant):
    mine = api(monitor)
    assert len(mine.get("/api/v1/participants/").json()["results"]) == 1
    delegation = monitor.memberships.get()
    delegation.ended_on = timezone.localdate() - timedelta(days=1)
    delegation.write(by=f.SETUP, reason="moved on")
    assert mine.get("/api/v1/participants/").json()["results"] == []


@pytest.mark.parametrize("header", ["Token", "Token x", "Token x y", "Token \xff\xfe", "Bearer x"])
def test_a_broken_header_is_401(client, db, header):
    assert client.get(ME, headers={"authorization": header}).status_code == 401


def test_the_command_prints_a_token(client, monitor, capsys):
    call_command("issue_token", monitor.username.upper(), days=2)
    assert reads(client, capsys.readouterr().out.strip()) == 200
    ends = AuthToken.objects.get().expiry - timezone.now()
    assert timedelta(days=1, hours=23) < ends <= timedelta(days=2)


@pytest.mark.parametrize(("name", "days"), [("nobody", 30), (None, 0), (None, 366)])
def test_the_command_says_what_is_wrong(monitor, name, days):
    with pytest.raises(CommandError):
        call_command("issue_token", name or monitor.username, days=days)
    assert not AuthToken.objects.exists()
