"""The one command for real: processes, signals, refusals (Linux: it looks into /proc)."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.program import ROOT, Program, alive, wait

PARTS = {"broker", "mail", "worker", "web", "beat"}

pytestmark = [
    pytest.mark.broker,
    pytest.mark.embedded,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]


@pytest.fixture
def up(tmp_path):
    started = []

    def start(folder: str = "data", **environment: str) -> Program:
        started.append(Program(tmp_path / folder, tmp_path, **environment))
        return started[-1]

    yield start
    for program in started:
        if program.process.poll() is None:
            program.process.send_signal(signal.SIGTERM)
            program.process.wait(60)


def test_it_starts_everything_and_ctrl_c_stops_everything(up):
    program = up().ready()
    assert program.health() == {
        "status": "ok", "database": "ok", "broker": "ok", "scheduler": "ok", "mail": "ok",
    }  # fmt: skip
    assert set(program.children()) == PARTS
    assert f"http://localhost:{program.port}/admin/mail/" in program.said
    family = program.family()
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(60) == 0
    assert not [pid for pid in family if alive(pid)]

    key = (program.folder / "secret_key").read_text()
    assert (program.folder / "secret_key").stat().st_mode & 0o077 == 0
    again = up(PORT=str(program.port)).ready()
    assert int(re.search(r"Ready after (\d+) s", again.said)[1]) <= 20
    assert (program.folder / "secret_key").read_text() == key


def test_a_part_that_dies_starts_again_and_the_rest_still_stops(up):
    program = up().ready()
    before = program.children()
    for name in ("worker", "broker", "web"):
        os.kill(before[name], signal.SIGKILL)
    wait(lambda: set(program.children()) == PARTS and program.health().get("status") == "ok", 60)
    after = program.children()
    assert program.health()["status"] == "ok"
    assert {name for name in PARTS if before[name] != after[name]} == {"worker", "broker", "web"}
    assert "worker was killed by signal 9" in program.said
    os.kill(after["beat"], signal.SIGKILL)  # and one that is dead when the stop comes
    family = program.family()
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(60) == 0
    assert not [pid for pid in family if alive(pid)]


def test_killing_the_program_itself_leaves_no_process(up):
    program = up().ready()
    family = program.family()
    program.process.kill()
    wait(lambda: not any(alive(pid) for pid in family), 30)
    assert not [pid for pid in family if alive(pid)]


def test_a_stop_while_it_starts_leaves_no_process(up):
    program = up()
    wait(lambda: "bringing the database" in program.said, 30)
    family = program.family()
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(60) == 0
    assert not [pid for pid in family if alive(pid)]


def test_a_second_start_on_the_same_folder_is_refused(up):
    first = up()
    wait(lambda: "bringing the database" in first.said, 30)
    refused(up(), f"in use by a program that was started before (process {first.process.pid})")


def test_a_taken_port_is_refused(up):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused(
            up(PORT=str(port)), f"Port {port} is taken by another program; choose another: PORT="
        )


@pytest.mark.parametrize("port", ["web", "0", "65536", "-1"])
def test_what_is_no_port_is_refused(up, port, tmp_path, monkeypatch):
    environment = {**os.environ, "PORT": port, "DATA_DIR": str(tmp_path)}
    command = [sys.executable, str(ROOT / "manage.py"), "up"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr.startswith(f"PORT is '{port}'")
    assert len(run.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_refused(up, tmp_path):
    (tmp_path / "file").touch()
    refused(up("file/data"), "cannot be written (Not a directory); choose another: DATA_DIR=")


def refused(program: Program, sentence: str) -> None:
    assert program.process.wait(30) == 2
    assert sentence in program.said
    assert len(program.said.splitlines()) == 1
