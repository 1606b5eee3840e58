from django.contrib import admin
from django.urls import include, path

from config import health, mail_sink

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("mail/", mail_sink.inbox, name="mail-inbox"),
    path("mail/<str:name>", mail_sink.letter, name="mail-letter"),
]
