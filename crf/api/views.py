from django.db.models import Prefetch

from crf.api import filters, labs, serializers
from crf.models import (
    ContraceptionCheck,
    Demographics,
    EndOfStudy,
    HCGTest,
    Infusion,
    LabResult,
    LabSample,
    LymphodepletionDay,
    ProductBag,
    Screening,
)
from trial.api.base import FormViewSet, Voidable
from trial.api.filters import FormFilter, VisitFormFilter

AT_A_VISIT = ("participant", "visit__scheduled")


class DemographicsViewSet(FormViewSet):
    queryset = Demographics.objects.select_related("participant")
    serializer_class = serializers.DemographicsSerializer
    filterset_class = FormFilter


class ScreeningViewSet(FormViewSet):
    queryset = Screening.objects.select_related(*AT_A_VISIT)
    serializer_class = serializers.ScreeningSerializer
    filterset_class = VisitFormFilter


class LymphodepletionDayViewSet(FormViewSet):
    queryset = LymphodepletionDay.objects.select_related(*AT_A_VISIT)
    serializer_class = serializers.LymphodepletionDaySerializer
    filterset_class = VisitFormFilter


class ProductBagViewSet(FormViewSet):
    queryset = ProductBag.objects.select_related("participant")
    serializer_class = serializers.ProductBagSerializer
    filterset_class = FormFilter


class InfusionViewSet(FormViewSet):
    queryset = Infusion.objects.select_related(*AT_A_VISIT)
    serializer_class = serializers.InfusionSerializer
    filterset_class = VisitFormFilter


class LabSampleViewSet(FormViewSet):
    """Samples with their results that are not voided."""

    queryset = LabSample.objects.select_related(*AT_A_VISIT).prefetch_related(
        Prefetch("results", LabResult.objects.current().order_by("pk"))
    )
    serializer_class = labs.LabSampleSerializer
    filterset_class = filters.LabSampleFilter


class LabResultViewSet(Voidable):
    """Single results, for whoever follows changes; they are written with their sample."""

    http_method_names = ["get", "head", "post"]  # post: void alone
    queryset = LabResult.objects.all()
    serializer_class = labs.LabResultSerializer
    filterset_class = filters.LabResultFilter


class ContraceptionCheckViewSet(FormViewSet):
    queryset = ContraceptionCheck.objects.select_related(*AT_A_VISIT)
    serializer_class = serializers.ContraceptionCheckSerializer
    filterset_class = VisitFormFilter


class HCGTestViewSet(FormViewSet):
    queryset = HCGTest.objects.select_related(*AT_A_VISIT)
    serializer_class = serializers.HCGTestSerializer
    filterset_class = VisitFormFilter


class EndOfStudyViewSet(FormViewSet):
    queryset = EndOfStudy.objects.select_related("participant")
    serializer_class = serializers.EndOfStudySerializer
    filterset_class = FormFilter
