"""Laboratory rows of the demo: taken from the CDISC pilot study, and made where that lacks a test.

Both files and their terms are described in data/README.md.
"""

from collections import defaultdict
from collections.abc import Iterator
from csv import DictReader
from datetime import datetime
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
PILOT = "CDISC pilot study"
MADE = "made for the demo"
SPECIMEN = {"CHEMISTRY": "SERUM", "HEMATOLOGY": "BLOOD"}

# participant: the pilot subject, and which of its visits stands for which of ours, in their order
SOURCE = {
    "CHH01-0001": ("01-718-1066", {"SCR": "SCREENING 1"}),
    "CHH01-0002": (
        "01-718-1254",
        {"SCR": "SCREENING 1", "LD1": "WEEK 2", "INF1": "WEEK 4", "INF3": "WEEK 6"},
    ),
    "CHH01-0003": (
        "01-705-1282",
        {
            "SCR": "SCREENING 1",
            "LD1": "WEEK 2",
            "INF1": "WEEK 4",
            "INF3": "WEEK 6",
            "D14": "WEEK 8",
            "D28": "WEEK 12",
            "M2": "WEEK 16",
            "M3": "WEEK 20",
            "M4": "WEEK 24",
        },
    ),
    "CHH01-0004": (
        "01-705-1349",
        {
            "SCR": "SCREENING 1",
            "LD1": "WEEK 2",
            "INF1": "WEEK 4",
            "INF3": "WEEK 8",
            "D14": "WEEK 12",
        },
    ),
    "CHH01-0005": ("01-711-1143", {"SCR": "SCREENING 1", "LD1": "WEEK 2", "INF1": "WEEK 4"}),
    "CHH01-0006": ("01-703-1042", {"SCR": "SCREENING 1", "LD1": "WEEK 2"}),
    "CHH01-0007": ("01-718-1079", {"SCR": "SCREENING 1"}),
    "SHX02-0001": (
        "01-708-1378",
        {"SCR": "SCREENING 1", "LD1": "WEEK 2", "INF1": "WEEK 4", "INF3": "WEEK 6"},
    ),
}


@cache
def _file(name: str, *key: str) -> dict[tuple[str, ...], list[dict[str, str]]]:
    """The rows of a data file by the values of its key columns."""
    rows = defaultdict(list)
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        for row in DictReader(file):
            rows[tuple(row[column] for column in key)].append(row)
    return dict(rows)


def rows(number: str, visit: str, at: datetime) -> list[dict[str, str]]:
    """What the laboratory reports of one visit, ready for `crf.lab_import`.

    Result, unit and range stand as in the source; the accession names the pilot subject, its
    VISITNUM and LBCAT, so that every value can be traced back.
    """
    return [*_from_pilot(number, visit, at), *_made(number, visit, at)]


def _from_pilot(number: str, visit: str, at: datetime) -> Iterator[dict[str, str]]:
    subject, visits = SOURCE[number]
    for row in _file("lb.csv", "USUBJID", "VISIT").get((subject, visits.get(visit, "")), []):
        yield {column: row[column] for column in _REPORTED} | {
            "SUBJID": number,
            "VISIT": visit,
            "LBDTC": at.isoformat(),
            "LBSPEC": SPECIMEN[row["LBCAT"]],
            "LBREFID": f"{subject}/{float(row['VISITNUM']):g}/{row['LBCAT']}",
            "LBNAM": PILOT,
        }


def _made(number: str, visit: str, at: datetime) -> Iterator[dict[str, str]]:
    for row in _file("made.csv", "SUBJID", "VISIT").get((number, visit), []):
        yield row | {"LBDTC": at.isoformat(), "LBREFID": f"MADE/{visit}/{row['LBSPEC']}"}


_REPORTED = ("LBTESTCD", "LBORRES", "LBORRESU", "LBORNRLO", "LBORNRHI")
