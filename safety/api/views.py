from safety.api import filters, serializers
from safety.models import AdverseEvent, CRSAssessment, ICANSAssessment
from trial.api.base import FormViewSet
from trial.api.filters import VisitFormFilter

AT_A_VISIT = ("participant", "visit__scheduled")


class AdverseEventViewSet(FormViewSet):
    queryset = AdverseEvent.objects.select_related("participant")
    serializer_class = serializers.AdverseEventSerializer
    filterset_class = filters.AdverseEventFilter


class CRSAssessmentViewSet(FormViewSet):
    queryset = CRSAssessment.objects.select_related(*AT_A_VISIT)
    serializer_class = serializers.CRSAssessmentSerializer
    filterset_class = VisitFormFilter


class ICANSAssessmentViewSet(FormViewSet):
    queryset = ICANSAssessment.objects.select_related(*AT_A_VISIT)
    serializer_class = serializers.ICANSAssessmentSerializer
    filterset_class = VisitFormFilter
