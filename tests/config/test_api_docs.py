"""The OpenAPI document and its page."""

import re

import pytest
import yaml
from django.core.management import call_command


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = tmp_path_factory.mktemp("openapi") / "schema.yml"
    call_command("spectacular", file=str(path), validate=True, fail_on_warn=True)
    return yaml.safe_load(path.read_text())


def test_it_is_valid_without_a_warning_and_holds_every_resource(document):
    assert document["openapi"].startswith("3.1")
    assert len(document["paths"]) > 60
    for place in ("participants", "screenings", "lab-samples", "adverse-events", "reminders"):
        assert f"/api/v1/{place}/" in document["paths"]


def test_nothing_can_be_replaced_or_deleted(document):
    verbs = {(place, verb) for place, verbs in document["paths"].items() for verb in verbs}
    assert {place for place, verb in verbs if verb in ("put", "delete")} == {
        "/api/v1/tokens/current/"
    }


def test_a_field_says_its_cdash_name_unit_and_limits(document):
    weight = document["components"]["schemas"]["Screening"]["properties"]["weight_kg"]
    assert (weight["x-cdash"], weight["x-unit"]) == ("WEIGHT_VSORRES", "kg")
    assert (weight["x-minimum"], weight["x-maximum"]) == ("25", "250")
    assert "CDASH: WEIGHT_VSORRES. Unit: kg. At least: 25. At most: 250." in weight["description"]


def test_it_needs_a_login_and_is_served(api, monitor, client):
    assert client.get("/api/v1/schema/").status_code == 401
    assert api(monitor).get("/api/v1/schema/?format=json").json()["openapi"].startswith("3.1")


def test_the_page_works_under_the_content_security_policy(client, monitor):
    assert client.get("/api/v1/docs/").status_code == 302
    client.force_login(monitor)
    page = client.get("/api/v1/docs/")
    html = page.content.decode()
    assert "script" not in page["Content-Security-Policy"]  # falls back to default-src 'self'
    scripts = re.findall(r"<script([^>]*)>([^<]*)", html)
    assert scripts
    assert all("src=" in attributes and not inline.strip() for attributes, inline in scripts)
    sources = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert all(source.startswith("/") for source in sources)
    script = client.get("/api/v1/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle" in script.content


def test_its_files_come_from_this_server(client, monitor):
    client.force_login(monitor)
    html = client.get("/api/v1/docs/").content.decode()
    for source in re.findall(r'src="(/static/[^"]+)"', html):
        assert client.get(source).status_code == 200
