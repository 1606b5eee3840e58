"""The deployment files say what the deployment must keep."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
OURS = ["migrate", "web", "worker", "beat"]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_every_part_is_there():
    assert set(SERVICES) == {*OURS, "postgres", "redis", "mail"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate", "beat"}))
def test_a_service_is_watched(name):
    """web by the image's own check; beat by the heartbeat that web reports; migrate ends."""
    built_in = name == "web" and "HEALTHCHECK" in DOCKERFILE and "/healthz" in DOCKERFILE
    assert built_in or SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_our_services_wait_for_the_migrations_and_the_broker(name):
    waits = {on: how["condition"] for on, how in SERVICES[name]["depends_on"].items()}
    assert waits == {"migrate": "service_completed_successfully", "redis": "service_healthy"}


@pytest.mark.parametrize("name", OURS)
def test_secrets_come_from_the_environment_and_have_no_default(name):
    environment = SERVICES[name]["environment"]
    assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert ":${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]
    assert environment["DEBUG"] == "false"


def test_the_database_password_is_the_only_one_and_is_given():
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith(
        "${POSTGRES_PASSWORD:?"
    )


def test_only_this_machine_reaches_published_ports():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_image_runs_as_nobody_special():
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.M)
    assert users == ["app"]
    assert DOCKERFILE.index("USER app") < DOCKERFILE.index("CMD [")


def test_the_image_installs_only_what_the_lock_names():
    assert DOCKERFILE.count("pip install") == DOCKERFILE.count("--require-hashes -r") == 1


@pytest.mark.parametrize("key", ["", "change-me-" + "x" * 60, "short"])
def test_production_refuses_to_start_without_a_real_secret(key, tmp_path):
    environment = {**os.environ, "SECRET_KEY": key, "DEBUG": "false", "DATA_DIR": str(tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    command = [sys.executable, str(ROOT / "manage.py"), "check"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode != 0
    assert "ImproperlyConfigured: SECRET_KEY is" in run.stderr
