from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from trial.api.base import TrackedSerializer
from trial.api.fields import Moment
from trial.models import (
    Consent,
    DoseLevel,
    Enrolment,
    Participant,
    ProtocolVersion,
    Reminder,
    ScheduledVisit,
    Site,
    TreatmentCourse,
    Visit,
)


class SiteSerializer(TrackedSerializer):
    class Meta(TrackedSerializer.Meta):
        model = Site


class ProtocolVersionSerializer(TrackedSerializer):
    class Meta(TrackedSerializer.Meta):
        model = ProtocolVersion


class DoseLevelSerializer(TrackedSerializer):
    state = None  # its own: planned, open or closed

    class Meta(TrackedSerializer.Meta):
        model = DoseLevel


class ScheduledVisitSerializer(TrackedSerializer):
    class Meta(TrackedSerializer.Meta):
        model = ScheduledVisit


class ParticipantSerializer(TrackedSerializer):
    class Meta(TrackedSerializer.Meta):
        model = Participant


class ConsentSerializer(TrackedSerializer):
    class Meta(TrackedSerializer.Meta):
        model = Consent


class EnrolmentSerializer(TrackedSerializer):
    class Meta(TrackedSerializer.Meta):
        model = Enrolment


class TreatmentCourseSerializer(TrackedSerializer):
    class Meta(TrackedSerializer.Meta):
        model = TreatmentCourse


class VisitSerializer(TrackedSerializer):
    """`state` is what was recorded; `status` what it means today."""

    state = None
    visit_code = serializers.CharField(source="scheduled.code", read_only=True)
    status = serializers.ChoiceField(choices=list(Visit.STATUS.items()), read_only=True)

    class Meta(TrackedSerializer.Meta):
        model = Visit
        read_only_fields = [  # the plan's
            "participant",
            "scheduled",
            "course",
            "target_on",
            "window_first_on",
            "window_last_on",
        ]


class ReminderSerializer(serializers.ModelSerializer):
    participant: Any = serializers.SlugRelatedField("number", read_only=True)
    site: Any = serializers.SlugRelatedField("code", read_only=True)
    planned_at = Moment()
    sent_at = Moment()
    acknowledged_at = Moment()
    cancelled_at = Moment()

    class Meta:
        model = Reminder
        fields = [
            "id",
            "participant",
            "site",
            "duty",
            "due_on",
            "recipient",
            "kind",
            "send_on",
            "form",
            "visit",
            "state",
            "planned_at",
            "sent_at",
            "acknowledged_at",
            "cancelled_at",
        ]


class PersonSerializer(serializers.ModelSerializer):
    """The person a request comes from."""

    sites: Any = serializers.SerializerMethodField(help_text=_("Codes of the sites they see."))

    class Meta:
        model = get_user_model()
        fields = ["id", "username", "full_name", "role", "language", "sites"]

    def get_sites(self, user: Any) -> list[str]:
        return list(Site.objects.at_sites_of(user).values_list("code", flat=True))
