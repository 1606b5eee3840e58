from decimal import Decimal

from trial.protocol import facts
from trial.protocol.facts import DEFAULT_DOSE_LEVELS, LYMPHODEPLETION, Disease


def test_the_registry_record():
    assert facts.REGISTRY_ID == "NCT06464679"
    assert facts.SPONSOR_STUDY_ID == "CHEC2024-181"
    assert facts.PLANNED_PARTICIPANTS == 72
    assert (facts.MIN_AGE_YEARS, facts.MAX_AGE_YEARS) == (18, 65)
    assert list(Disease.__members__) == ["PSS", "SSC", "IIM", "RA"]


def test_lymphodepletion():
    given = {drug.name: (drug.dose_mg_per_m2_per_day, drug.days) for drug in LYMPHODEPLETION}
    assert given == {
        "fludarabine": (Decimal(25), (-5, -4, -3)),
        "cyclophosphamide": (Decimal(300), (-5, -4, -3)),
    }


def test_dose_levels_rise():
    assert [(level.code, level.cells) for level in DEFAULT_DOSE_LEVELS] == [
        ("DL-1", 500_000_000),
        ("DL1", 1_000_000_000),
        ("DL2", 3_000_000_000),
        ("DL3", 6_000_000_000),
    ]
