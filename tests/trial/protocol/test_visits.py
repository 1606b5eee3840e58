import pytest

from trial.protocol.visits import DEFAULT_SCHEDULE, Anchor

DAYS = {  # code: day, early, late
    "SCR": (0, 0, 27),
    "LD1": (-5, 0, 0),
    "LD2": (-4, 0, 0),
    "LD3": (-3, 0, 0),
    "INF1": (0, 0, 0),
    "D1": (1, 0, 0),
    "INF2": (3, 1, 1),
    "INF3": (7, 1, 1),
    "D10": (10, 1, 1),
    "D14": (14, 2, 2),
    "D21": (21, 2, 2),
    "D28": (28, 3, 3),
    "M2": (56, 7, 7),
    "M3": (84, 7, 7),
    "M4": (112, 7, 7),
    "M5": (140, 7, 7),
    "M6": (168, 14, 14),
    "M9": (252, 14, 14),
    "M12": (364, 14, 14),
}
MONTHS_2_TO_6 = {"M2", "M3", "M4", "M5", "M6"}
ACUTE = {"INF1", "D1", "INF2", "INF3", "D10", "D14"}
FORMS = {  # form: visits
    "crf.screening": {"SCR"},
    "crf.labsample": set(DAYS) - {"LD2", "LD3"},
    "crf.lymphodepletionday": {"LD1", "LD2", "LD3"},
    "crf.infusion": {"INF1", "INF2", "INF3"},
    "safety.crsassessment": ACUTE,
    "safety.icansassessment": ACUTE,
    "crf.contraceptioncheck": {"D28", *MONTHS_2_TO_6},
    "crf.hcgtest": {"SCR", "LD1", "INF1", "D28", *MONTHS_2_TO_6},
}


def test_days_and_windows_in_order():
    assert [(row.code, (row.day, row.early, row.late)) for row in DEFAULT_SCHEDULE] == list(
        DAYS.items()
    )


def test_only_screening_counts_from_consent():
    consented = [row.code for row in DEFAULT_SCHEDULE if row.anchor is Anchor.CONSENT]
    infused = [row.code for row in DEFAULT_SCHEDULE if row.anchor is Anchor.FIRST_INFUSION]
    assert consented == ["SCR"]
    assert infused == list(DAYS)[1:]


@pytest.mark.parametrize("form", FORMS)
def test_the_visits_of_a_form(form):
    assert {row.code for row in DEFAULT_SCHEDULE if form in row.forms} == FORMS[form]


def test_no_other_form_and_none_twice_at_a_visit():
    for row in DEFAULT_SCHEDULE:
        assert set(row.forms) <= set(FORMS), row
        assert len(row.forms) == len(set(row.forms)), row
