"""/api/v1/: the resources of all apps, the OpenAPI document and its page."""

from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import DefaultRouter

from crf.api import urls as crf
from safety.api import urls as safety
from trial.api import urls as trial

router = DefaultRouter()
router.include_format_suffixes = False
for place, viewset in [*trial.resources, *crf.resources, *safety.resources]:
    router.register(place, viewset, basename=place)

schema = SpectacularAPIView.as_view(permission_classes=[IsAuthenticated])
docs = SpectacularSwaggerSplitView.as_view(
    url_name="schema", permission_classes=[IsAuthenticated], title="CHEC2024-181 data API"
)

urlpatterns = [
    path("schema/", schema, name="schema"),
    path("docs/", login_required(docs), name="api-docs"),
    *trial.urlpatterns,
    path("", include(router.urls)),
]
