"""One file per model."""

from trial.models.base import Tracked
from trial.models.consent import Consent
from trial.models.enrolment import Enrolment, TreatmentCourse
from trial.models.fields import YesNo
from trial.models.participant import Participant, ParticipantRow
from trial.models.protocol import DoseLevel, ProtocolVersion, ScheduledVisit
from trial.models.reminder import Delivery, Heartbeat, Reminder
from trial.models.site import Site
from trial.models.study import Study
from trial.models.user import Membership, User
from trial.models.visit import Visit

__all__ = [
    "Consent",
    "Delivery",
    "DoseLevel",
    "Enrolment",
    "Heartbeat",
    "Membership",
    "Participant",
    "ParticipantRow",
    "ProtocolVersion",
    "Reminder",
    "ScheduledVisit",
    "Site",
    "Study",
    "Tracked",
    "TreatmentCourse",
    "User",
    "Visit",
    "YesNo",
]
