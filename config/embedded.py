"""What `manage.py up` settles before Django reads its settings (standard library only).

The data folder, its lock and secret key, the ports, and the environment that the program itself
and every process it starts share.
"""

import fcntl
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import IO, NoReturn

BASE_DIR = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"  # the embedded program serves this machine; the network is for a deployment

_held: list[IO[str]] = []  # a lock lasts as long as its file stays open


def prepare() -> None:
    """Make the data folder ready and complete the environment.

    Exits with code 2 and one sentence that names the next step where this is impossible.
    """
    os.umask(0o077)  # the folder will hold participants' data
    port = _port()
    folder = _folder()
    _lock(folder)
    _check_free(port)
    _make_secret_key(folder)
    os.environ["DATA_DIR"] = str(folder)
    os.environ["PORT"] = str(port)
    os.environ.setdefault("BASE_URL", f"http://localhost:{port}")
    if not os.environ.get("CELERY_BROKER_URL"):
        os.environ["EMBEDDED_BROKER_PORT"] = broker_port = str(free_port())
        # Other accounts of this machine reach the port too: the password keeps them out.
        password = secrets.token_urlsafe(24)
        os.environ["CELERY_BROKER_URL"] = f"redis://:{password}@{HOST}:{broker_port}/0"
    if not os.environ.get("EMAIL_URL"):
        os.environ["EMAIL_URL"] = f"smtp://{HOST}:{free_port()}"
        os.environ["MAIL_SINK_DIR"] = str(folder / "mail")


def free_port() -> int:
    """A TCP port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def refuse(sentence: str) -> NoReturn:
    """End the program with exit code 2 and one sentence for the person who started it."""
    print(sentence, file=sys.stderr)
    sys.exit(2)


def _port() -> int:
    given = os.environ.get("PORT") or "8000"
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= 65535:
        refuse(f"PORT is {given!r}, but a port is a number from 1 to 65535, for example PORT=8000.")
    return int(given)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            refuse(f"Port {port} may only be opened by root; choose one above 1023: PORT=8000.")
        except OSError:
            other = port + 1 if port < 65535 else port - 1
            refuse(f"Port {port} is taken by another program; choose another: PORT={other}.")


def _folder() -> Path:
    folder = Path(os.environ.get("DATA_DIR") or BASE_DIR / "data").expanduser().resolve()
    probe = folder / f".writable-{os.getpid()}"
    try:
        for part in (folder, folder / "logs", folder / "mail", folder / "broker"):
            part.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        refuse(
            f"The data folder {folder} cannot be written ({error.strerror}); "
            "choose another: DATA_DIR=/a/folder/of/yours."
        )
    return folder


def _lock(folder: Path) -> None:
    lock = (folder / "up.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        refuse(
            f"The data folder {folder} is in use by a program that was started before "
            f"(process {lock.read().strip() or 'unknown'}); stop that one or choose another "
            "folder: DATA_DIR=/another/folder."
        )
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    _held.append(lock)


def _make_secret_key(folder: Path) -> None:
    """Once per folder, readable by its owner only: sessions and links outlive a restart."""
    if not (folder / "secret_key").exists():
        draft = folder / ".secret_key.new"
        draft.write_text(secrets.token_urlsafe(64))
        draft.chmod(0o600)
        draft.replace(folder / "secret_key")  # never half a key, even if the power fails
