"""The present day, and a mail server that keeps what it takes and can refuse or be down."""

from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

from config.embedded import free_port
from tests import factories as f
from tests.ledger import awaited_visit


class Sink:
    """aiosmtpd's handler: `mails` in the order of arrival; `refuse` answers with that line."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse = ""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.refuse:
            return self.refuse
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    @property
    def ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.mails]

    def up(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def down(self) -> None:
        self._controller.stop()


@pytest.fixture
def smtp_sink(settings):
    """A running SMTP server that the program sends to."""
    sink = Sink()
    sink.port = free_port()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    sink.up()
    yield sink
    sink.down()


@pytest.fixture
def broker(monkeypatch):
    """A queue and one worker in place of the broker: what was asked for runs at `broker.work()`."""
    from trial.tasks import send_delivery

    class Broker:
        def __init__(self):
            self.waiting = []

        def work(self):
            while self.waiting:
                send_delivery(self.waiting.pop(0))

    queue = Broker()
    monkeypatch.setattr(
        send_delivery, "apply_async", lambda args, **_options: queue.waiting.extend(args)
    )
    return queue


@pytest.fixture
def on(time_machine):
    """Set the present to 09:00 at the site on a day, plus some minutes."""

    def move_to(day, minutes=0):
        time_machine.move_to(f.local(day) + timedelta(minutes=minutes), tick=False)

    move_to(date(2026, 3, 20))
    return move_to


@pytest.fixture
def expected(on, participant, coordinator):
    return awaited_visit(participant, coordinator)
