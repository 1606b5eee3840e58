"""One file per model."""

from trial.models.base import Tracked
from trial.models.consent import Consent
from trial.models.course import TreatmentCourse
from trial.models.delivery import Delivery
from trial.models.dose_level import DoseLevel
from trial.models.enrolment import Enrolment
from trial.models.fields import YesNo
from trial.models.heartbeat import Heartbeat
from trial.models.membership import Membership
from trial.models.participant import Participant, ParticipantRow
from trial.models.protocol import ProtocolVersion
from trial.models.reminder import Reminder
from trial.models.scheduled_visit import ScheduledVisit
from trial.models.site import Site
from trial.models.study import Study
from trial.models.user import User
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
