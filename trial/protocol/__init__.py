"""Facts, eligibility criteria and default visit schedule of NCT06464679 (registry record)."""

from trial.protocol.criteria import CRITERIA, Criterion, Kind, applicable
from trial.protocol.facts import DEFAULT_DOSE_LEVELS, LYMPHODEPLETION, Disease, DoseLevel
from trial.protocol.visits import DEFAULT_SCHEDULE, Anchor, ScheduledVisit

__all__ = [
    "CRITERIA",
    "DEFAULT_DOSE_LEVELS",
    "DEFAULT_SCHEDULE",
    "LYMPHODEPLETION",
    "Anchor",
    "Criterion",
    "Disease",
    "DoseLevel",
    "Kind",
    "ScheduledVisit",
    "applicable",
]
