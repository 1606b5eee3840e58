"""Grades of cytokine release syndrome and neurotoxicity, from the ASTCT consensus of 2019."""

from safety.grading.crs import OxygenDevice, crs_grade
from safety.grading.icans import Consciousness, Oedema, Seizure, icans_grade, ice_score
from safety.grading.result import Contradiction, Graded

__all__ = [
    "Consciousness",
    "Contradiction",
    "Graded",
    "Oedema",
    "OxygenDevice",
    "Seizure",
    "crs_grade",
    "icans_grade",
    "ice_score",
]
