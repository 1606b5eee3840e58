"""Every address; what needs a login asks for it in its view."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config import casebook, health, mail_sink

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz", health.healthz, name="healthz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/mail/", mail_sink.inbox, name="mail-inbox"),
    path("admin/mail/<str:name>", mail_sink.letter, name="mail-letter"),
    path("admin/casebook/", admin.site.admin_view(casebook.find), name="casebook-find"),
    path(
        "admin/casebook/<str:number>/",
        admin.site.admin_view(casebook.casebook),
        name="casebook",
    ),
    path("api/v1/", include("config.api_urls")),
    path("", include("trial.urls")),
    path("admin/", admin.site.urls),
]
