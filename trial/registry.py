"""What `trial` needs from the apps above it, filled in by their `apps.py`.

- gates: named checks before a step (no step out of order)
- duty_sources: what is due, for the reminder ledger
- before_write: vetoes on any write of a tracked row (frozen, locked)
- effects: what follows from a written row, in the same transaction
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from trial.models import Participant


class Step(StrEnum):
    """A step of the trial that something must precede."""

    STUDY_DATA = "study data"
    ENROLMENT = "enrolment"
    COURSE = "treatment course"
    LYMPHODEPLETION = "lymphodepletion"
    INFUSION = "infusion"
    BAG = "choice of a product bag"
    TIME = "another time for a form"


@dataclass(frozen=True)
class Blocker:
    """Why a step is refused: a sentence, and the form that would open the way.

    form: model label such as "trial.consent"; object_pk: None when the form is still to be added.
    """

    message: str
    form: str
    object_pk: int | None = None


Gate = Callable[["Participant", "Model"], Iterable[Blocker]]
gates: dict[Step, list[Gate]] = defaultdict(list)


def gate(step: Step) -> Callable[[Gate], Gate]:
    """Register a check that yields a Blocker for each thing that must come before `step`."""

    def register(check: Gate) -> Gate:
        gates[step].append(check)
        return check

    return register


def require(step: Step, participant: "Participant", instance: "Model") -> None:
    """Raise ValidationError naming every form that blocks `step`."""
    found = [b for check in gates[step] for b in check(participant, instance)]
    blockers = list(dict.fromkeys(found))  # two checks may miss the same form
    if blockers:
        raise ValidationError(
            [
                ValidationError(
                    _("Not possible yet: %(why)s"),
                    code="out_of_order",
                    params={"why": b.message, "blocker": b, "participant": participant.pk},
                )
                for b in blockers
            ]
        )


@dataclass(frozen=True)
class Duty:
    """Something a site must do for a participant by a date.

    kind: "visit", "contraception" or "hcg". in_time_until: the last day that is not late, such
    as the end of a visit's window. form: label of the form that fulfils it.
    """

    kind: str
    participant_id: int
    site_id: int
    due_on: date
    in_time_until: date
    why: str
    form: str
    visit_id: int | None = None


DutySource = Callable[["QuerySet[Participant]", date], Iterable[Duty]]
duty_sources: list[DutySource] = []
before_write: list[Callable[["Model", Any], None]] = []

Effect = Callable[[Any, Any, frozenset[str]], None]
effects: dict[type["Model"], list[Effect]] = defaultdict(list)


def effect(*models: type["Model"]) -> Callable[[Effect], Effect]:
    """Register what follows when a row of one of `models`, or of their children, is written.

    Called with the row, the actor and the names of the columns that changed.
    """

    def register(follow: Effect) -> Effect:
        for model in models:
            effects[model].append(follow)
        return follow

    return register


def effects_of(model: type["Model"]) -> list[Effect]:
    """The effects of a model and of its abstract parents, the general ones first."""
    return [follow for cls in reversed(model.__mro__) for follow in effects.get(cls, ())]
