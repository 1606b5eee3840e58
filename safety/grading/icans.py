"""Immune effector cell-associated neurotoxicity syndrome, ASTCT consensus grade.

Source: Lee 2019, Biol Blood Marrow Transplant 25:625. Tremor, myoclonus and
intracranial haemorrhage do not count: they are graded by CTCAE.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from safety.grading.result import UNKNOWN, Contradiction, Graded, worst

_ = str  # marks a text for the translators; rules know no framework

Finding = TypeVar("Finding")

RULE_VERSION = "ASTCT-2019/1"
ICE_BEST = 10
ICE_FLOORS = ((10, 0), (7, 1), (3, 2), (0, 3))  # lowest score, grade


class Consciousness(StrEnum):
    NORMAL = _("normal")
    AWAKENS_SPONTANEOUSLY = _("depressed, awakens spontaneously")
    AWAKENS_TO_VOICE = _("awakens to voice")
    AWAKENS_TO_TOUCH = _("awakens only to tactile stimulus")
    UNAROUSABLE = _("unarousable, needs vigorous or repetitive tactile stimuli, stupor or coma")


class Seizure(StrEnum):
    NONE = _("none")
    BRIEF = _("clinical seizure, focal or generalised, that resolves rapidly")
    NON_CONVULSIVE = _("non-convulsive on EEG, resolves with intervention")
    PROLONGED = _("longer than 5 minutes, life-threatening")
    REPETITIVE = _("repetitive without return to baseline in between")


class Oedema(StrEnum):
    NONE = _("none")
    FOCAL = _("focal or local oedema on imaging")
    DIFFUSE = _("diffuse oedema on imaging")
    POSTURING = _("decerebrate or decorticate posture")
    SIXTH_NERVE_PALSY = _("palsy of cranial nerve VI")
    PAPILLOEDEMA = _("papilloedema")
    CUSHING_TRIAD = _("Cushing's triad")


BY_CONSCIOUSNESS = {
    Consciousness.NORMAL: 0,
    Consciousness.AWAKENS_SPONTANEOUSLY: 1,
    Consciousness.AWAKENS_TO_VOICE: 2,
    Consciousness.AWAKENS_TO_TOUCH: 3,
    Consciousness.UNAROUSABLE: 4,
}
BY_SEIZURE = {
    Seizure.NONE: 0,
    Seizure.BRIEF: 3,
    Seizure.NON_CONVULSIVE: 3,
    Seizure.PROLONGED: 4,
    Seizure.REPETITIVE: 4,
}
BY_OEDEMA = {
    Oedema.NONE: 0,
    Oedema.FOCAL: 3,
    Oedema.DIFFUSE: 4,
    Oedema.POSTURING: 4,
    Oedema.SIXTH_NERVE_PALSY: 4,
    Oedema.PAPILLOEDEMA: 4,
    Oedema.CUSHING_TRIAD: 4,
}
BY_MOTOR_WEAKNESS = {False: 0, True: 4}


def ice_score(
    *,
    orientation_year: int | None,
    orientation_month: int | None,
    orientation_city: int | None,
    orientation_hospital: int | None,
    names_object_1: int | None,
    names_object_2: int | None,
    names_object_3: int | None,
    follows_command: int | None,
    writes_sentence: int | None,
    counts_backwards: int | None,
) -> int | None:
    """Points of the ICE assessment, 0 to 10; each item is 0 or 1, None when not done.

    None while any item is unknown. Raises Contradiction for other points.
    """
    items = {
        "orientation_year": orientation_year,
        "orientation_month": orientation_month,
        "orientation_city": orientation_city,
        "orientation_hospital": orientation_hospital,
        "names_object_1": names_object_1,
        "names_object_2": names_object_2,
        "names_object_3": names_object_3,
        "follows_command": follows_command,
        "writes_sentence": writes_sentence,
        "counts_backwards": counts_backwards,
    }
    for name, points in items.items():
        if points not in (0, 1, None):
            raise Contradiction(
                _("ICE item %(name)s is %(points)s; it is 0 or 1, or empty if not done."),
                name=name,
                points=points,
            )
    known = [points for points in items.values() if points is not None]
    return sum(known) if len(known) == len(items) else None


def icans_grade(
    *,
    ice: int | None,
    consciousness: Consciousness | None,
    seizure: Seizure | None,
    motor_weakness: bool | None,
    oedema: Oedema | None,
    unarousable: bool | None = None,
) -> Graded:
    """Grade 0 (none) to 4, the worst domain; None for any domain that is unknown.

    Only findings without another cause (sedatives, infection) count.

    ice: 0 to 10. motor_weakness: deep focal weakness (hemiparesis, paraparesis).
    oedema: or another sign of raised intracranial pressure, the worst. unarousable:
    why ICE is 0 or not done (grade 4; 0 when awake with global aphasia is grade 3).
    The level of consciousness tells the same, so that it may be left out.

    Raises Contradiction for input that contradicts itself.
    """
    if unarousable and consciousness not in (None, Consciousness.UNAROUSABLE):
        raise Contradiction(
            _(
                "Unarousable is answered yes, but consciousness is “%(consciousness)s”: "
                "correct one of them."
            ),
            consciousness=consciousness.value,
        )
    if unarousable and ice:
        raise Contradiction(
            _(
                "Unarousable is answered yes, but the ICE score is %(ice)s: "
                "the score is 0 or not done, or the answer is no."
            ),
            ice=ice,
        )
    return worst(
        _by_ice(ice, unarousable),
        _look_up(BY_CONSCIOUSNESS, consciousness),
        _look_up(BY_SEIZURE, seizure),
        _look_up(BY_MOTOR_WEAKNESS, motor_weakness),
        _look_up(BY_OEDEMA, oedema),
    )


def _look_up(table: Mapping[Finding, int], finding: Finding | None) -> Graded:
    return UNKNOWN if finding is None else Graded(table[finding], incomplete=False)


def _by_ice(ice: int | None, unarousable: bool | None) -> Graded:
    if ice is not None and not 0 <= ice <= ICE_BEST:
        raise Contradiction(_("ICE score is %(ice)s; it is 0 to %(best)s."), ice=ice, best=ICE_BEST)
    if unarousable:
        return Graded(4, incomplete=False)
    if ice is None:
        return UNKNOWN
    grade = next(grade for lowest, grade in ICE_FLOORS if ice >= lowest)
    return Graded(grade, incomplete=False)
