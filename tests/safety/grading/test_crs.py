from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.grading import Graded, OxygenDevice, crs_grade
from safety.grading.crs import BY_DEVICE

NOTHING = {
    "temperature_c": None,
    "masked": None,
    "hypotension": None,
    "vasopressors": None,
    "vasopressin": None,
    "oxygen": None,
    "flow_l_per_min": None,
}
WELL = {
    "temperature_c": Decimal("36.8"),
    "masked": False,
    "hypotension": False,
    "vasopressors": 0,
    "vasopressin": False,
    "oxygen": OxygenDevice.NONE,
    "flow_l_per_min": None,
}
FEVER = WELL | {"temperature_c": Decimal("38.6")}


def grade(base=FEVER, **found):
    return crs_grade(**base | found)


def told(number):
    return Graded(number, incomplete=False)


def so_far(number):
    return Graded(number, incomplete=True)


CANNOT_BE_TOLD = so_far(None)


def test_no_sign_is_grade_0():
    assert grade(WELL) == told(0)


@pytest.mark.parametrize(("celsius", "expected"), [("37.99", 0), ("38.0", 1), ("38.1", 1)])
def test_fever_begins_at_38(celsius, expected):
    assert grade(temperature_c=Decimal(celsius)) == told(expected)


@pytest.mark.parametrize(
    ("vasopressors", "vasopressin", "expected"),
    [(0, False, 2), (0, True, 3), (1, False, 3), (1, True, 3), (2, False, 4), (2, True, 4)],
)
def test_hypotension_by_vasopressors(vasopressors, vasopressin, expected):
    found = {"vasopressors": vasopressors, "vasopressin": vasopressin}
    assert grade(hypotension=True, **found) == told(expected)


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("NONE", 1),
        ("BLOW_BY", 2),
        ("HFNC", 3),
        ("FACEMASK", 3),
        ("NON_REBREATHER", 3),
        ("VENTURI", 3),
        ("CPAP", 4),
        ("BIPAP", 4),
        ("MECH_VENT", 4),
    ],
)
def test_hypoxia_by_device(device, expected):
    assert grade(oxygen=OxygenDevice[device]) == told(expected)


@pytest.mark.parametrize(("flow", "expected"), [("1", 2), ("6", 2), ("6.1", 3), ("15", 3)])
def test_a_nasal_cannula_is_low_flow_up_to_6_litres(flow, expected):
    found = {"oxygen": OxygenDevice.NASAL_CANNULA, "flow_l_per_min": Decimal(flow)}
    assert grade(**found) == told(expected)


def test_every_device_has_a_grade():
    assert set(BY_DEVICE) | {OxygenDevice.NASAL_CANNULA} == set(OxygenDevice)


def test_the_worse_organ_sets_the_grade():
    """Worked: 38.6 °C, norepinephrine and vasopressin, cannula 3 L/min."""
    found = {"hypotension": True, "vasopressors": 1, "vasopressin": True}
    oxygen = {"oxygen": OxygenDevice.NASAL_CANNULA, "flow_l_per_min": Decimal(3)}
    assert grade(**found, **oxygen) == told(3)
    assert grade(hypotension=True, oxygen=OxygenDevice.CPAP) == told(4)


def test_after_tocilizumab_fever_is_no_longer_required():
    """Worked: 37.1 °C after tocilizumab, still on norepinephrine."""
    found = {"temperature_c": Decimal("37.1"), "hypotension": True, "vasopressors": 1}
    assert grade(WELL, masked=True, **found) == told(3)
    assert grade(WELL, masked=False, **found) == told(0)


def test_masked_without_fever_and_organ_signs_is_resolved():
    assert grade(WELL, masked=True) == told(0)


def test_nothing_known_cannot_be_told():
    assert grade(NOTHING) == CANNOT_BE_TOLD


class TestUnknownOrgans:
    def test_cannula_without_flow_leaves_the_other_arm(self):
        cannula = {"oxygen": OxygenDevice.NASAL_CANNULA}
        assert grade(**cannula) == so_far(1)
        assert grade(hypotension=True, **cannula) == so_far(2)
        assert grade(hypotension=True, vasopressors=1, **cannula) == so_far(3)
        assert grade(hypotension=True, vasopressors=2, **cannula) == told(4)

    def test_unknown_oxygen_leaves_the_pressure(self):
        assert grade(oxygen=None, hypotension=True) == so_far(2)
        assert grade(WELL, masked=True, oxygen=None) == so_far(0)

    def test_unknown_pressure_leaves_the_oxygen(self):
        unknown = {"hypotension": None, "vasopressors": None, "vasopressin": None}
        assert grade(**unknown) == so_far(1)
        assert grade(oxygen=OxygenDevice.FACEMASK, **unknown) == so_far(3)
        assert grade(oxygen=OxygenDevice.BIPAP, **unknown) == told(4)

    def test_both_unknown(self):
        unknown = {"hypotension": None, "vasopressors": None, "vasopressin": None, "oxygen": None}
        assert grade(**unknown) == so_far(1)
        assert grade(WELL, masked=True, **unknown) == CANNOT_BE_TOLD
        assert grade(WELL, **unknown) == told(0)

    @pytest.mark.parametrize(
        ("hypotension", "vasopressors", "vasopressin", "expected"),
        [
            (True, None, None, so_far(2)),
            (True, None, False, so_far(2)),
            (True, 0, None, so_far(2)),
            (True, None, True, so_far(3)),
            (True, 1, None, told(3)),
            (True, 2, None, told(4)),
            (None, 0, False, so_far(1)),
            (None, 1, None, told(3)),
            (None, 0, True, told(3)),
            (False, None, None, told(1)),
        ],
    )
    def test_what_is_known_of_vasopressors(self, hypotension, vasopressors, vasopressin, expected):
        found = {"vasopressors": vasopressors, "vasopressin": vasopressin}
        assert grade(hypotension=hypotension, **found) == expected


