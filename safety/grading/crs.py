"""Cytokine release syndrome, ASTCT consensus grade.

Source: Lee 2019, Biol Blood Marrow Transplant 25:625. That vasopressin alone is
one vasopressor is our reading: the table only says it is not counted for grade 4.
"""

from decimal import Decimal
from enum import StrEnum

from safety.grading.result import UNKNOWN, Contradiction, Graded, worst

_ = str  # marks a text for the translators; rules know no framework

RULE_VERSION = "ASTCT-2019/1"
FEVER_C = Decimal("38.0")  # included
LOW_FLOW_L_PER_MIN = Decimal(6)  # included


class OxygenDevice(StrEnum):
    NONE = _("none (room air)")
    NASAL_CANNULA = _("nasal cannula")
    BLOW_BY = _("blow-by")
    HFNC = _("high-flow nasal cannula")
    FACEMASK = _("facemask")
    NON_REBREATHER = _("non-rebreather mask")
    VENTURI = _("Venturi mask")
    CPAP = _("CPAP")
    BIPAP = _("BiPAP")
    MECH_VENT = _("intubation and mechanical ventilation")


BY_DEVICE = {  # the nasal cannula is graded by its flow
    OxygenDevice.NONE: 0,
    OxygenDevice.BLOW_BY: 2,
    OxygenDevice.HFNC: 3,
    OxygenDevice.FACEMASK: 3,
    OxygenDevice.NON_REBREATHER: 3,
    OxygenDevice.VENTURI: 3,
    OxygenDevice.CPAP: 4,
    OxygenDevice.BIPAP: 4,
    OxygenDevice.MECH_VENT: 4,
}


def crs_grade(
    *,
    temperature_c: Decimal | None,
    masked: bool | None,
    hypotension: bool | None,
    vasopressors: int | None,
    vasopressin: bool | None,
    oxygen: OxygenDevice | None,
    flow_l_per_min: Decimal | None,
) -> Graded:
    """Grade 0 (none) to 4; None for any input that is unknown.

    Only findings without another cause count: oxygen given for comfort, or a
    tube that only protects the airway, is OxygenDevice.NONE here.

    masked: antipyretic, anticytokine therapy or steroid given in this episode,
    after which fever is no longer required. vasopressors: how many at the same
    time, not counting vasopressin. flow_l_per_min: read for the nasal cannula.

    Fever or masking may be unknown: the grade is told when it does not depend
    on it. Raises Contradiction for input that contradicts itself.
    """
    if temperature_c is not None:
        _refuse_below_0(_("Temperature (°C)"), temperature_c)
    organs = worst(
        _by_pressure(hypotension, vasopressors, vasopressin), _by_oxygen(oxygen, flow_l_per_min)
    )
    fever = None if temperature_c is None else temperature_c >= FEVER_C
    possible = [
        _episode(organs, fever=feverish, masked=hidden)
        for feverish in _either(fever)
        for hidden in _either(masked)
    ]
    if len({found.grade for found in possible}) > 1:
        return UNKNOWN
    return Graded(possible[0].grade, incomplete=any(found.incomplete for found in possible))


def _either(answer: bool | None) -> tuple[bool, ...]:
    return (True, False) if answer is None else (answer,)


def _episode(organs: Graded, *, fever: bool, masked: bool) -> Graded:
    if fever:
        return worst(Graded(1, incomplete=False), organs)
    return organs if masked else Graded(0, incomplete=False)


def _by_pressure(
    hypotension: bool | None, vasopressors: int | None, vasopressin: bool | None
) -> Graded:
    if vasopressors is not None:
        _refuse_below_0(_("Number of vasopressors"), vasopressors)
    if hypotension is False and (vasopressors or vasopressin):
        raise Contradiction(
            _(
                "Hypotension is answered no, but vasopressors are recorded (%(given)s): "
                "answer yes while one is needed, or remove them."
            ),
            given=vasopressors or _("vasopressin"),
        )
    if vasopressors and vasopressors > 1:
        return Graded(4, incomplete=False)
    if vasopressors or vasopressin:
        return Graded(3, incomplete=vasopressors is None)
    if hypotension:
        return Graded(2, incomplete=vasopressors is None or vasopressin is None)
    if hypotension is None:
        return UNKNOWN
    return Graded(0, incomplete=False)  # a "no" rules vasopressors out, see above


def _by_oxygen(device: OxygenDevice | None, flow_l_per_min: Decimal | None) -> Graded:
    if flow_l_per_min is not None:
        _refuse_below_0(_("Oxygen flow (L/min)"), flow_l_per_min)
    if device is OxygenDevice.NONE and flow_l_per_min:
        raise Contradiction(
            _(
                "Oxygen device is none, but the flow is %(flow)s L/min: "
                "name the device, or remove the flow."
            ),
            flow=flow_l_per_min,
        )
    if device is None:
        return UNKNOWN
    if device is not OxygenDevice.NASAL_CANNULA:
        return Graded(BY_DEVICE[device], incomplete=False)
    if flow_l_per_min is None:
        return UNKNOWN
    return Graded(2 if flow_l_per_min <= LOW_FLOW_L_PER_MIN else 3, incomplete=False)


def _refuse_below_0(name: str, value: Decimal | int) -> None:
    if value < 0:
        raise Contradiction(_("%(name)s is %(value)s; it is at least 0."), name=name, value=value)
