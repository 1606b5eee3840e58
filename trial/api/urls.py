"""The resources of `trial`, by their place under /api/v1/."""

from django.urls import path

from trial.api import views
from trial.api.tokens import CurrentToken, Tokens

resources = [
    ("sites", views.SiteViewSet),
    ("protocol-versions", views.ProtocolVersionViewSet),
    ("dose-levels", views.DoseLevelViewSet),
    ("schedule", views.ScheduledVisitViewSet),
    ("participants", views.ParticipantViewSet),
    ("consents", views.ConsentViewSet),
    ("enrolments", views.EnrolmentViewSet),
    ("treatment-courses", views.TreatmentCourseViewSet),
    ("visits", views.VisitViewSet),
    ("reminders", views.ReminderViewSet),
]
urlpatterns = [
    path("me/", views.Me.as_view(), name="me"),
    path("tokens/", Tokens.as_view(), name="tokens"),
    path("tokens/current/", CurrentToken.as_view(), name="token-current"),
]
