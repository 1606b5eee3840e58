"""Lab samples from a laboratory's file: all of it or nothing.

Columns are SDTM names (SDTMIG 3.4, domain LB), one row per result; rows with the same SUBJID and
LBREFID make one sample.
"""

from collections.abc import Iterable, Iterator, Mapping
from csv import DictReader
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TextIO

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crf.analytes import ANALYTES
from crf.models import LabResult, LabSample
from trial.models import Participant, User, Visit, YesNo
from trial.roles import System

NEEDED = ("SUBJID", "LBDTC", "LBSPEC", "LBREFID", "LBTESTCD", "LBORRES", "LBORRESU", "LBNAM")
OPTIONAL = ("VISIT", "LBORNRLO", "LBORNRHI", "LBSTAT", "LBREASND")
OF_SAMPLE = ("VISIT", "LBDTC", "LBSPEC", "LBNAM")  # equal in every row of a sample
COLUMN = {  # model field: column of the file, for messages
    "participant": "SUBJID",
    "visit": "VISIT",
    "sampled_at": "LBDTC",
    "specimen": "LBSPEC",
    "accession": "LBREFID",
    "laboratory": "LBNAM",
    "test": "LBTESTCD",
    "reported": "LBORRES",
    "unit": "LBORRESU",
    "lower_limit": "LBORNRLO",
    "upper_limit": "LBORNRHI",
    "status": "LBSTAT",
    "not_done_reason": "LBREASND",
}
NOT_DONE = "NOT DONE"


@dataclass(frozen=True)
class Rejection:
    """Why a row cannot be imported. line: as an editor counts it, the header is line 1."""

    line: int
    column: str
    value: str
    message: str

    def __str__(self) -> str:
        what = f"{self.column}={self.value!r}: " if self.column else ""
        return _("line %(line)s: %(what)s%(message)s") % {
            "line": self.line,
            "what": what,
            "message": self.message,
        }


@dataclass
class Report:
    """What an import found and did. With a rejection nothing was written."""

    rows: int = 0
    samples: int = 0
    results: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    written: bool = False

    @property
    def rejected(self) -> int:
        """How many rows of the file have at least one error."""
        return len({rejection.line for rejection in self.rejections})

    def __str__(self) -> str:
        return _(
            "%(rows)s rows in; %(samples)s samples, %(results)s results; %(rejected)s rows rejected"
        ) % {
            "rows": self.rows,
            "samples": self.samples,
            "results": self.results,
            "rejected": self.rejected,
        }


@dataclass(frozen=True)
class Row:
    """One line of the file, without the blanks around its values."""

    line: int
    cells: Mapping[str, str]
    misfit: bool = False  # more or fewer values than the file has columns

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def reject(self, column: str, message: str) -> Rejection:
        return Rejection(self.line, column, self[column] if column else "", message)


def import_samples(
    rows: Iterable[Mapping[str, Any]] | TextIO, *, by: User | System, source: str, dry: bool = False
) -> Report:
    """Write the samples of a CSV file, or of rows by column name; any bad row stops all of them.

    source: what the history says they came from. dry: check everything, write nothing.
    Raises PermissionDenied when `by` may not add samples at all.
    """
    report, read = Report(), list(_read(rows))
    report.rows = len(read)
    if missing := _missing_columns(rows, read):
        report.rejections.append(Rejection(1, "", "", missing))
        return report
    with transaction.atomic():
        _write(_samples(read, by, report.rejections), by, source, report)
        report.written = not (dry or report.rejections)
        if not report.written:
            transaction.set_rollback(True)
    report.rejections.sort(key=lambda rejection: (rejection.line, rejection.column))
    return report


# Reading -------------------------------------------------------------------------------------


def _read(rows: Any) -> Iterator[Row]:
    lines = DictReader(rows) if hasattr(rows, "read") else rows
    for number, cells in enumerate(lines, 2):
        line = lines.line_num if isinstance(lines, DictReader) else number
        misfit = lines is not rows and (None in cells or None in cells.values())
        yield Row(line, {k: str(v or "").strip() for k, v in cells.items() if k}, misfit)


