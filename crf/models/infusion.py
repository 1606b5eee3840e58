from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crf.models.base import ONE_PER_VISIT, VisitForm, at_most_one
from crf.models.product_bag import ProductBag
from trial import registry
from trial.models import User
from trial.models.fields import Answer, Measure, not_in_future
from trial.roles import Area


class Infusion(VisitForm):
    """One CAR-NK infusion, from thaw to end, given and verified by two people."""

    dated_by = "started_at"
    area = Area.DOSING
    step = registry.Step.INFUSION

    number = models.PositiveSmallIntegerField(_("infusion number"), null=True, blank=True)
    bag = models.ForeignKey(
        ProductBag, models.PROTECT, related_name="infusions", verbose_name=_("product bag")
    )
    thawed_at = models.DateTimeField(_("thawed"), null=True, blank=True, validators=[not_in_future])
    started_at = models.DateTimeField(
        _("started"), null=True, blank=True, validators=[not_in_future]
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, validators=[not_in_future])
    cells_e9 = Measure(
        _("viable CAR-positive NK cells given, 10^9"), unit="10^9", at_least="0", at_most="50"
    )
    volume_ml = Measure(_("volume given, mL"), unit="mL", at_least="0", at_most="1000")
    interrupted = Answer(_("interrupted"))
    reaction = Answer(
        _("infusion reaction"), help_text=_("Yes: record it as an adverse event too.")
    )
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("given by"))
    second_verifier = models.ForeignKey(
        User,
        models.PROTECT,
        related_name="+",
        verbose_name=_("second verifier"),
        help_text=_(
            "Checked participant, bag and dose at the bedside; not the person who gave it."
        ),
    )

    required = (
        "visit",
        "number",
        "thawed_at",
        "started_at",
        "ended_at",
        "cells_e9",
        "volume_ml",
        "interrupted",
        "reaction",
    )
    cdash = {
        "number": "EXSPID",
        "started_at": "EXSTDAT EXSTTIM",
        "ended_at": "EXENDAT EXENTIM",
        "cells_e9": "EXDOSE",
        "volume_ml": "EXVAMT",
        "bag": "EXLOT",
        "interrupted": "EXINTRPYN",
    }
    constraint_fields = {
        "infusion_ends_after_start": "ended_at",
        "infusion_starts_after_thaw": "started_at",
        "infusion_has_two_people": "second_verifier",
        "infusion_number_from_one": "number",
        "infusion_not_negative": "cells_e9",
    }

    class Meta:
        verbose_name = _("infusion")
        verbose_name_plural = _("infusions")
        constraints = [
            at_most_one("infusion_once_per_visit", "visit", message=ONE_PER_VISIT),
            at_most_one(
                "infusion_number_once",
                "participant",
                "number",
                message=_("An infusion of this number is already recorded."),
            ),
            at_most_one(
                "bag_used_once", "bag", message=_("This bag was already used for another infusion.")
            ),
            models.CheckConstraint(
                name="infusion_number_from_one",
                condition=Q(number__gte=1),
                violation_error_message=_("Infusions are counted from 1."),
            ),
            models.CheckConstraint(
                name="infusion_not_negative",
                condition=Q(cells_e9__gte=Decimal(0)),
                violation_error_message=_("A dose cannot be below 0 cells."),
            ),
            models.CheckConstraint(
                name="infusion_starts_after_thaw",
                condition=Q(started_at__gte=F("thawed_at")),
                violation_error_message=_("The infusion cannot start before the thaw."),
            ),
            models.CheckConstraint(
                name="infusion_ends_after_start",
                condition=Q(ended_at__gte=F("started_at")),
                violation_error_message=_("The end cannot lie before the start."),
            ),
            models.CheckConstraint(
                name="infusion_has_two_people",
                condition=~Q(given_by=F("second_verifier")),
                violation_error_message=_(
                    "The second verifier must be another person than the one who gave the infusion."
                ),
            ),
        ]

    def clean(self) -> None:
        super().clean()
        if self.bag_id and self.participant_id and self.bag.participant_id != self.participant_id:
            raise ValidationError(
                {"bag": _("Bag %(lot)s was made for another participant.") % {"lot": self.bag.lot}}
            )
        if self.thawed_at and self.started_at and self.participant_id:
            limit = self.participant.protocol_version.thaw_minutes
            minutes = int((self.started_at - self.thawed_at).total_seconds() // 60)
            if minutes > limit:
                raise ValidationError(
                    {
                        "started_at": _(
                            "%(minutes)s minutes after the thaw; at most %(limit)s are allowed. "
                            "Check both times."
                        )
                        % {"minutes": minutes, "limit": limit}
                    }
                )

    def before_write(self, by: Any) -> None:
        super().before_write(by)
        if {"bag_id", "started_at"} & set(self.changes()):
            registry.require(registry.Step.BAG, self.participant, self)
        if "given_by_id" in self.changes() or "second_verifier_id" in self.changes():
            site = self.participant.site_id
            for name in ("given_by", "second_verifier"):
                if site not in getattr(self, name).site_ids:
                    raise ValidationError(
                        {
                            name: _("%(person)s has no current delegation at this site.")
                            % {"person": getattr(self, name)}
                        }
                    )
