"""A grade, whether what is still unknown could raise it, and input that gives none."""

from dataclasses import dataclass
from typing import Any

HIGHEST = 4  # 5 is a recorded death, never derived


@dataclass(frozen=True)
class Graded:
    """grade: 0 to 4, None when it cannot be told. incomplete: an input is missing."""

    grade: int | None
    incomplete: bool


class Contradiction(ValueError):
    """Input that cannot be true; `text` with the `values` in it, kept apart for the translators."""

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text % values)
        self.text, self.values = text, values


UNKNOWN = Graded(None, incomplete=True)


def worst(*findings: Graded) -> Graded:
    """The worst of the known findings; complete at grade 4, which nothing can raise."""
    known = [finding.grade for finding in findings if finding.grade is not None]
    if not known:
        return UNKNOWN
    grade = max(known)
    incomplete = any(finding.incomplete for finding in findings)
    return Graded(grade, incomplete=incomplete and grade < HIGHEST)
