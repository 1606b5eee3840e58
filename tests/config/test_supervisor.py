import os
import signal
import sys

import pytest

from config import supervisor as supervisor_module
from config.supervisor import Child, GaveUpError, StopRequestedError, Supervisor


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(tmp_path, said, monkeypatch):
    monkeypatch.setattr(supervisor_module, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(supervisor_module, "LONGEST_PAUSE_SECONDS", 0.01)
    with Supervisor(tmp_path, tmp_path, said.append) as running:
        yield running


def python(name, code):
    return Child(name, [sys.executable, "-c", code])


def test_a_child_that_dies_at_once_is_given_up_with_its_last_words(supervisor, said):
    supervisor.start(python("web", "import sys; sys.exit('no such table')"))
    with pytest.raises(GaveUpError, match=r"no such table[\s\S]*web died 5 times"):
        supervisor.watch()
    assert len(said) == 4
    assert "web ended with code 1" in said[0]
    assert "web starts again in" in said[0]


def test_a_child_that_lived_long_enough_starts_again_without_end(supervisor, said, monkeypatch):
    monkeypatch.setattr(supervisor_module, "QUICK_DEATH_SECONDS", 0)
    supervisor.start(python("worker", ""))
    assert supervisor.watch(until=lambda: len(said) > 5)
    assert supervisor.children[0].quick_deaths == 0


def test_children_end_in_the_reverse_order_of_their_start(tmp_path, supervisor):
    order = tmp_path / "order"
    for name in ["broker", "worker", "beat"]:
        code = (
            "import signal, sys, time\n"
            f"def end(*_): open({str(order)!r}, 'a').write('{name} '); sys.exit()\n"
            f"signal.signal(signal.SIGTERM, end); open({str(tmp_path / name)!r}, 'w')\n"
            "time.sleep(60)"
        )
        supervisor.start(python(name, code))
    ready = [tmp_path / name for name in ("broker", "worker", "beat")]
    supervisor.watch(until=lambda: all(path.exists() for path in ready))
    supervisor.stop()
    assert order.read_text().split() == ["beat", "worker", "broker"]


def test_a_child_that_ignores_the_request_is_killed_after_its_time(supervisor, tmp_path):
    ready = tmp_path / "ready"
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(ready)!r}, 'w'); time.sleep(60)"
    )
    child = python("web", code)
    child.stop_seconds = 0.1
    supervisor.start(child)
    supervisor.watch(until=ready.exists)
    supervisor.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_a_signal_ends_the_watching(supervisor):
    def signal_myself():
        os.kill(os.getpid(), signal.SIGTERM)
        return False

    assert supervisor.watch(until=signal_myself) is False


def test_a_signal_interrupts_a_step_and_forbids_the_next(supervisor):
    with pytest.raises(StopRequestedError), supervisor.step():
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(StopRequestedError), supervisor.step():
        pytest.fail("a stop was asked for")


def test_a_large_log_is_set_aside(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor_module, "LOG_BYTES", 10)
    (tmp_path / "web.log").write_text("old and long\n")
    supervisor.start(python("web", ""))
    assert (tmp_path / "web.log.1").read_text() == "old and long\n"
    assert (tmp_path / "web.log").read_text() == ""