class TestUnknownFever:
    def test_it_does_not_matter_when_masked_with_organ_signs(self):
        found = {"temperature_c": None, "masked": True}
        assert grade(**found, hypotension=True) == told(2)

    def test_it_matters_otherwise(self):
        assert grade(temperature_c=None, masked=True) == CANNOT_BE_TOLD
        assert grade(temperature_c=None, masked=False) == CANNOT_BE_TOLD
        assert grade(temperature_c=None, masked=False, hypotension=True) == CANNOT_BE_TOLD

    def test_unknown_masking_matters_only_without_fever_and_with_organ_signs(self):
        assert grade(masked=None, hypotension=True) == told(2)
        assert grade(WELL, masked=None) == told(0)
        assert grade(WELL, masked=None, oxygen=None) == so_far(0)
        assert grade(WELL, masked=None, hypotension=True) == CANNOT_BE_TOLD


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"hypotension": False, "vasopressors": 1}, r"answered no, but vasopressors .*\(1\)"),
        ({"hypotension": False, "vasopressin": True}, "answered no, but .*vasopressin"),
        ({"hypotension": True, "vasopressors": -1}, "vasopressors is -1; it is at least 0"),
        ({"oxygen": OxygenDevice.HFNC, "flow_l_per_min": Decimal(-1)}, "L/min. is -1; it is at"),
        ({"temperature_c": Decimal("-0.1")}, "Temperature .* is -0.1; it is at least 0"),
        ({"flow_l_per_min": Decimal(2)}, "device is none, but the flow is 2 L/min"),
    ],
)
def test_contradictions_are_refused(found, message):
    with pytest.raises(ValueError, match=message):
        grade(**found)


PRESSURE = [  # mild to bad: hypotension, vasopressors, vasopressin
    (False, 0, False),
    (True, 0, False),
    (True, 0, True),
    (True, 1, True),
    (True, 2, True),
]
OXYGEN = [
    (OxygenDevice.NONE, None),
    (OxygenDevice.NASAL_CANNULA, Decimal(2)),
    (OxygenDevice.NASAL_CANNULA, Decimal(7)),
    (OxygenDevice.NON_REBREATHER, Decimal(15)),
    (OxygenDevice.MECH_VENT, None),
]
TEMPERATURE = [Decimal("36.5"), Decimal("37.9"), Decimal("38.0"), Decimal("40.5")]


def at(temperature, masked, pressure, oxygen):
    hypotension, vasopressors, vasopressin = PRESSURE[pressure]
    device, flow = OXYGEN[oxygen]
    return crs_grade(
        temperature_c=TEMPERATURE[temperature],
        masked=masked,
        hypotension=hypotension,
        vasopressors=vasopressors,
        vasopressin=vasopressin,
        oxygen=device,
        flow_l_per_min=flow,
    )


def two_steps(length):
    return st.tuples(st.integers(0, length - 1), st.integers(0, length - 1)).map(sorted)


@given(two_steps(len(TEMPERATURE)), st.booleans(), two_steps(5), two_steps(5))
def test_worse_never_lowers_the_grade(temperature, masked, pressure, oxygen):
    milder, worse = (
        at(step, masked, *organs)
        for step, *organs in zip(temperature, pressure, oxygen, strict=True)
    )
    assert milder.grade <= worse.grade
    assert not milder.incomplete
    assert not worse.incomplete


KNOWN = st.fixed_dictionaries(
    {
        "temperature_c": st.sampled_from(TEMPERATURE),
        "masked": st.booleans(),
        "hypotension": st.just(True),
        "vasopressors": st.integers(0, 3),
        "vasopressin": st.booleans(),
        "oxygen": st.sampled_from([each for each in OxygenDevice if each.name != "NONE"]),
        "flow_l_per_min": st.decimals(0, 20, places=1),
    }
)


@given(KNOWN, st.sets(st.sampled_from(sorted(NOTHING))))
def test_what_is_forgotten_never_raises_the_grade_and_is_flagged(known, forgotten):
    full = crs_grade(**known)
    partial = crs_grade(**known | dict.fromkeys(forgotten))
    assert partial == full or partial.incomplete
    assert partial.grade is None or partial.grade <= full.grade
