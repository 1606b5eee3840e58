"""From what is due to rows of the ledger, and from rows to mails; none lost, none twice.

Every pass compares the whole ledger with what is due now, so that a pass that was missed, ran
twice or broke off half-way is mended by the next. Days are those of the site.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from typing import NamedTuple
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from trial.models import (
    Delivery,
    Membership,
    Participant,
    ProtocolVersion,
    Reminder,
    Site,
    Visit,
)
from trial.registry import Duty, duty_sources
from trial.roles import Role

Kind, State = Reminder.Kind, Reminder.State
AHEAD = timedelta(days=1)  # a row stands in the ledger this long before its mail goes out
UNSENT = [State.PLANNED, State.CANCELLED]


class DutyKey(NamedTuple):
    participant_id: int
    kind: str
    due_on: date


class RowKey(NamedTuple):
    """What makes a reminder one and the same (constraint `reminder_once`)."""

    participant_id: int
    duty: str
    due_on: date
    recipient_id: int
    kind: str


class Plan(NamedTuple):
    """What one pass of planning changed; `unaddressed` duties have nobody to be told to."""

    created: int
    revived: int
    cancelled: int
    unaddressed: int


# What is due ------------------------------------------------------------------------------


def horizon(today: date) -> date:
    """The last due date that may already need a row, whatever the protocol version."""
    notice = ProtocolVersion.objects.aggregate(most=Max("notice_days"))["most"] or 0
    return today + AHEAD + timedelta(days=notice)


def visit_duties(participants: QuerySet[Participant], today: date) -> Iterator[Duty]:
    """Visits that still have to happen: due on their target date, late after their window."""
    visits = Visit.objects.awaited().filter(
        participant__in=participants, target_on__lte=horizon(today)
    )
    for pk, participant, site, target_on, window_last_on, code in visits.values_list(
        "pk",
        "participant_id",
        "participant__site_id",
        "target_on",
        "window_last_on",
        "scheduled__code",
    ):
        yield Duty(
            kind=Reminder.Duty.VISIT,
            participant_id=participant,
            site_id=site,
            due_on=target_on,
            in_time_until=window_last_on,
            why=_("Visit %(code)s of the schedule.") % {"code": code},
            form="trial.visit",
            visit_id=pk,
        )


duty_sources.append(visit_duties)


def open_duties(participants: QuerySet[Participant], today: date) -> dict[DutyKey, Duty]:
    """What is or soon will be due for those of `participants` who are still in the study."""
    staying = participants.filter(voided_at=None).exclude(status__in=Participant.ENDED)
    return {
        DutyKey(duty.participant_id, duty.kind, duty.due_on): duty
        for source in duty_sources
        for duty in source(staying, today)
    }


# Who is told what, and when ---------------------------------------------------------------


def ladder(duty: Duty, version: ProtocolVersion) -> list[tuple[str, date]]:
    """Each kind of reminder with the day it goes out, in that order."""
    steps = [
        (Kind.NOTICE, duty.due_on - timedelta(days=version.notice_days)),
        (Kind.DUE, duty.due_on),
        (Kind.OVERDUE, duty.in_time_until + timedelta(days=version.overdue_days)),
        (Kind.ESCALATION, duty.in_time_until + timedelta(days=version.escalation_days)),
    ]
    return sorted(steps, key=lambda step: step[1])


def recipients(sites: Iterable[int], today: date) -> dict[int, dict[int, set[str]]]:
    """Per site: the people delegated there today, with the kinds of reminder each gets.

    Coordinators are reminded, escalation goes to principal investigators; where a site has only
    one of the two, they get both, so that no duty goes without a reader.
    """
    staff: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    delegations = Membership.objects.valid_on(today).filter(
        site__in=sites,
        user__is_active=True,
        user__voided_at=None,
        user__role__in=[Role.COORDINATOR, Role.INVESTIGATOR],
    )
    for site, role, user in delegations.values_list("site_id", "user__role", "user_id"):
        staff[site][role].add(user)
    told: dict[int, dict[int, set[str]]] = {}
    for site, by_role in staff.items():
        coordinators, investigators = by_role[Role.COORDINATOR], by_role[Role.INVESTIGATOR]
        told[site] = defaultdict(set)
        for user in coordinators or investigators:
            told[site][user] |= {Kind.NOTICE, Kind.DUE, Kind.OVERDUE}
        for user in investigators or coordinators:
            told[site][user].add(Kind.ESCALATION)
    return told


# Planning ---------------------------------------------------------------------------------


def sites_by_day(now: datetime) -> dict[date, list[int]]:
    """Sites by the date they have at `now`."""
    days: dict[date, list[int]] = defaultdict(list)
    for site in Site.objects.all():
        days[now.astimezone(site.zone).date()].append(site.pk)
    return days


def plan_reminders(now: datetime) -> Plan:
    """Bring the ledger in line with what is due; what was sent stays as it is.

    The number of queries does not depend on the number of participants.
    """
    passes = [_plan(sites, today, now) for today, sites in sites_by_day(now).items()]
    return Plan(*map(sum, zip(*passes, strict=True))) if passes else Plan(0, 0, 0, 0)


def _plan(sites: list[int], today: date, now: datetime) -> Plan:
    wanted, unaddressed = _wanted(sites, today, now)
    rows = Reminder.objects.filter(site__in=sites).filter(
        Q(state=State.PLANNED) | Q(due_on__in={key.due_on for key in wanted})
    )
    stored = {
        RowKey(row.participant_id, row.duty, row.due_on, row.recipient_id, row.kind): row
        for row in rows
    }
    new = [row for key, row in wanted.items() if key not in stored]
    Reminder.objects.bulk_create(new, ignore_conflicts=True)  # another pass may be at it too
    keep: dict[date, list[int]] = defaultdict(list)
    drop: list[int] = []
    for key, row in stored.items():
        wish = wanted.get(key)
        if wish and wish.state == State.PLANNED and row.state in UNSENT and not row.sent_at:
            if (row.state, row.send_on) != (State.PLANNED, wish.send_on):
                keep[wish.send_on].append(row.pk)
        elif row.state == State.PLANNED and not (wish and wish.state == State.PLANNED):
            drop.append(row.pk)
    return Plan(len(new), _revive(keep, now), _cancel(drop, now), unaddressed)


def _wanted(sites: list[int], today: date, now: datetime) -> tuple[dict[RowKey, Reminder], int]:
    """The rows that should stand in the ledger today, and the count of duties without a reader.

    Of several kinds whose day has come only the latest is to be sent; the others are stored as
    cancelled, so that nobody is flooded after a standstill.
    """
    participants = Participant.objects.filter(site__in=sites)
    duties = open_duties(participants, today)
    versions = {version.pk: version for version in ProtocolVersion.objects.all()}
    version_of = dict(participants.values_list("pk", "protocol_version_id"))
    told = recipients(sites, today)
    wanted: dict[RowKey, Reminder] = {}
    for key, duty in duties.items():
        steps = [
            step
            for step in ladder(duty, versions[version_of[duty.participant_id]])
            if step[1] <= today + AHEAD
        ]
        for user, kinds in told.get(duty.site_id, {}).items():
            mine = [(kind, send_on) for kind, send_on in steps if kind in kinds]
            come = [kind for kind, send_on in mine if send_on <= today]
            for kind, send_on in mine:
                superseded = kind in come[:-1]
                wanted[RowKey(*key, user, kind)] = Reminder(
                    participant_id=duty.participant_id,
                    site_id=duty.site_id,
                    duty=duty.kind,
                    due_on=duty.due_on,
                    in_time_until=duty.in_time_until,
                    recipient_id=user,
                    kind=kind,
                    send_on=send_on,
                    form=duty.form,
                    visit_id=duty.visit_id,
                    state=State.CANCELLED if superseded else State.PLANNED,
                    planned_at=now,
                    cancelled_at=now if superseded else None,
                )
    return wanted, sum(not told.get(duty.site_id) for duty in duties.values())


def _revive(pks_by_day: dict[date, list[int]], now: datetime) -> int:
    """Plan rows again that were cancelled but never sent, or whose day has moved."""
    count = 0
    for send_on, pks in pks_by_day.items():
        rows = Reminder.objects.filter(pk__in=pks, state__in=UNSENT, sent_at=None)
        rows.filter(
            delivery__state__in=[
                Delivery.State.SENT,
                Delivery.State.FAILED,
                Delivery.State.CANCELLED,
            ]
        ).update(delivery=None)
        count += rows.update(
            state=State.PLANNED, send_on=send_on, planned_at=now, cancelled_at=None
        )
    return count


def _cancel(pks: list[int], now: datetime) -> int:
    """The duty is done, gone or moved, or somebody else is told now."""
    rows = Reminder.objects.filter(pk__in=pks, state=State.PLANNED)
    return rows.update(state=State.CANCELLED, cancelled_at=now) if pks else 0


# Dispatch ---------------------------------------------------------------------------------


@transaction.atomic(durable=True)  # committed on return: only then may a worker be woken
def dispatch(now: datetime) -> int:
    """Put every row whose day has come into one mail per recipient and site; how many mails.

    Two passes at once make no second mail: PostgreSQL skips the rows the other pass has locked,
    SQLite lets one transaction write at a time (IMMEDIATE).
    """
    come = Q(pk__in=[])
    for today, sites in sites_by_day(now).items():
        come |= Q(site__in=sites, send_on__lte=today)
    rows = Reminder.objects.select_for_update(skip_locked=True).filter(
        come, state=State.PLANNED, delivery=None
    )
    batches: dict[tuple[int, int], list[int]] = defaultdict(list)
    for pk, recipient, site in rows.values_list("pk", "recipient_id", "site_id"):
        batches[recipient, site].append(pk)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    mails = Delivery.objects.bulk_create(
        Delivery(message_id=f"<{uuid4()}@{domain}>", recipient_id=recipient, created_at=now)
        for recipient, _site in batches
    )
    for mail, pks in zip(mails, batches.values(), strict=True):
        Reminder.objects.filter(pk__in=pks).update(delivery=mail)
    return len(mails)
