"""The local mail sink: an SMTP server that keeps mail as files, and pages that show them.

Only `manage.py up` without EMAIL_URL starts it and sets MAIL_SINK_DIR; elsewhere its pages are 404.
"""

import logging
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

PAGE_LENGTH = 50


@dataclass(frozen=True)
class Message:
    """One mail as it arrived; `name` is its file without the ending."""

    name: str
    mail: EmailMessage

    @property
    def sender(self) -> str:
        return str(self.mail.get("from", ""))

    @property
    def recipient(self) -> str:
        return str(self.mail.get("to", ""))

    @property
    def subject(self) -> str:
        return str(self.mail.get("subject", ""))

    @property
    def sent_at(self) -> datetime | None:
        """The Date header; None if it has none or an unreadable one."""
        try:
            found = parsedate_to_datetime(str(self.mail["date"]))
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)  # "-0000" is UTC (RFC 5322)

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.mail.get_body(preferencelist=(kind,))
        return part.get_content() if part else ""


class Sink:
    """aiosmtpd's handler: every mail becomes one file, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        if isinstance(content, str):
            content = content.encode()
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"  # sorts by arrival
        draft = self.folder / f".{name}"
        draft.write_bytes(content)
        draft.replace(self.folder / f"{name}.eml")
        return "250 Message accepted"


def controller(folder: Path, host: str, port: int) -> Controller:
    """An SMTP server, not yet started, that keeps what it receives in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's: else it logs addresses
    return Controller(Sink(folder), hostname=host, port=port)


def folder() -> Path | None:
    """Where this program's own sink keeps mail; None if mail goes elsewhere."""
    given = os.environ.get("MAIL_SINK_DIR")
    return Path(given) if given else None


def names() -> list[str]:
    """The names of all mails kept, newest first."""
    where = folder()
    return sorted((path.stem for path in where.glob("*.eml")), reverse=True) if where else []


def messages() -> list[Message]:
    """All mails kept, newest first."""
    return [found for name in names() if (found := message(name))]


def message(name: str) -> Message | None:
    """The mail of that name; None if there is none, or the name is no plain file name."""
    where = folder()
    if where is None or Path(name).name != name:
        return None
    path = where / f"{name}.eml"
    if not path.is_file():
        return None
    return Message(name, message_from_bytes(path.read_bytes(), policy=policy.default))


@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    """What was sent, newest first."""
    if folder() is None:
        raise Http404
    page = Paginator(names(), PAGE_LENGTH).get_page(request.GET.get("page"))
    context = {
        **admin.site.each_context(request),
        "title": _("Sent mail"),
        "page": page,
        "letters": [found for name in page if (found := message(name))],
    }
    return render(request, "mail/inbox.html", context)


@require_safe
@login_required
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: its headers, text and HTML part."""
    found = message(name)
    if found is None:
        raise Http404
    context = {**admin.site.each_context(request), "title": found.subject, "letter": found}
    context["headers"] = {
        _("From"): found.sender,
        _("To"): found.recipient,
        _("Subject"): found.subject,
        _("Message-ID"): str(found.mail.get("message-id", "")),
    }
    return render(request, "mail/letter.html", context)
