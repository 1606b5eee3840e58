from crf.api.base import FormSerializer, VisitFormSerializer
from safety.models import AdverseEvent, CRSAssessment, ICANSAssessment


class AdverseEventSerializer(FormSerializer):
    class Meta(FormSerializer.Meta):
        model = AdverseEvent


class CRSAssessmentSerializer(VisitFormSerializer):
    class Meta(VisitFormSerializer.Meta):
        model = CRSAssessment


class ICANSAssessmentSerializer(VisitFormSerializer):
    class Meta(VisitFormSerializer.Meta):
        model = ICANSAssessment
