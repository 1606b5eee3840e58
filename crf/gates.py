"""No step out of order: what must be on record before enrolment, lymphodepletion, infusion.

Source: protocol GEN-I-03b, schedule of assessments; design, "No step out of order".
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import CharField, Count, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from crf.models import CrfForm, EndOfStudy, HCGTest, Infusion, LymphodepletionDay
from trial.models import DoseLevel, Participant, TreatmentCourse, YesNo
from trial.protocol.facts import LYMPHODEPLETION
from trial.registry import Blocker, Step, before_write, gate
from trial.roles import Area

DAYS = len(LYMPHODEPLETION[0].days)
MAY_BE_PREGNANT = (YesNo.YES, YesNo.UNKNOWN)  # unknown is not no


def _latest(model: Any, column: str, **conditions: Any) -> Subquery:
    rows = model.objects.current().filter(participant=OuterRef("pk"), **conditions)
    return Subquery(rows.order_by("-pk").values(column)[:1], output_field=CharField())


@gate(Step.ENROLMENT)
def screened(participant: Participant, row: Any) -> Iterator[Blocker]:
    """Demographics and screening complete; WOCBP: a negative serum HCG in time."""
    if not participant.demographics_set.current().filter(completed_at__isnull=False).exists():
        yield Blocker(_("demographics are not complete."), "crf.demographics")
    if not participant.screening_set.current().filter(completed_at__isnull=False).exists():
        yield Blocker(_("screening is not complete."), "crf.screening")
    version = participant.protocol_version
    yield from hcg_negative(
        participant, row.decided_on, version.hcg_before_enrolment_days, serum_only=True
    )


@gate(Step.LYMPHODEPLETION)
def ready_for_lymphodepletion(participant: Participant, row: Any) -> Iterator[Blocker]:
    """A planned day 0; WOCBP: a negative serum HCG in time for the first day."""
    if not participant.treatmentcourse_set.current().exists():
        yield Blocker(_("the treatment course is not planned."), "trial.treatmentcourse")
    yield from first_day_fits(participant, row)


@gate(Step.TIME)
def first_day_fits(participant: Participant, row: Any) -> Iterator[Blocker]:
    """WOCBP: the HCG test in time for the first day of lymphodepletion."""
    if not isinstance(row, LymphodepletionDay):
        return
    others = participant.lymphodepletionday_set.current().exclude(pk=row.pk)
    if row.given_on is None or not others.filter(given_on__lt=row.given_on).exists():
        limit = participant.protocol_version.hcg_before_treatment_days
        yield from hcg_negative(participant, row.given_on, limit, serum_only=True)


@gate(Step.INFUSION)
def ready_for_infusion(participant: Participant, row: Any) -> Iterator[Blocker]:
    """Lymphodepletion complete and over, the dose level open, no infusion too close before."""
    done = Q(lymphodepletionday__completed_at__isnull=False, lymphodepletionday__voided_at=None)
    known = Participant.objects.annotate(
        level_state=_latest(TreatmentCourse, "dose_level__state"),
        level=_latest(TreatmentCourse, "dose_level_id"),
        days_done=Count("lymphodepletionday", done),
    ).get(pk=participant.pk)
    if known.days_done < DAYS:
        yield Blocker(
            _("lymphodepletion is complete on %(done)s of %(days)s days.")
            % {"done": known.days_done, "days": DAYS},
            "crf.lymphodepletionday",
        )
    if known.level is None:
        yield Blocker(_("the treatment course is not planned."), "trial.treatmentcourse")
    elif known.level_state != DoseLevel.State.OPEN:
        yield Blocker(_("the dose level is not open."), "trial.doselevel", int(known.level))
    yield from infusion_time_fits(participant, row)


@gate(Step.TIME)
def infusion_time_fits(participant: Participant, row: Any) -> Iterator[Blocker]:
    """After lymphodepletion, with the gap to the others; the first one after an HCG test."""
    if not isinstance(row, Infusion):
        return
    others = {
        other.number or 0: other.started_at and other.started_at.astimezone(row.zone).date()
        for other in participant.infusion_set.current()
        .exclude(pk=row.pk)
        .only("number", "started_at")
    }
    number = max(others, default=0) + 1
    if row._state.adding and row.number not in (None, number):
        raise ValidationError(
            {"number": _("The next infusion is number %(number)s.") % {"number": number}}
        )
    if not any(earlier < (row.number or number) for earlier in others):
        limit = participant.protocol_version.hcg_before_treatment_days
        yield from hcg_negative(participant, row.started_at, limit, serum_only=False)
    on = row.happened_on
    if on is None:
        return
    days = participant.lymphodepletionday_set.current().aggregate(last=Max("given_on"))
    if days["last"] and on <= days["last"]:
        yield Blocker(
            _("lymphodepletion went on until %(day)s; the infusion comes after it.")
            % {"day": days["last"]},
            "crf.lymphodepletionday",
        )
    gap = participant.protocol_version.infusion_gap_days
    for other in sorted(day for day in others.values() if day):
        if abs((on - other).days) < gap:
            message = _("Another infusion was on %(day)s; at least %(gap)s days lie between two.")
            raise ValidationError({"started_at": message % {"day": other, "gap": gap}})


@gate(Step.BAG)
def bag_fits(participant: Participant, row: Any) -> Iterator[Blocker]:
    """A released bag of the assigned dose level that had not expired."""
    bag = row.bag
    if bag.released != YesNo.YES or bag.completed_at is None or bag.voided_at:
        yield Blocker(
            _("bag %(lot)s is not released.") % {"lot": bag.lot}, "crf.productbag", bag.pk
        )
        return
    course = participant.treatmentcourse_set.current().values("dose_level").first()
    if course and bag.dose_level_id != course["dose_level"]:
        yield Blocker(
            _("bag %(lot)s was made for another dose level.") % {"lot": bag.lot},
            "crf.productbag",
            bag.pk,
        )
    if bag.expires_at and row.started_at and row.started_at > bag.expires_at:
        yield Blocker(
            _("bag %(lot)s had expired by then.") % {"lot": bag.lot}, "crf.productbag", bag.pk
        )


def hcg_negative(
    participant: Participant, on: date | datetime | None, limit_days: int, *, serum_only: bool
) -> Iterator[Blocker]:
    """WOCBP: a negative HCG whose sample date lies 0 to `limit_days` days before `on`.

    Without a date for the step nothing can be told, so it is blocked.
    """
    person = participant.demographics_set.current().values("childbearing").first()
    if person is None:
        yield Blocker(_("demographics are not complete."), "crf.demographics")
    if person is None or person["childbearing"] not in MAY_BE_PREGNANT:
        return
    if on is None:
        yield Blocker(
            _("the date is missing, so the age of the HCG test cannot be told."), "crf.hcgtest"
        )
        return
    zone = participant.site.zone
    day = on.astimezone(zone).date() if isinstance(on, datetime) else on
    tests = participant.hcgtest_set.current().filter(sampled_at__isnull=False)
    if serum_only:
        tests = tests.filter(matrix=HCGTest.Matrix.SERUM)
    ages = {
        (day - at.astimezone(zone).date()).days: result
        for at, result in tests.order_by("sampled_at").values_list("sampled_at", "result")
        if at
    }
    in_time = [ages[age] for age in sorted(ages) if 0 <= age <= limit_days]
    if not in_time or in_time[0] != HCGTest.Result.NEGATIVE:
        what = _("a negative serum HCG test") if serum_only else _("a negative HCG test")
        yield Blocker(
            _("%(what)s from the %(limit)s days before %(day)s is missing.")
            % {"what": what, "limit": limit_days, "day": day},
            "crf.hcgtest",
        )


def nothing_new_after_the_end(row: Any, by: Any) -> None:
    """After the end of study only safety follow-up, and what dates from before it (PRI-05)."""
    if not (isinstance(row, CrfForm) and row._state.adding and row.participant.has_ended):
        return
    if row.area == Area.SAFETY or isinstance(row, EndOfStudy):
        return
    end = row.participant.endofstudy_set.current().values_list("ended_on", flat=True).first()
    day = row.happened_on
    if end is None or day is None or day > end:
        raise ValidationError(
            _("The participant left the study%(on)s: only safety data, or data from before.")
            % {"on": f" ({end})" if end else ""},
            code="ended",
        )


before_write.append(nothing_new_after_the_end)
