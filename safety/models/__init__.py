"""One file per model; the graded assessments share theirs."""

from safety.models.adverse_event import AdverseEvent
from safety.models.assessments import CRSAssessment, ICANSAssessment

__all__ = ["AdverseEvent", "CRSAssessment", "ICANSAssessment"]
