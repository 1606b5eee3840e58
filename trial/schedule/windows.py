"""Target dates and windows of visits, counted from their anchors.

Source: schedule of assessments. The day of the anchor is day 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from trial.protocol.visits import Anchor


class ScheduleItem(Protocol):
    """What `plan` reads of a scheduled visit, be it a default or a stored row."""

    @property
    def code(self) -> str: ...
    @property
    def anchor(self) -> str: ...  # an Anchor, or the name of one as stored
    @property
    def day(self) -> int: ...
    @property
    def early(self) -> int: ...
    @property
    def late(self) -> int: ...


@dataclass(frozen=True)
class Planned:
    """A visit with its target and the first and last acceptable dates, both included."""

    code: str
    target_on: date
    first_on: date
    last_on: date


def plan(
    *,
    schedule: Iterable[ScheduleItem],
    consented_on: date | None,
    first_infusion_on: date | None,
    last_treatment_on: date | None = None,
) -> tuple[Planned, ...]:
    """The visits whose anchor has a date, in the order of the schedule.

    Raises ValueError for an unknown anchor or a negative window.
    """
    anchored_on = {
        Anchor.CONSENT: consented_on,
        Anchor.FIRST_INFUSION: first_infusion_on,
        Anchor.LAST_TREATMENT: last_treatment_on,
    }
    return tuple(_window(item, day_0) for item in schedule if (day_0 := anchored_on[_anchor(item)]))


def _anchor(item: ScheduleItem) -> Anchor:
    if isinstance(item.anchor, Anchor):
        return item.anchor
    try:
        return Anchor[item.anchor]
    except KeyError:
        known = ", ".join(Anchor.__members__)
        raise ValueError(f"{item.code}: anchor {item.anchor!r} is none of {known}.") from None


def _window(item: ScheduleItem, day_0: date) -> Planned:
    if item.early < 0 or item.late < 0:
        raise ValueError(
            f"{item.code}: the window is {item.early} days early and {item.late} days late; "
            "neither may be below 0."
        )
    target = day_0 + timedelta(days=item.day)
    return Planned(
        code=item.code,
        target_on=target,
        first_on=target - timedelta(days=item.early),
        last_on=target + timedelta(days=item.late),
    )
