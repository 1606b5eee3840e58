"""One file per model."""

from safety.models.adverse_event import AdverseEvent
from safety.models.crs import CRSAssessment
from safety.models.icans import ICANSAssessment

__all__ = ["AdverseEvent", "CRSAssessment", "ICANSAssessment"]
