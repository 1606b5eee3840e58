"""Reads of tracked rows: who may see what, and what is current."""

from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from trial.roles import SEES_ALL_SITES, may

if TYPE_CHECKING:
    from trial.models import User


class UntracedWrite(TypeError):
    """A way to write that would leave no history; use `write` or `bulk_write`."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} would leave no history: use write() or bulk_write()")


class TrackedQuerySet(models.QuerySet):
    """Default closed: what a user sees is what `visible_to` returns."""

    def visible_to(self, user: "User") -> Self:
        """Rows of the areas the user's role views, at the sites they work at today."""
        model: Any = self.model
        if not (user.is_authenticated and user.is_active and may(user.role, "view", model.area)):
            return self.none()
        return self.at_sites_of(user)

    def at_sites_of(self, user: "User") -> Self:
        """Rows at the sites this person works at today, or of no site: what a form may name."""
        model: Any = self.model
        if model.site_path is None or user.role in SEES_ALL_SITES:
            return self
        from trial.models import Membership

        site = f"{model.site_path}_id" if model.site_path else "pk"
        return self.filter(
            Exists(
                Membership.objects.valid_on(timezone.localdate()).filter(
                    user=user, site=OuterRef(site)
                )
            )
        )

    def current(self) -> Self:
        """Without the rows that were voided."""
        return self.filter(voided_at=None)

    def update(self, **kwargs: Any) -> int:
        raise UntracedWrite("update()")

    def delete(self) -> Any:
        raise UntracedWrite("delete()")

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        raise UntracedWrite("bulk_create()")

    def bulk_update(self, *args: Any, **kwargs: Any) -> Any:
        raise UntracedWrite("bulk_update()")


class MembershipQuerySet(TrackedQuerySet):
    def valid_on(self, day: date) -> Self:
        """Delegations that have begun and not ended on `day`, both included."""
        return self.current().filter(Q(ended_on=None) | Q(ended_on__gte=day), began_on__lte=day)


class UserQuerySet(TrackedQuerySet):
    def colleagues_of(self, user: "User") -> Self:
        """Active people delegated today at one of the sites this user works at today."""
        from trial.models import Membership

        today = timezone.localdate()
        valid = Membership.objects.valid_on(today)
        if user.role not in SEES_ALL_SITES:
            own = valid.filter(user=user).values("site")
            valid = valid.filter(site__in=own)
        return self.filter(Exists(valid.filter(user=OuterRef("pk"))), is_active=True)