def _missing_columns(source: Any, read: list[Row]) -> str:
    if not read:
        return _("The file has no rows. Its first line names the columns: %(columns)s.") % {
            "columns": ", ".join(NEEDED + OPTIONAL)
        }
    missing = [column for column in NEEDED if column not in read[0].cells]
    if not missing:
        return ""
    return _("Columns missing: %(missing)s. Add them to the first line of the file.") % {
        "missing": ", ".join(missing)
    }


@dataclass
class Sample:
    """A sample and its results, not yet written, each with the row it came from."""

    first: Row
    sample: LabSample
    results: list[tuple[Row, LabResult]]


def _samples(read: list[Row], by: User | System, rejections: list[Rejection]) -> list[Sample]:
    """The samples of all rows; what cannot be read is added to `rejections`."""
    numbers = {row["SUBJID"] for row in read}
    everyone = Participant.objects.all()
    seen = everyone if isinstance(by, System) else everyone.visible_to(by)
    participants = {
        p.number: p
        for p in seen.filter(number__in=numbers).select_related("site", "protocol_version")
    }
    visits = {
        (visit.participant_id, visit.scheduled.code): visit
        for visit in Visit.objects.current()
        .filter(participant__in=participants.values())
        .select_related("scheduled")
    }
    imported = set(
        LabSample.objects.current()
        .filter(participant__in=participants.values())
        .values_list("participant__number", "accession")
    )
    samples: dict[tuple[str, str], Sample] = {}
    for row in read:
        key = row["SUBJID"], row["LBREFID"]
        if row.misfit:
            message = _(
                "The number of values differs from the number of columns. Check the commas."
            )
            rejections.append(row.reject("", message))
            continue
        empty = [c for c in ("SUBJID", "LBREFID") if not row[c]]
        rejections += [row.reject(c, _("Empty; every row needs it.")) for c in empty]
        if empty:
            continue
        if row["SUBJID"] not in participants:
            message = _("No participant of this number at your sites. Check the number.")
            rejections.append(row.reject("SUBJID", message))
        elif key in imported:
            message = _(
                "A sample with this accession number is already recorded for this participant; "
                "a file is imported once. Remove its rows, or correct the sample in its form."
            )
            rejections.append(row.reject("LBREFID", message))
        else:
            if key not in samples:
                sample = _sample(row, participants[row["SUBJID"]], visits, rejections)
                samples[key] = Sample(row, sample, [])
            _add_result(samples[key], row, rejections)
    return list(samples.values())


def _sample(
    row: Row, participant: Participant, visits: Mapping[Any, Visit], rejections: list[Rejection]
) -> LabSample:
    visit = visits.get((participant.pk, row["VISIT"])) if row["VISIT"] else None
    if row["VISIT"] and visit is None:
        known = ", ".join(code for pk, code in visits if pk == participant.pk)
        message = _("Not planned for this participant; planned are: %(codes)s.") % {
            "codes": known or _("none")
        }
        rejections.append(row.reject("VISIT", message))
    if visit:
        visit.participant = participant  # loaded once, with its site
    if row["LBSPEC"] and row["LBSPEC"] not in LabSample.Specimen.values:
        message = _("Not a specimen known here. Known are: %(codes)s.") % {
            "codes": ", ".join(LabSample.Specimen.values)
        }
        rejections.append(row.reject("LBSPEC", message))
    sampled_at = None
    try:
        sampled_at = _moment(row["LBDTC"], participant)
    except ValueError as problem:
        rejections.append(row.reject("LBDTC", str(problem)))
    return LabSample(
        participant=participant,
        visit=visit,
        performed=YesNo.YES,
        sampled_at=sampled_at,
        specimen=row["LBSPEC"],
        accession=row["LBREFID"],
        laboratory=row["LBNAM"],
    )


