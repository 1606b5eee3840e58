"""What follows from a form: a visit took place, an anchor of the plan is known, the study ended."""

from typing import Any

from crf.models import EndOfStudy, Infusion, LymphodepletionDay, VisitForm
from trial.models import Participant, Visit, YesNo
from trial.registry import effect
from trial.services import cancel_visits, set_status


@effect(VisitForm)
def visit_took_place(form: VisitForm, by: Any, changed: frozenset[str]) -> None:
    """The first completed form of a planned visit dates the visit."""
    visit = form.visit if form.visit_id else None
    if (
        visit is None
        or not form.completed_at
        or form.voided_at
        or visit.state != Visit.State.PLANNED
    ):
        return
    if getattr(form, "performed", YesNo.YES) == YesNo.YES and form.happened_on:
        visit.state, visit.began_on = Visit.State.DONE, form.happened_on
        visit.write(by=by, reason=f"{form._meta.model_name} completed")


@effect(Infusion, LymphodepletionDay)
def anchors_known(form: Any, by: Any, changed: frozenset[str]) -> None:
    """Day 0 and the last treatment follow the recorded doses, and the plan follows them."""
    participant = form.participant
    course = participant.treatmentcourse_set.current().first()
    if course is None:
        return
    zone = participant.site.zone
    infusions = sorted(
        at.astimezone(zone).date()
        for at in participant.infusion_set.current()
        .filter(started_at__isnull=False)
        .values_list("started_at", flat=True)
    )
    doses = list(
        participant.lymphodepletionday_set.current()
        .filter(given_on__isnull=False)
        .values_list("given_on", flat=True)
    )
    course.participant = participant
    course.first_infusion_on = infusions[0] if infusions else None
    course.last_treatment_on = max([*infusions, *doses], default=None)
    course.write(by=by, reason=f"{form._meta.model_name} recorded")
    if infusions and participant.status == Participant.Status.ENROLLED:
        set_status(participant, Participant.Status.TREATED, by=by, reason="First infusion recorded")


@effect(EndOfStudy)
def study_ended(form: EndOfStudy, by: Any, changed: frozenset[str]) -> None:
    """The participant leaves; what was still planned is cancelled."""
    if not form.completed_at or form.voided_at:
        return
    done = form.reason == EndOfStudy.Reason.COMPLETED
    status = Participant.Status.COMPLETED if done else Participant.Status.WITHDRAWN
    set_status(form.participant, status, by=by, reason="End of study recorded")
    cancel_visits(form.participant, by=by, reason="End of study")
