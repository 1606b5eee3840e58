"""`manage.py up` as a program of its own, for the tests that need it whole (Linux: /proc)."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from config.embedded import free_port

ROOT = Path(__file__).resolve().parents[1]
GIVEN = ("CELERY_BROKER_URL", "DATABASE_URL", "EMAIL_URL", "SECRET_KEY", "BASE_URL", "DEBUG")


class Program:
    """`manage.py up` in a folder of its own."""

    def __init__(self, folder: Path, output: Path, **environment: str) -> None:
        self.folder = folder
        self.port = int(environment.get("PORT") or free_port())
        inherited = {k: v for k, v in os.environ.items() if k not in GIVEN}
        if inherited.get("DJANGO_SETTINGS_MODULE") == "config.settings_test":
            del inherited["DJANGO_SETTINGS_MODULE"]
        self.output = output / f"output-{self.port}"
        with self.output.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up"],
                env=inherited
                | {"DATA_DIR": str(folder), "PORT": str(self.port), "NO_DEMO": "1"}
                | environment,
                cwd=output,  # it must not matter where it is started
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def health(self) -> dict:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return json.load(answer)
        except HTTPError as error:
            return json.load(error)
        except OSError:
            return {}

    def ready(self) -> "Program":
        wait(lambda: "Ready after" in self.said or self.process.poll() is not None, 90)
        assert "Ready after" in self.said, self.said
        return self

    def children(self) -> dict[str, int]:
        """Process ids by part; one that has not become its part yet is left out."""
        found = {part(pid): pid for pid in processes(parent=self.process.pid)}
        return {name: pid for name, pid in found.items() if name}

    def family(self) -> set[int]:
        direct = processes(parent=self.process.pid)
        return direct | {pid for child in direct for pid in processes(parent=child)}


def part(pid: int) -> str | None:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return None  # it ended meanwhile
    if "valkey-server" in command[0] or "redis-server" in command[0]:
        return "broker"
    words = {"mail_sink": "mail", "worker": "worker", "gunicorn": "web", "beat": "beat"}
    return next((name for word, name in words.items() if word in command), None)


def processes(parent: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) == parent and fields[0] != "Z":
            found.add(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