def _moment(text: str, participant: Participant) -> datetime:
    """A date-time with its offset, or at the participant's site. Raises ValueError."""
    how = _("Write date and time, as in 2026-01-31T08:30 (at the site) or 2026-01-31T08:30+08:00.")
    if "T" not in text:
        raise ValueError(how)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(how) from None
    if at.tzinfo:
        return at
    at = at.replace(tzinfo=participant.site.zone)
    if at.utcoffset() != at.replace(fold=1).utcoffset():
        raise ValueError(
            _("This time is skipped or comes twice in %(zone)s; write it with its offset.")
            % {"zone": participant.site.time_zone}
        )
    return at


def _add_result(sample: Sample, row: Row, rejections: list[Rejection]) -> None:
    for column in OF_SAMPLE:
        if row[column] != sample.first[column]:
            message = _("Line %(line)s of the same sample says %(other)r; correct one of them.")
            shown = {"line": sample.first.line, "other": sample.first[column]}
            rejections.append(row.reject(column, message % shown))
    if earlier := [r.line for r, result in sample.results if result.test == row["LBTESTCD"]]:
        message = _("Line %(line)s already has this test of the same sample; remove one of them.")
        rejections.append(row.reject("LBTESTCD", message % {"line": earlier[0]}))
    not_done = row["LBSTAT"] == NOT_DONE
    limits: dict[str, Any] = {  # text: the field makes it a number, or says why it cannot
        "lower_limit": row["LBORNRLO"] or None,
        "upper_limit": row["LBORNRHI"] or None,
    }
    result = LabResult(
        sample=sample.sample,
        test=row["LBTESTCD"],
        reported=row["LBORRES"],
        unit=row["LBORRESU"],
        status="ND" if not_done else "",
        not_done_reason=row["LBREASND"],
        **limits,
    )
    sample.results.append((row, result))
    if row["LBTESTCD"] not in ANALYTES:
        message = _("No test known here. Known are: %(codes)s.") % {"codes": ", ".join(ANALYTES)}
        rejections.append(row.reject("LBTESTCD", message))
        return
    if row["LBSTAT"] and not not_done:
        message = _("Only %(text)s or empty.") % {"text": NOT_DONE}
        rejections.append(row.reject("LBSTAT", message))
        return
    if not row["LBORRES"] and not not_done:
        message = _("Empty. Write the result, or LBSTAT %(text)s with its reason in LBREASND.")
        rejections.append(row.reject("LBORRES", message % {"text": NOT_DONE}))
        return
    try:
        result.derive()
        result.check_row(exclude=["sample"])
    except ValidationError as problem:
        rejections.extend(_told(problem, row))


# Writing -------------------------------------------------------------------------------------


def _write(samples: list[Sample], by: User | System, source: str, report: Report) -> None:
    """Write samples one by one, so that gates and effects hold; then all results at once."""
    reason = f"Imported from {source}"  # stored, so in one language
    results: list[LabResult] = []
    for found in samples:
        unreadable = {r.column for r in report.rejections if r.line == found.first.line}
        try:
            found.sample.write(by=by, reason=reason, complete=True)
        except ValidationError as problem:
            told = _told(problem, found.first)
            report.rejections += [r for r in told if r.column not in unreadable]
        else:
            report.samples += 1
            results += [result for _row, result in found.results]
    if report.rejections:
        report.samples = 0
    else:
        report.results = LabResult.bulk_write(results, by=by, reason=reason)


def _told(problem: ValidationError, row: Row) -> Iterator[Rejection]:
    """One sentence per field of a ValidationError, at the column it is about.

    The last one: `clean` comes after the field's own "not a valid choice" and says more.
    """
    by_field = getattr(problem, "error_dict", None) or {NON_FIELD_ERRORS: problem.error_list}
    for name, errors in by_field.items():
        *_general, most_specific = [text for error in errors for text in error.messages]
        yield row.reject(COLUMN.get(name, ""), most_specific)
