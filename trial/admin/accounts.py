from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from trial.admin.base import TrackedAdmin, TrackedInline
from trial.admin.forms import TrackedForm
from trial.models import Membership, Site, User


@admin.register(Site)
class SiteAdmin(TrackedAdmin):
    actions_detail: list[str] = []
    list_display = ["code", "name", "time_zone"]
    search_fields = ["code", "name"]


class UserForm(TrackedForm):
    new_password = forms.CharField(
        label=_("Set a new password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Leave empty to keep the present one."),
    )

    def clean_new_password(self) -> str:
        password = self.cleaned_data["new_password"]
        if password:
            validate_password(password, self.instance)
        elif self.instance._state.adding:
            raise ValidationError(_("A new account needs a first password."))
        return password


class MembershipInline(TrackedInline):
    model = Membership
    fk_name = "user"
    fields = ["site", "began_on", "ended_on"]


@admin.register(User)
class UserAdmin(TrackedAdmin):
    form = UserForm
    actions_detail: list[str] = []  # an account is disabled, not voided
    inlines = [MembershipInline]
    list_display = ["username", "full_name", "role", "is_active"]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "full_name"]

    def get_fields_asked(self, request: Any, obj: Any = None) -> list[str]:
        return [
            "username",
            "full_name",
            "email",
            "role",
            "language",
            "identity_verified_on",
            "trained_on",
            "is_active",
            "new_password",
        ]

    def lookup_allowed(self, lookup: str, value: str, request: Any) -> bool:
        """As in Django's own: nobody finds out a password by filtering for its digest."""
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        password = form.cleaned_data.get("new_password")
        if password and not change:
            obj.set_password(password)
        super().save_model(request, obj, form, change)
        if password and change:
            obj.set_by_another(password, by=request.user)
