from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from trial.api import filters, serializers
from trial.api.base import Changeable, FormViewSet, ScopedViewSet, TrackedViewSet, WithHistory
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
from trial.roles import Area


class Me(APIView):
    """Who the request comes from, and the sites they see."""

    serializer_class = serializers.PersonSerializer

    def get(self, request: Any) -> Response:
        return Response(serializers.PersonSerializer(request.user).data)


class SiteViewSet(ScopedViewSet):
    """The sites a person works at; everybody may know those."""

    queryset = Site.objects.all()
    serializer_class = serializers.SiteSerializer
    filterset_class = filters.TrackedFilter
    area = None

    def get_queryset(self) -> Any:
        user: Any = self.request.user
        return Site.objects.at_sites_of(user)


class ProtocolVersionViewSet(WithHistory):
    """Versions of the protocol with their settings; changed in the admin."""

    queryset = ProtocolVersion.objects.all()
    serializer_class = serializers.ProtocolVersionSerializer
    filterset_class = filters.TrackedFilter


class DoseLevelViewSet(WithHistory):
    queryset = DoseLevel.objects.select_related("protocol_version")
    serializer_class = serializers.DoseLevelSerializer
    filterset_class = filters.OfVersionFilter


class ScheduledVisitViewSet(WithHistory):
    """The visits of the protocol: anchor, day, window and expected forms."""

    queryset = ScheduledVisit.objects.select_related("protocol_version")
    serializer_class = serializers.ScheduledVisitSerializer
    filterset_class = filters.OfVersionFilter


class ParticipantViewSet(TrackedViewSet):
    queryset = Participant.objects.select_related("site", "protocol_version", "rescreen_of")
    serializer_class = serializers.ParticipantSerializer
    filterset_class = filters.ParticipantFilter


class ConsentViewSet(FormViewSet):
    queryset = Consent.objects.select_related("participant", "protocol_version")
    serializer_class = serializers.ConsentSerializer
    filterset_class = filters.ParticipantRowFilter


class EnrolmentViewSet(FormViewSet):
    queryset = Enrolment.objects.select_related("participant")
    serializer_class = serializers.EnrolmentSerializer
    filterset_class = filters.ParticipantRowFilter


class TreatmentCourseViewSet(FormViewSet):
    """Dose level and day 0; moving `planned_on` moves the visits still ahead."""

    queryset = TreatmentCourse.objects.select_related("participant")
    serializer_class = serializers.TreatmentCourseSerializer
    filterset_class = filters.ParticipantRowFilter


class VisitViewSet(Changeable):
    """Planned visits; what became of one is recorded by PATCH of state, date and reason."""

    queryset = Visit.objects.select_related("participant", "scheduled")
    serializer_class = serializers.VisitSerializer
    filterset_class = filters.VisitFilter

    def get_queryset(self) -> Any:
        return super().get_queryset().with_status(today_at_sites_of(self.request.user))


class ReminderViewSet(ScopedViewSet):
    queryset = Reminder.objects.select_related("participant", "site")
    serializer_class = serializers.ReminderSerializer
    filterset_class = filters.ReminderFilter
    area = Area.CASEBOOK


def today_at_sites_of(user: Any) -> date:
    """The present date at the user's sites; where two zones differ, the earlier: nothing is
    overdue before its day has ended everywhere."""
    zones = Site.objects.at_sites_of(user).order_by().values_list("time_zone", flat=True)
    return min(
        (timezone.localdate(timezone=ZoneInfo(name)) for name in zones.distinct()),
        default=timezone.localdate(),
    )
