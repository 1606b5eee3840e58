"""Dates of which only the year or the month may be known (ISO 8601, as in CDISC --DTC)."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Precision(StrEnum):
    YEAR = "year"
    MONTH = "month"
    DAY = "day"


LENGTH = {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10}  # characters of ISO text


@dataclass(frozen=True)
class PartialDate:
    """All that is known of a date: it lies between two days, both included."""

    earliest: date
    latest: date
    precision: Precision

    def __str__(self) -> str:
        """The text it was read from."""
        return self.earliest.isoformat()[: LENGTH[self.precision]]


SHAPE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def parse(text: str) -> PartialDate:
    """Read 2024, 2024-07 or 2024-07-02. Raises ValueError."""
    try:
        return _parse(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a date. Enter a year (2024), a month (2024-07) "
            "or a day (2024-07-02) that exists."
        ) from None


def _parse(text: str) -> PartialDate:
    if not (found := SHAPE.fullmatch(text)):
        raise ValueError
    year, month, day = (int(part) if part else None for part in found.groups())
    first = date(year or 0, 1 if month is None else month, 1 if day is None else day)
    if day is not None:
        return PartialDate(first, first, Precision.DAY)
    if month is not None:
        last_day = monthrange(first.year, first.month)[1]
        return PartialDate(first, first.replace(day=last_day), Precision.MONTH)
    return PartialDate(first, first.replace(month=12, day=31), Precision.YEAR)


def cannot_end_before(begin_text: str, end_text: str) -> bool:
    """Whether the end is certainly before the begin; false while it may not be.

    2024-07-15 to 2024-07 is possible, to 2024-06 is not. Raises ValueError.
    """
    return parse(end_text).latest < parse(begin_text).earliest
