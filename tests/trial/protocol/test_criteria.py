import pytest

from trial.protocol.criteria import CRITERIA, Kind, applicable
from trial.protocol.facts import Disease

COMMON = [
    "GEN-I-01",
    "GEN-I-02a",
    "GEN-I-02b",
    "GEN-I-02c",
    "GEN-I-02d",
    "GEN-I-02e",
    "GEN-I-02f",
    "GEN-I-02g",
    "GEN-I-02h",
    "GEN-I-02i",
    "GEN-I-02j",
    "GEN-I-02k",
    "GEN-I-03a",
    "GEN-I-03b",
    "GEN-I-03c",
    "GEN-I-04a",
    "GEN-I-04b",
]
PSS = ["PSS-I-01", "PSS-I-02", "PSS-I-03a", "PSS-I-03b", "PSS-I-03c", "PSS-I-03d"]
SSC = ["SSC-I-01", "SSC-I-02", "SSC-I-03a", "SSC-I-03b", "SSC-I-03c", "SSC-I-04"]
IIM = ["IIM-I-01", "IIM-I-02", "IIM-I-03", "IIM-I-04a", "IIM-I-04b", "IIM-I-04c", "IIM-I-04d"]
RA = ["RA-I-01a", "RA-I-01b", "RA-I-01c", "RA-I-02", "RA-I-03", "RA-I-04a", "RA-I-04b", "RA-I-04c"]
COMMON_EXCLUSION = ["GEN-E-01", "GEN-E-02"]
IIM_EXCLUSION = ["IIM-E-01", "IIM-E-02", "IIM-E-03"]
RA_EXCLUSION = ["RA-E-01"]
INCLUSION = COMMON + PSS + SSC + IIM + RA
EXCLUSION = COMMON_EXCLUSION + IIM_EXCLUSION + RA_EXCLUSION


def codes(rows):
    return [row.code for row in rows]


def test_every_code_once_and_in_order():
    assert codes(CRITERIA) == INCLUSION + EXCLUSION


def test_kind_follows_the_code():
    assert codes(row for row in CRITERIA if row.kind is Kind.INCLUSION) == INCLUSION
    assert codes(row for row in CRITERIA if row.kind is Kind.EXCLUSION) == EXCLUSION


@pytest.mark.parametrize(
    ("disease", "expected"),
    [
        ("PSS", COMMON + PSS + COMMON_EXCLUSION),
        ("SSC", COMMON + SSC + COMMON_EXCLUSION),
        ("IIM", COMMON + IIM + COMMON_EXCLUSION + IIM_EXCLUSION),
        ("RA", COMMON + RA + COMMON_EXCLUSION + RA_EXCLUSION),
    ],
)
def test_a_disease_has_the_common_criteria_and_its_own(disease, expected):
    assert codes(applicable(Disease[disease])) == expected


def test_every_criterion_is_a_sentence():
    for row in CRITERIA:
        assert row.text[0].isupper(), row
        assert row.text.endswith("."), row
