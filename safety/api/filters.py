from django_filters import rest_framework as filters

from trial.api.filters import FormFilter
from trial.models import YesNo


class AdverseEventFilter(FormFilter):
    serious = filters.ChoiceFilter(choices=YesNo.choices)
    grade = filters.NumberFilter("grade")
