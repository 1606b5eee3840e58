"""The resources of `safety`, by their place under /api/v1/."""

from safety.api import views

resources = [
    ("adverse-events", views.AdverseEventViewSet),
    ("crs-assessments", views.CRSAssessmentViewSet),
    ("icans-assessments", views.ICANSAssessmentViewSet),
]
