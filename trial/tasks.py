"""Background work: plan and send reminders. Arguments are primary keys only (PRI-03)."""

import logging
from datetime import timedelta
from smtplib import SMTPException

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from trial import mail
from trial.models import Delivery, Heartbeat
from trial.models.delivery import MAX_ATTEMPTS
from trial.reminders import dispatch, plan_reminders

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)  # longer than the mail server may take (EMAIL_TIMEOUT)


@shared_task(acks_late=True)
def heartbeat() -> None:
    """Beat sent this and a worker runs it: both live."""
    Heartbeat.beat("scheduler")


@shared_task(acks_late=True)
def run_reminders() -> None:
    """Plan what is due, put it into mails, and wake the workers that send them."""
    now = timezone.now()
    try:
        plan = plan_reminders(now)
        if plan.unaddressed:
            logger.warning("%s duties at sites without anybody to remind", plan.unaddressed)
    finally:  # a fault in planning does not hold back what was planned before
        dispatch(now)
        wake_senders()


def wake_senders() -> None:
    """Ask for every mail that is ready, new ones and those to be tried again.

    The rows are committed, so a broker that is down costs time and no mail: the next pass asks
    again. A request that waited for a whole pass is dropped, or a queue would only grow.
    """
    for pk in Delivery.objects.ready(timezone.now()).values_list("pk", flat=True):
        try:
            send_delivery.apply_async((pk,), expires=settings.REMINDER_INTERVAL)
        except OperationalError:
            logger.error("broker unreachable; mails wait in the ledger")
            return


@shared_task(acks_late=True)
def send_delivery(pk: int) -> None:
    """Send one mail; a repeated call finds it claimed or sent.

    Claim with a lease, send outside any transaction, mark: a crash between the server's
    acceptance and the mark repeats the mail, with the same Message-ID.
    """
    delivery = Delivery.objects.claim(pk, lease=LEASE)
    if delivery is None:
        return
    if delivery.attempts > MAX_ATTEMPTS:
        delivery.mark_failed("lease ran out")  # its senders died, each time
        return
    reminders = delivery.open_reminders()
    if not reminders:
        delivery.mark_cancelled()
        return
    try:
        mail.compose(delivery, reminders).send()
    except (SMTPException, OSError) as error:
        delivery.mark_failed(mail.describe(error))
    else:
        delivery.mark_sent(reminders)
