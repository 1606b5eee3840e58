from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
from trial.querysets import TrackedQuerySet
from trial.roles import Area


class StudyQuerySet(TrackedQuerySet):
    def the_one(self) -> "Study | None":
        """The study of this installation; None before it is set up."""
        return self.filter(pk=1).first()  # type: ignore[return-value]


class Study(Tracked):
    """The one study this installation serves."""

    area = Area.PROTOCOL

    number = models.CharField(_("study number"), max_length=30, unique=True)
    registry_id = models.CharField(_("registry number"), max_length=30)
    title = models.CharField(_("title"), max_length=300)
    is_demo = models.BooleanField(
        _("demo study"), default=False, help_text=_("Invented participants; every page says so.")
    )

    objects = StudyQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("study")
        verbose_name_plural = _("study")
        constraints = [
            models.CheckConstraint(name="study_is_one", condition=Q(pk=1)),
        ]

    def __str__(self) -> str:
        return self.number

    def derive(self) -> None:
        self.pk = 1
