from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
from trial.models.site import Site
from trial.models.user import User
from trial.querysets import MembershipQuerySet
from trial.roles import Area, System


class Membership(Tracked):
    """A user's delegation at one site, from a day to a day, both included."""

    area = Area.ACCOUNTS
    site_path = "site"

    user = models.ForeignKey(
        User, models.PROTECT, related_name="memberships", verbose_name=_("user")
    )
    site = models.ForeignKey(
        Site, models.PROTECT, related_name="memberships", verbose_name=_("site")
    )
    began_on = models.DateField(_("from"))
    ended_on = models.DateField(_("to"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()  # type: ignore[misc]
    constraint_fields = {"membership_ends_after_it_begins": "ended_on"}

    class Meta:
        verbose_name = _("site delegation")
        verbose_name_plural = _("site delegations")
        ordering = ["site__code", "began_on"]
        constraints = [
            models.CheckConstraint(
                name="membership_ends_after_it_begins",
                condition=Q(ended_on=None) | Q(ended_on__gte=F("began_on")),
                violation_error_message=_("A delegation cannot end before it begins."),
            ),
            models.UniqueConstraint(
                fields=["user", "site", "began_on"],
                condition=Q(voided_at=None),
                name="membership_once",
                violation_error_message=_("This delegation is already recorded."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} @ {self.site}"

    def before_write(self, by: User | System) -> None:
        super().before_write(by)
        if isinstance(by, User) and by.pk == self.user_id:
            raise ValidationError({"user": _("Nobody grants a site to themselves.")})
