"""The sidebar: every page the user's role may view, grouped by what it is about."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from config.forms import APPS, allowed, page
from trial.models import User
from trial.roles import Area

GROUPS = {
    Area.CASEBOOK: _("Participants and visits"),
    Area.DOSING: _("Treatment"),
    Area.PRODUCT: _("Product"),
    Area.SAFETY: _("Safety"),
    Area.PROTOCOL: _("Study and protocol"),
    Area.ACCOUNTS: _("People and sites"),
    None: _("Reminders"),
}
ICONS = {
    "trial.participant": "groups",
    "trial.consent": "signature",
    "trial.enrolment": "how_to_reg",
    "trial.treatmentcourse": "event_upcoming",
    "trial.visit": "calendar_month",
    "crf.demographics": "badge",
    "crf.screening": "fact_check",
    "crf.labsample": "science",
    "crf.contraceptioncheck": "shield",
    "crf.hcgtest": "experiment",
    "crf.endofstudy": "logout",
    "crf.lymphodepletionday": "medication",
    "crf.infusion": "vaccines",
    "crf.productbag": "water_drop",
    "safety.adverseevent": "warning",
    "safety.crsassessment": "thermometer",
    "safety.icansassessment": "neurology",
    "trial.study": "biotech",
    "trial.protocolversion": "menu_book",
    "trial.user": "person",
    "trial.site": "local_hospital",
}
OTHER_ICON = "description"


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links, as unfold wants them; empty groups are left out."""
    user = request.user
    if not isinstance(user, User):
        return []
    home = {"title": _("Today"), "icon": "today", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"title": None, "items": [home]}]
    for area, title in GROUPS.items():
        items = [
            {
                "title": capfirst(model._meta.verbose_name_plural),
                "icon": ICONS.get(model._meta.label_lower, OTHER_ICON),
                "link": page(model, "changelist"),
            }
            for model in _registered()
            if getattr(model, "area", None) == area and _shown(model, request)
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups


def _registered() -> list[Any]:
    """Our own models with an admin page, in the order of the apps."""
    ours = [model for model in admin.site._registry if model._meta.app_label in APPS]
    return sorted(ours, key=lambda model: APPS.index(model._meta.app_label))


def _shown(model: Any, request: Any) -> bool:
    """By the role table; a model outside it (the reminder ledger) answers by its own admin."""
    if hasattr(model, "area"):
        return allowed(request.user, "view", model)
    return admin.site._registry[model].has_view_permission(request)
