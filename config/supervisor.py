"""Keeps the processes of `manage.py up` alive together and ends them together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Self

QUICK_DEATH_SECONDS = 10  # a process that lived shorter counts as failing, not as unlucky
QUICK_DEATHS_ALLOWED = 5
LONGEST_PAUSE_SECONDS = 8
LOG_BYTES = 5_000_000  # a larger log is set aside at the next start, one generation is kept
TICK_SECONDS = 0.2
PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class GaveUpError(Exception):
    """A process died at once, again and again; the message holds its last lines."""


class StopRequestedError(Exception):
    """Ctrl-C or SIGTERM came while starting."""


def end_with(parent: int) -> None:
    """Called in a new child: the kernel ends it when its parent dies, even by kill -9 (Linux)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)  # the parent died between fork and prctl


@dataclass
class Child:
    """One process; `stop_seconds` is how long it may take to finish what it does."""

    name: str
    command: list[str]
    stop_seconds: float = 5
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    quick_deaths: int = 0
    restart_at: float | None = None  # set while it waits for its next start


class Supervisor:
    """Starts children in the order given, stops them in the reverse, restarts the dead.

    folder is their working folder, logs the one that what they write goes to.

    A context manager: leaving it, however, stops every child.
    """

    def __init__(self, folder: Path, logs: Path, say: Callable[[str], object]) -> None:
        self.folder = folder
        self.logs = logs
        self.say = say
        self.children: list[Child] = []
        self.stop_requests = 0
        self.in_step = False

    def __enter__(self) -> Self:
        self._handlers = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop_requests += 1
        if self.in_step:
            self.in_step = False
            raise StopRequestedError

    @contextmanager
    def step(self) -> Iterator[None]:
        """Work in this process that a stop may interrupt; starting a child is not."""
        if self.stop_requests:
            raise StopRequestedError
        self.in_step = True
        try:
            yield
        finally:
            self.in_step = False

    def start(self, child: Child) -> None:
        """Start a child and keep it running from now on."""
        self.children.append(child)
        log = self._log(child)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        self._spawn(child)

    def watch(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Tend the children until the condition holds (True) or a stop is asked for (False).

        Raises GaveUpError.
        """
        while not self.stop_requests:
            for child in self.children:
                self._tend(child)
            if until():
                return True
            time.sleep(TICK_SECONDS)
        return False

    def stop(self) -> None:
        """End all in reverse order; a second signal ends the waiting for them."""
        for child in reversed(self.children):
            if child.process is None or child.process.poll() is not None:
                continue
            child.process.terminate()
            deadline = time.monotonic() + child.stop_seconds
            while child.process.poll() is None:
                if time.monotonic() > deadline or self.stop_requests > 1:
                    break
                time.sleep(0.05)
            self._clear_group(child)
            child.process.wait()
        self.children.clear()

    def last_lines(self, child: Child, count: int = 15) -> str:
        """The end of what the child wrote, for the person at the terminal."""
        with self._log(child).open("rb") as log:
            log.seek(max(0, self._log(child).stat().st_size - 8000))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])

    def _log(self, child: Child) -> Path:
        return self.logs / f"{child.name}.log"

    def _spawn(self, child: Child) -> None:
        with self._log(child).open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603 - our own commands
                child.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # the terminal's Ctrl-C reaches us alone: we keep the order
                preexec_fn=partial(end_with, os.getpid()),
            )
        child.started_at = time.monotonic()
        child.restart_at = None

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.restart_at is not None:
            if now >= child.restart_at:
                self._spawn(child)
            return
        if child.process is None or (code := child.process.poll()) is None:
            return
        self._clear_group(child)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        quick = now - child.started_at < QUICK_DEATH_SECONDS
        child.quick_deaths = child.quick_deaths + 1 if quick else 0
        ending = f"{child.name} {how}; its last lines ({self._log(child)}):\n"
        ending += self.last_lines(child)
        if child.quick_deaths >= QUICK_DEATHS_ALLOWED:
            raise GaveUpError(
                f"{ending}\n{child.name} died {child.quick_deaths} times right after its start: "
                "everything is stopped."
            )
        pause = min(0.5 * 2**child.quick_deaths, LONGEST_PAUSE_SECONDS)
        child.restart_at = now + pause
        self.say(f"{ending}\n{child.name} starts again in {pause:g} s.")

    def _clear_group(self, child: Child) -> None:
        """What a child leaves behind (it leads a group of its own) must not outlive it."""
        if child.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
