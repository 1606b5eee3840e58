from functools import cached_property
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
from trial.models.history import record
from trial.querysets import UserQuerySet
from trial.roles import Area, Role, System, may


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractBaseUser, Tracked):
    """One person with one role in the study; disabled, never deleted, name never reused."""

    area = Area.ACCOUNTS
    untracked = frozenset({"changed_at", "password"})
    last_login = None

    username = models.CharField(_("user name"), max_length=60, unique=True)
    full_name = models.CharField(
        _("full name"), max_length=120, help_text=_("As printed beside a signature.")
    )
    email = models.EmailField(_("e-mail"))
    role = models.CharField(
        _("role"), max_length=10, choices=[c for c in Role.choices if c[0] != Role.SYSTEM]
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        help_text=_("Of the mails sent to this person."),
    )
    identity_verified_on = models.DateField(_("identity verified on"), null=True, blank=True)
    trained_on = models.DateField(_("trained on"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name", "email"]

    objects = UserManager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_name_never_reused",
                violation_error_message=_("This user name is or was in use. Choose another one."),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.username

    def clean(self) -> None:
        super().clean()
        if self.is_active and not (self.identity_verified_on and self.trained_on):
            missing = "trained_on" if self.identity_verified_on else "identity_verified_on"
            raise ValidationError(
                {missing: _("An account becomes active only after identity check and training.")}
            )

    def before_write(self, by: "User | System") -> None:
        super().before_write(by)
        if by == self and "role" in self.changes():
            raise ValidationError({"role": _("Nobody changes their own role.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new password is Django's to save (`password_change`); all else goes by `write`."""
        if not (args or kwargs or self._state.adding or self.changes()):
            kwargs["update_fields"] = ["password"]
        super().save(*args, **kwargs)

    def set_by_another(self, password: str, *, by: "User | System") -> None:
        """Replace a password: the history says who did it, and every token ends."""
        self.check_right(by, "change")
        self.set_password(password)
        with transaction.atomic():
            self.save(update_fields=["password"])
            record([self], "~", by=by, reason="New password set")
            self.auth_token_set.all().delete()  # type: ignore[attr-defined]

    @cached_property
    def zones(self) -> dict[int, str]:
        """Time zone by primary key of each site this person works at today, by site code."""
        from trial.models.membership import Membership

        valid = Membership.objects.valid_on(timezone.localdate()).filter(user=self)
        return dict(valid.order_by("site__code").values_list("site_id", "site__time_zone"))

    @property
    def site_ids(self) -> frozenset[int]:
        """Primary keys of the sites this person works at today."""
        return frozenset(self.zones)

    # What Django's admin asks of a user; the answers come from the role table.

    @property
    def is_staff(self) -> bool:
        return self.is_active

    @property
    def is_superuser(self) -> bool:
        """Nobody works as one."""
        return False

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        app_label, _dot, codename = perm.partition(".")
        action, _underscore, model_name = codename.partition("_")
        try:
            model = apps.get_model(app_label, model_name)
        except LookupError:
            return False
        area = getattr(model, "area", None)
        return bool(self.is_active and area and may(self.role, action, area))

    def has_perms(self, perms: list[str], obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active
