"""Admin pages of adverse events and graded assessments."""

from django.contrib import admin

from crf.admin import FormAdmin
from safety.models import AdverseEvent, CRSAssessment, ICANSAssessment


@admin.register(AdverseEvent)
class AdverseEventAdmin(FormAdmin):
    list_display = ["participant", "term", "grade", "serious", "began_on", "outcome"]
    list_select_related = ["participant"]
    list_filter = ["grade", "serious", "participant__site"]
    search_fields = ["participant__number", "term"]


@admin.register(CRSAssessment)
class CRSAssessmentAdmin(FormAdmin):
    list_display = ["participant", "assessed_at", "computed_grade", "investigator_grade"]
    list_select_related = ["participant"]
    computed = ["computed_grade", "computed_incomplete", "rule_version"]


@admin.register(ICANSAssessment)
class ICANSAssessmentAdmin(FormAdmin):
    list_display = ["participant", "assessed_at", "ice", "computed_grade", "investigator_grade"]
    list_select_related = ["participant"]
    computed = ["ice", "computed_grade", "computed_incomplete", "rule_version"]
