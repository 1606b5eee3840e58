from django_filters import rest_framework as filters

from crf.analytes import ANALYTES
from trial.api.filters import TrackedFilter, VisitFormFilter

TESTS = [(code, analyte.name) for code, analyte in ANALYTES.items()]


class LabSampleFilter(VisitFormFilter):
    accession = filters.CharFilter("accession")


class LabResultFilter(TrackedFilter):
    participant = filters.CharFilter("sample__participant__number")
    site = filters.CharFilter("sample__participant__site__code")
    visit = filters.CharFilter("sample__visit__scheduled__code")
    test = filters.ChoiceFilter(choices=TESTS)
