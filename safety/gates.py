"""No infusion while CRS or ICANS of grade 2 or more is open."""

from collections.abc import Iterator
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from safety.models import CRSAssessment, ICANSAssessment
from trial.models import Participant
from trial.registry import Blocker, Step, gate

OPEN_FROM_GRADE = 2


@gate(Step.INFUSION)
def no_open_toxicity(participant: Participant, _row: Any) -> Iterator[Blocker]:
    """The latest assessment of each kind is below grade 2, by rule and by the investigator."""
    person: Any = Participant.objects.filter(pk=participant.pk)
    found = person.values(
        **{
            f"{name}_{who}": _latest(model, f"{who}_grade")
            for name, model in (("crs", CRSAssessment), ("icans", ICANSAssessment))
            for who in ("computed", "investigator")
        }
    )[0]
    for name, label, form in (
        ("crs", _("CRS"), "safety.crsassessment"),
        ("icans", _("ICANS"), "safety.icansassessment"),
    ):
        grade = max(found[f"{name}_computed"] or 0, found[f"{name}_investigator"] or 0)
        if grade >= OPEN_FROM_GRADE:
            yield Blocker(
                _("the latest %(what)s assessment is grade %(grade)s; it must be below %(limit)s.")
                % {"what": label, "grade": grade, "limit": OPEN_FROM_GRADE},
                form,
            )


def _latest(model: Any, column: str) -> Subquery:
    rows = model.objects.current().filter(participant=OuterRef("pk"), assessed_at__isnull=False)
    return Subquery(rows.order_by("-assessed_at").values(column)[:1])
