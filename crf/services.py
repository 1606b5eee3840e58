"""What follows from a form: a visit took place, an anchor of the plan is known, the study ended."""

from typing import Any

from crf.models import EndOfStudy, Infusion, LymphodepletionDay, VisitForm
from trial.models import Enrolment, Participant, Visit, YesNo
from trial.registry import effect
from trial.services import DECIDED, set_status


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
        .exclude(cells_e9=0)
        .values_list("started_at", flat=True)
    )
    doses = list(
        participant.lymphodepletionday_set.current()
        .filter(given_on__isnull=False)
        .exclude(fludarabine_mg=0, cyclophosphamide_mg=0)  # both withheld: no treatment
        .values_list("given_on", flat=True)
    )
    course.participant = participant
    course.first_infusion_on = infusions[0] if infusions else None
    course.last_treatment_on = max([*infusions, *doses], default=None)
    course.write(by=by, reason=f"{form._meta.model_name} recorded")
    treated = Participant.Status.TREATED if infusions else Participant.Status.ENROLLED
    if participant.status in (Participant.Status.ENROLLED, Participant.Status.TREATED):
        set_status(participant, treated, by=by, reason=f"{form._meta.model_name} recorded")


@effect(EndOfStudy)
def study_ended(form: EndOfStudy, by: Any, changed: frozenset[str]) -> None:
    """The participant leaves, or is back when the form is voided."""
    if not form.completed_at:
        return
    if form.voided_at:
        set_status(form.participant, _standing(form.participant), by=by, reason="End voided")
        return
    done = form.reason == EndOfStudy.Reason.COMPLETED
    status = Participant.Status.COMPLETED if done else Participant.Status.WITHDRAWN
    set_status(form.participant, status, by=by, reason="End of study recorded")


def _standing(participant: Participant) -> str:
    """The status that the other forms tell, when no end of study stands."""
    if participant.infusion_set.current().filter(started_at__isnull=False).exists():
        return Participant.Status.TREATED
    decision = participant.enrolment_set.current().first()
    return (
        DECIDED[Enrolment.Outcome(decision.outcome)] if decision else Participant.Status.SCREENING
    )
