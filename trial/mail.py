"""What a reminder mail says: site, subject number, date, neutral words, a link that needs login.

Nothing about health, and so neither the kind of action nor the visit, whose name would tell the
treatment (PRI-02).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from trial.models import Delivery, Reminder

HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


@dataclass
class Line:
    """One row of the mail: the actions of one participant due on one day, and alike late."""

    site: str
    participant: str
    due_on: date
    when: str
    links: list[str] = field(default_factory=list)


def compose(delivery: Delivery, reminders: Iterable[Reminder]) -> EmailMultiAlternatives:
    """The mail in the recipient's language, as text and HTML."""
    user = delivery.recipient
    with translation.override(user.language):
        subject = _("Follow-up actions are due")
        context = {
            "subject": subject,
            "language": user.language,
            "lines": lines(reminders),
            "overview": settings.BASE_URL + reverse("admin:index"),
        }
        message = EmailMultiAlternatives(
            subject=subject,
            body=render_to_string("mail/reminders/digest.txt", context),
            to=[user.email],
            headers={"Message-ID": delivery.message_id, **HEADERS},
        )
        html = render_to_string("mail/reminders/digest.html", context)
        message.attach_alternative(html, "text/html")
    return message


def lines(reminders: Iterable[Reminder]) -> list[Line]:
    """The reminders as rows of the mail; those alike in all it may say share one."""
    found: dict[tuple[int, date, str], Line] = {}
    for reminder in reminders:
        word = when(reminder)
        line = found.setdefault(
            (reminder.participant_id, reminder.due_on, word),
            Line(
                site=reminder.site.code,
                participant=reminder.participant.number,
                due_on=reminder.due_on,
                when=word,
            ),
        )
        line.links.append(settings.BASE_URL + reverse("go", args=[reminder.token]))
    return list(found.values())


def when(reminder: Reminder) -> str:
    """How the due date lies to the present day at the site."""
    today = timezone.localdate(timezone=reminder.site.zone)
    if reminder.due_on > today:
        return _("due soon")
    if reminder.due_on == today:
        return _("due today")
    return _("overdue") if today > reminder.in_time_until else _("due")


def describe(error: SMTPException | OSError) -> str:
    """Class and code of a failure; the server's own words may quote the mail, so they stay out."""
    code: object = getattr(error, "errno", None)
    if isinstance(error, SMTPResponseException):
        code = error.smtp_code
    elif isinstance(error, SMTPRecipientsRefused):
        code = next((reply[0] for reply in error.recipients.values()), None)
    return f"{type(error).__name__} {code or ''}".strip()
