"""What follows from consent, enrolment and a planned course: status and the visit plan."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from trial.models import (
    Consent,
    DoseLevel,
    Enrolment,
    Participant,
    ProtocolVersion,
    ScheduledVisit,
    TreatmentCourse,
    Visit,
)
from trial.protocol.facts import DEFAULT_DOSE_LEVELS
from trial.protocol.visits import DEFAULT_SCHEDULE
from trial.registry import Blocker, Step, before_write, effect, gate
from trial.schedule import plan

BEFORE_TREATMENT = (
    Participant.Status.SCREENING,
    Participant.Status.ENROLLED,
    Participant.Status.SCREEN_FAILURE,
)
DECIDED = {
    Enrolment.Outcome.ENROLLED: Participant.Status.ENROLLED,
    Enrolment.Outcome.SCREEN_FAILURE: Participant.Status.SCREEN_FAILURE,
}


@gate(Step.STUDY_DATA)
@gate(Step.ENROLMENT)
@gate(Step.TIME)
def consent_given(participant: Participant, row: Any) -> list[Blocker]:
    """No study data before consent: none recorded, and none that dates from before it."""
    consent = participant.consent_set.current().order_by("signed_at").first()
    if consent is None:
        return [Blocker(_("informed consent is missing."), "trial.consent")]
    day = consent.signed_at.astimezone(participant.site.zone).date()
    if row.happened_on is None or row.happened_on >= day:
        return []
    before = _("consent was signed on %(day)s, and this is dated before it.") % {"day": day}
    return [Blocker(before, "trial.consent", consent.pk)]


@gate(Step.COURSE)
def enrolled(participant: Participant, _row: Any) -> list[Blocker]:
    """No treatment course before the investigator's decision to enrol."""
    if participant.enrolment_set.current().filter(outcome=Enrolment.Outcome.ENROLLED).exists():
        return []
    return [Blocker(_("the enrolment decision is missing."), "trial.enrolment")]


def voided_stays(row: Any, _by: Any) -> None:
    """What was voided stays in the record as it was."""
    if row._loaded.get("voided_at"):
        raise ValidationError(
            _("This was voided and stays as it is. Record it anew."), code="voided"
        )


before_write.append(voided_stays)


@effect(Consent)
def after_consent(consent: Consent, by: Any, changed: frozenset[str]) -> None:
    """Screening begins; a re-consent moves the participant to the newer protocol version."""
    participant = consent.participant
    if consent.voided_at:
        return
    if participant.status == Participant.Status.REGISTERED:
        participant.status = Participant.Status.SCREENING
    participant.protocol_version = consent.protocol_version
    participant.write(by=by, reason=f"Consent to ICF {consent.icf_version} recorded")
    plan_visits(participant, by=by, reason="Consent recorded")


@effect(Enrolment)
def after_enrolment(enrolment: Enrolment, by: Any, changed: frozenset[str]) -> None:
    """The participant is enrolled, or a screen failure whose visits are cancelled."""
    participant = enrolment.participant
    status = Participant.Status.SCREENING
    if not enrolment.voided_at:
        status = DECIDED[Enrolment.Outcome(enrolment.outcome)]
    if participant.status in BEFORE_TREATMENT:
        set_status(participant, status, by=by, reason="Enrolment decision recorded")


@effect(TreatmentCourse)
def after_course(course: TreatmentCourse, by: Any, changed: frozenset[str]) -> None:
    """A new or moved day 0 plans or moves every visit still ahead."""
    if course.voided_at:
        cancel_visits(course.participant, by=by, reason="Treatment course voided")
    elif changed & {"planned_on", "first_infusion_on", "last_treatment_on"}:
        plan_visits(course.participant, by=by, reason=f"Day 0 is {course.day_0}", course=course)


@effect(DoseLevel, ScheduledVisit)
def settings_changed(row: Any, by: Any, changed: frozenset[str]) -> None:
    """What was confirmed is no longer what is set; a level that opens or closes is no setting."""
    version = ProtocolVersion.objects.get(pk=row.protocol_version_id)
    if changed - {"state"} and version.confirmed_at:
        version.confirmed_at = version.confirmed_by = None
        version.write(by=by, reason=f"{row._meta.model_name} {row} changed")


