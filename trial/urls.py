"""Addresses of the study outside the admin; included at the root."""

from django.urls import path

from trial.views import go

urlpatterns = [path("go/<uuid:token>/", go, name="go")]
