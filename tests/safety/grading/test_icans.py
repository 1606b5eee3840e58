import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.grading import Consciousness, Graded, Oedema, Seizure, icans_grade, ice_score
from safety.grading.icans import BY_CONSCIOUSNESS, BY_OEDEMA, BY_SEIZURE

ITEMS = [
    "orientation_year",
    "orientation_month",
    "orientation_city",
    "orientation_hospital",
    "names_object_1",
    "names_object_2",
    "names_object_3",
    "follows_command",
    "writes_sentence",
    "counts_backwards",
]
WELL = {
    "ice": 10,
    "unarousable": False,
    "consciousness": Consciousness.NORMAL,
    "seizure": Seizure.NONE,
    "motor_weakness": False,
    "oedema": Oedema.NONE,
}
NOTHING = dict.fromkeys(WELL)


def grade(base=WELL, **found):
    return icans_grade(**base | found)


def told(number):
    return Graded(number, incomplete=False)


def so_far(number):
    return Graded(number, incomplete=True)


class TestIceScore:
    @pytest.mark.parametrize("item", ITEMS)
    def test_each_item_is_one_point(self, item):
        assert ice_score(**dict.fromkeys(ITEMS, 1)) == 10
        assert ice_score(**dict.fromkeys(ITEMS, 1) | {item: 0}) == 9
        assert ice_score(**dict.fromkeys(ITEMS, 0) | {item: 1}) == 1

    @pytest.mark.parametrize("item", ITEMS)
    def test_an_item_not_done_leaves_no_score(self, item):
        assert ice_score(**dict.fromkeys(ITEMS, 1) | {item: None}) is None

    @pytest.mark.parametrize("points", [-1, 2])
    def test_other_points_are_refused(self, points):
        with pytest.raises(ValueError, match=f"writes_sentence is {points}; it is 0 or 1"):
            ice_score(**dict.fromkeys(ITEMS, 1) | {"writes_sentence": points})


@pytest.mark.parametrize(
    ("ice", "expected"),
    [(10, 0), (9, 1), (8, 1), (7, 1), (6, 2), (5, 2), (4, 2), (3, 2), (2, 3), (1, 3), (0, 3)],
)
def test_by_ice_score(ice, expected):
    assert grade(ice=ice) == told(expected)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("NORMAL", 0),
        ("AWAKENS_SPONTANEOUSLY", 1),
        ("AWAKENS_TO_VOICE", 2),
        ("AWAKENS_TO_TOUCH", 3),
        ("UNAROUSABLE", 4),
    ],
)
def test_by_consciousness(level, expected):
    assert grade(consciousness=Consciousness[level]) == told(expected)


@pytest.mark.parametrize(
    ("seizure", "expected"),
    [("NONE", 0), ("BRIEF", 3), ("NON_CONVULSIVE", 3), ("PROLONGED", 4), ("REPETITIVE", 4)],
)
def test_by_seizure(seizure, expected):
    assert grade(seizure=Seizure[seizure]) == told(expected)


@pytest.mark.parametrize(("weak", "expected"), [(False, 0), (True, 4)])
def test_by_motor_weakness(weak, expected):
    assert grade(motor_weakness=weak) == told(expected)


@pytest.mark.parametrize(
    ("oedema", "expected"),
    [
        ("NONE", 0),
        ("FOCAL", 3),
        ("DIFFUSE", 4),
        ("POSTURING", 4),
        ("SIXTH_NERVE_PALSY", 4),
        ("PAPILLOEDEMA", 4),
        ("CUSHING_TRIAD", 4),
    ],
)
def test_by_oedema(oedema, expected):
    assert grade(oedema=Oedema[oedema]) == told(expected)


def test_every_finding_has_a_grade():
    assert set(BY_CONSCIOUSNESS) == set(Consciousness)
    assert set(BY_SEIZURE) == set(Seizure)
    assert set(BY_OEDEMA) == set(Oedema)


def test_worked_examples():
    assert grade(ice=8, seizure=Seizure.BRIEF) == told(3)
    assert grade(ice=5, consciousness=Consciousness.AWAKENS_SPONTANEOUSLY) == told(2)


class TestIceZero:
    """Awake with global aphasia is grade 3, unarousable grade 4."""

    def test_awake(self):
        assert grade(ice=0, unarousable=False) == told(3)

    @pytest.mark.parametrize("ice", [0, None])
    def test_unarousable(self, ice):
        assert grade(NOTHING, ice=ice, unarousable=True) == told(4)

    def test_not_answered_consciousness_tells(self):
        assert grade(ice=0, unarousable=None) == told(3)
        coma = Consciousness.UNAROUSABLE
        assert grade(ice=0, unarousable=None, consciousness=coma) == told(4)

    def test_nobody_tells(self):
        assert grade(ice=0, unarousable=None, consciousness=None) == so_far(3)


class TestUnknown:
    def test_nothing_known_cannot_be_told(self):
        assert grade(NOTHING) == so_far(None)

    @pytest.mark.parametrize("domain", sorted(set(WELL) - {"unarousable"}))
    def test_one_domain_not_done_is_flagged(self, domain):
        assert grade(**{domain: None}) == so_far(0)

    def test_nothing_can_raise_grade_4(self):
        assert grade(NOTHING, motor_weakness=True) == told(4)
        assert grade(NOTHING, seizure=Seizure.BRIEF) == so_far(3)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"ice": 11}, "ICE score is 11; it is 0 to 10"),
        ({"ice": -1}, "ICE score is -1; it is 0 to 10"),
        ({"unarousable": True, "ice": None}, "consciousness is “normal”"),
        (
            {"unarousable": True, "ice": 3, "consciousness": Consciousness.UNAROUSABLE},
            "Unarousable is answered yes, but the ICE score is 3",
        ),
    ],
)
def test_contradictions_are_refused(found, message):
    with pytest.raises(ValueError, match=message):
        grade(**found)


RISING = {  # mild to bad
    "ice": [10, 9, 7, 6, 3, 2, 0],
    "consciousness": list(Consciousness),
    "seizure": list(Seizure),
    "motor_weakness": [False, True],
    "oedema": list(Oedema),
}
ANY = st.fixed_dictionaries({name: st.sampled_from(steps) for name, steps in RISING.items()})


@given(ANY, ANY)
def test_worse_never_lowers_the_grade(one, other):
    worse = {name: max(one[name], other[name], key=steps.index) for name, steps in RISING.items()}
    assert icans_grade(**one).grade <= icans_grade(**worse).grade


@given(ANY, st.sets(st.sampled_from(sorted(RISING))))
def test_what_is_forgotten_never_raises_the_grade_and_is_flagged(known, forgotten):
    full = icans_grade(**known)
    partial = icans_grade(**known | dict.fromkeys(forgotten))
    assert partial == full or partial.incomplete
    assert partial.grade is None or partial.grade <= full.grade