@transaction.atomic
def add_default_schedule(version: ProtocolVersion, *, by: Any) -> int:
    """Give a version without visits the default schedule; returns how many were added."""
    if version.schedule.exists():
        return 0
    visits = [
        ScheduledVisit(
            protocol_version=version,
            code=visit.code,
            name=visit.name,
            position=position,
            anchor=visit.anchor.name,
            day=visit.day,
            early=visit.early,
            late=visit.late,
            forms=list(visit.forms),
        )
        for position, visit in enumerate(DEFAULT_SCHEDULE, 1)
    ]
    return ScheduledVisit.bulk_write(visits, by=by)


@transaction.atomic
def add_default_dose_levels(version: ProtocolVersion, *, by: Any) -> int:
    """Give a version without dose levels the default ones, none open; returns how many."""
    if version.dose_levels.exists():
        return 0
    levels = [
        DoseLevel(
            protocol_version=version,
            name=level.code,
            cells_e9=level.billion_cells,
            state=DoseLevel.State.PLANNED,
        )
        for level in DEFAULT_DOSE_LEVELS
    ]
    return DoseLevel.bulk_write(levels, by=by)


def set_status(participant: Participant, status: str, *, by: Any, reason: str) -> None:
    """Move a participant to a status; whoever leaves has no visits to come, whoever is back has."""
    had_ended = participant.has_ended
    participant.status = status
    participant.write(by=by, reason=reason)
    if participant.has_ended:
        cancel_visits(participant, by=by, reason=reason)
    elif had_ended:
        revive_visits(participant, by=by, reason=reason)


@transaction.atomic
def plan_visits(
    participant: Participant, *, by: Any, reason: str, course: TreatmentCourse | None = None
) -> int:
    """Bring the planned visits in line with consent and day 0; returns how many changed.

    Visits that took place, were missed or cancelled stay as they are; the old plan is in the
    history. The number of queries does not depend on the number of visits.
    """
    course = course or participant.treatmentcourse_set.current().first()
    consent = participant.consent_set.current().order_by("signed_at").first()
    schedule = {item.code: item for item in participant.protocol_version.schedule.current()}
    planned = plan(
        schedule=schedule.values(),
        consented_on=consent.signed_at.astimezone(participant.site.zone).date()
        if consent
        else None,
        first_infusion_on=course.day_0 if course else None,
        last_treatment_on=course.last_treatment_on if course else None,
    )
    existing = {
        visit.scheduled.code: visit
        for visit in participant.visit_set.select_related("scheduled").order_by("pk")
    }
    rows = []
    for item in planned:
        visit = existing.get(item.code) or Visit(
            participant=participant, scheduled=schedule[item.code], course=None
        )
        if visit.state != Visit.State.PLANNED:
            continue
        visit.participant, visit.course = participant, course if item.code != "SCR" else None
        visit.target_on = item.target_on
        visit.window_first_on, visit.window_last_on = item.first_on, item.last_on
        rows.append(visit)
    return Visit.bulk_write(rows, by=by, reason=reason)


@transaction.atomic
def cancel_visits(participant: Participant, *, by: Any, reason: str) -> int:
    """Cancel the visits that are still planned; returns how many."""
    return _move_visits(participant, Visit.State.PLANNED, Visit.State.CANCELLED, by, reason)


@transaction.atomic
def revive_visits(participant: Participant, *, by: Any, reason: str) -> int:
    """Plan the cancelled visits again, on the days that hold now; returns how many."""
    back = _move_visits(participant, Visit.State.CANCELLED, Visit.State.PLANNED, by, reason)
    plan_visits(participant, by=by, reason=reason)
    return back


def _move_visits(participant: Participant, before: str, after: str, by: Any, reason: str) -> int:
    visits = list(participant.visit_set.current().filter(state=before))
    for visit in visits:
        visit.participant, visit.state = participant, after
    return Visit.bulk_write(visits, by=by, reason=reason)
