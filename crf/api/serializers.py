from crf.api.base import FormSerializer, VisitFormSerializer
from crf.models import (
    ContraceptionCheck,
    Demographics,
    EndOfStudy,
    HCGTest,
    Infusion,
    LymphodepletionDay,
    ProductBag,
    Screening,
)


class DemographicsSerializer(FormSerializer):
    class Meta(FormSerializer.Meta):
        model = Demographics


class ScreeningSerializer(VisitFormSerializer):
    class Meta(VisitFormSerializer.Meta):
        model = Screening


class LymphodepletionDaySerializer(VisitFormSerializer):
    class Meta(VisitFormSerializer.Meta):
        model = LymphodepletionDay


class ProductBagSerializer(FormSerializer):
    class Meta(FormSerializer.Meta):
        model = ProductBag


class InfusionSerializer(VisitFormSerializer):
    class Meta(VisitFormSerializer.Meta):
        model = Infusion


class ContraceptionCheckSerializer(VisitFormSerializer):
    class Meta(VisitFormSerializer.Meta):
        model = ContraceptionCheck


class HCGTestSerializer(VisitFormSerializer):
    class Meta(VisitFormSerializer.Meta):
        model = HCGTest


class EndOfStudySerializer(FormSerializer):
    class Meta(FormSerializer.Meta):
        model = EndOfStudy
