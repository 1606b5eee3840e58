"""The resources of `crf`, by their place under /api/v1/."""

from crf.api import views

resources = [
    ("demographics", views.DemographicsViewSet),
    ("screenings", views.ScreeningViewSet),
    ("lymphodepletion-days", views.LymphodepletionDayViewSet),
    ("product-bags", views.ProductBagViewSet),
    ("infusions", views.InfusionViewSet),
    ("lab-samples", views.LabSampleViewSet),
    ("lab-results", views.LabResultViewSet),
    ("contraception-checks", views.ContraceptionCheckViewSet),
    ("hcg-tests", views.HCGTestViewSet),
    ("ends-of-study", views.EndOfStudyViewSet),
]
