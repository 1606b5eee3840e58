from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
from trial.models.protocol import ProtocolVersion
from trial.models.site import Site
from trial.models.study import Study
from trial.protocol.facts import Disease
from trial.roles import Area


class Participant(Tracked):
    """A person under a coded number; nothing here says who it is (ENT-10)."""

    area = Area.CASEBOOK
    site_path = "site"
    fixed = ("site",)

    class Status(models.TextChoices):
        REGISTERED = "REGISTERED", _("registered")
        SCREENING = "SCREENING", _("in screening")
        SCREEN_FAILURE = "SCREEN_FAILURE", _("screen failure")
        ENROLLED = "ENROLLED", _("enrolled")
        TREATED = "TREATED", _("treated, in follow-up")
        COMPLETED = "COMPLETED", _("completed")
        WITHDRAWN = "WITHDRAWN", _("ended early")

    ENDED = (Status.SCREEN_FAILURE, Status.COMPLETED, Status.WITHDRAWN)

    site = models.ForeignKey(
        Site, models.PROTECT, related_name="participants", verbose_name=_("site")
    )
    number = models.CharField(
        _("participant number"), max_length=20, unique=True, blank=True, editable=False
    )
    disease = models.CharField(
        _("disease"), max_length=5, choices=[(d.name, _(d.value)) for d in Disease]
    )
    protocol_version = models.ForeignKey(
        ProtocolVersion, models.PROTECT, related_name="+", verbose_name=_("protocol version")
    )
    rescreen_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rescreenings",
        verbose_name=_("re-screening of"),
        help_text=_("The earlier number of the same person, if any."),
    )
    status = models.CharField(
        _("status"),
        max_length=20,
        choices=Status.choices,
        default=Status.REGISTERED,
        editable=False,
    )

    cdash = {"number": "SUBJID", "site": "SITEID"}

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        ordering = ["number"]

    def __str__(self) -> str:
        return self.number

    def before_write(self, by: Any) -> None:
        super().before_write(by)
        if not self._state.adding and "protocol_version_id" in self.changes():
            self._consented_to_the_version()
        if self._state.adding and not self.number:
            self._open_to_registration()
            self.number = self._next_number()

    def _consented_to_the_version(self) -> None:
        """An amendment reaches a participant by re-consent alone."""
        consents = self.consent_set.current()
        if not consents.filter(protocol_version=self.protocol_version_id).exists():
            raise ValidationError(
                {
                    "protocol_version": _(
                        "Record the consent to this version; it moves the participant."
                    )
                }
            )

    def _open_to_registration(self) -> None:
        study = Study.objects.the_one()
        if not (study and study.is_demo) and not self.protocol_version.confirmed_at:
            raise ValidationError(
                {
                    "protocol_version": _(
                        "The settings of this version are still defaults: the medical monitor "
                        "must confirm them before the first participant."
                    )
                }
            )

    def _next_number(self) -> str:
        """`<site code>-<4 digits>`, counted under a lock on the site, never reused."""
        site = Site.objects.select_for_update().get(pk=self.site_id)
        last = Participant.objects.filter(site=site).aggregate(last=models.Max("number"))["last"]
        return f"{site.code}-{int(last.rpartition('-')[2]) + 1 if last else 1:04d}"

    @property
    def has_ended(self) -> bool:
        return self.status in self.ENDED

    def today(self) -> date:
        """The present date where the participant is treated."""
        return timezone.localdate(timezone=self.site.zone)


class ParticipantRow(Tracked):
    """A row about one participant."""

    area = Area.CASEBOOK
    site_path = "participant__site"
    fixed: ClassVar[Sequence[str]] = ("participant",)
    dated_by: ClassVar[str] = ""  # the column that says when it happened

    participant = models.ForeignKey(Participant, models.PROTECT, verbose_name=_("participant"))

    class Meta:
        abstract = True

    @property
    def zone(self) -> tzinfo:
        return self.participant.site.zone if self.participant_id else super().zone

    @property
    def happened_on(self) -> date | None:
        """The calendar day the form is about, at the site; None when it has none or is empty."""
        at = getattr(self, self.dated_by) if self.dated_by else None
        return at.astimezone(self.participant.site.zone).date() if isinstance(at, datetime) else at

    def __str__(self) -> str:
        return f"{self.participant} {self._meta.verbose_name}"
