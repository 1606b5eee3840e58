"""Contraception checks and HCG tests that are due (protocol, GEN-I-03; schedule of assessments).

Due dates are those of `trial.schedule.monthly_checks`, from the first study treatment on, for
whom pregnancy is not excluded: unknown is not no, and neither is no answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crf.models import ContraceptionCheck, Demographics, HCGTest
from crf.models.demographics import EXCLUDED
from trial.models import Reminder, TreatmentCourse, YesNo
from trial.registry import Duty, duty_sources
from trial.reminders import horizon
from trial.schedule import monthly_checks

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from trial.models import Participant

FIRST_CHECK_DAY = 28  # days after day 0
# [DEFAULT] A check counts for a due date from 7 days before it to 14 days after it.
EARLY, LATE = timedelta(days=7), timedelta(days=14)


def reproduction_duties(participants: "QuerySet[Participant]", today: date) -> Iterator[Duty]:
    """One duty per monthly check not yet recorded; the count of queries is constant."""
    until = horizon(today)
    asked = {
        participant: (childbearing not in EXCLUDED, partner not in EXCLUDED)
        for participant, childbearing, partner in Demographics.objects.current()
        .filter(participant__in=participants)
        .values_list("participant_id", "childbearing", "partner_childbearing")
    }
    done = {
        form: _performed_on(model, participants)
        for form, model in (("contraception", ContraceptionCheck), ("hcg", HCGTest))
    }
    courses = TreatmentCourse.objects.current().filter(participant__in=participants)
    for participant, site, months, first_infusion_on, last_treatment_on in courses.values_list(
        "participant_id",
        "participant__site_id",
        "participant__protocol_version__contraception_months",
        "first_infusion_on",
        "last_treatment_on",
    ):
        if last_treatment_on is None:
            continue
        due = monthly_checks(
            first_check_on=first_infusion_on and first_infusion_on + timedelta(FIRST_CHECK_DAY),
            last_treatment_on=last_treatment_on,
            months=months,
        )
        why = _("Monthly to %(months)s months after the last study treatment, %(day)s.") % {
            "months": months,
            "day": last_treatment_on,
        }
        woman, partner = asked.get(participant, (True, True))
        kinds = [Reminder.Duty.CONTRACEPTION] if woman or partner else []
        kinds += [Reminder.Duty.HCG] if woman else []
        for kind in kinds:
            form = ContraceptionCheck if kind == Reminder.Duty.CONTRACEPTION else HCGTest
            for due_on in still_due(due, done[kind][participant]):
                if due_on <= until:
                    yield Duty(
                        kind=kind,
                        participant_id=participant,
                        site_id=site,
                        due_on=due_on,
                        in_time_until=due_on,
                        why=why,
                        form=form._meta.label_lower,
                    )


def still_due(due: Iterable[date], performed: Iterable[date]) -> list[date]:
    """The due dates without a check.

    Each check counts once, for the nearest due date that is still open and that it is at most
    EARLY before or LATE after; the earlier of two as near.
    """
    left = sorted(due)
    for day in sorted(performed):
        near = [due_on for due_on in left if due_on - EARLY <= day <= due_on + LATE]
        if near:
            left.remove(min(near, key=lambda due_on: abs(due_on - day)))
    return left


def _performed_on(
    model: type[ContraceptionCheck | HCGTest], participants: "QuerySet[Participant]"
) -> dict[int, list[date]]:
    """Per participant the days, at the site, of completed checks; not done is not done."""
    rows = model.objects.current().filter(
        participant__in=participants, completed_at__isnull=False, performed=YesNo.YES
    )
    days: dict[int, list[date]] = defaultdict(list)
    for participant, at, zone in rows.values_list(
        "participant_id", model.dated_by, "participant__site__time_zone"
    ):
        if at:
            on = at.astimezone(ZoneInfo(zone)).date() if isinstance(at, datetime) else at
            days[participant].append(on)
    return days


duty_sources.append(reproduction_duties)
