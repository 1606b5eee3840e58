from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crf.models.base import ONE_PER_VISIT, CrfForm, VisitForm, at_most_one
from trial import registry
from trial.models import DoseLevel, User
from trial.models.fields import Answer, Measure, not_in_future
from trial.roles import Area


class LymphodepletionDay(VisitForm):
    """Fludarabine 25 mg/m2 and cyclophosphamide 300 mg/m2 on one of D-5, D-4, D-3."""

    dated_by = "given_on"
    area = Area.DOSING
    step = registry.Step.LYMPHODEPLETION

    given_on = models.DateField(_("given on"), null=True, blank=True, validators=[not_in_future])
    bsa_m2 = Measure(_("body surface area, m2"), unit="m2", at_least="0.8", at_most="3.2")
    fludarabine_mg = Measure(
        _("fludarabine given, mg"),
        unit="mg",
        at_least="0",
        at_most="120",
        help_text=_("Protocol: 25 mg/m2 a day. 0 when withheld."),
    )
    fludarabine_started_at = models.DateTimeField(
        _("fludarabine started"), null=True, blank=True, validators=[not_in_future]
    )
    fludarabine_ended_at = models.DateTimeField(
        _("fludarabine ended"), null=True, blank=True, validators=[not_in_future]
    )
    cyclophosphamide_mg = Measure(
        _("cyclophosphamide given, mg"),
        unit="mg",
        at_least="0",
        at_most="1500",
        help_text=_("Protocol: 300 mg/m2 a day. 0 when withheld."),
    )
    cyclophosphamide_started_at = models.DateTimeField(
        _("cyclophosphamide started"), null=True, blank=True, validators=[not_in_future]
    )
    cyclophosphamide_ended_at = models.DateTimeField(
        _("cyclophosphamide ended"), null=True, blank=True, validators=[not_in_future]
    )
    adjusted = Answer(_("dose adjusted"))
    adjustment_reason = models.CharField(_("reason for the adjustment"), max_length=200, blank=True)

    required = (
        "visit",
        "given_on",
        "bsa_m2",
        "fludarabine_mg",
        "fludarabine_started_at",
        "fludarabine_ended_at",
        "cyclophosphamide_mg",
        "cyclophosphamide_started_at",
        "cyclophosphamide_ended_at",
        "adjusted",
    )
    cdash = {
        "given_on": "EXSTDAT",
        "bsa_m2": "BSA_VSORRES",
        "fludarabine_mg": "EXDOSE",
        "fludarabine_started_at": "EXSTTIM",
        "fludarabine_ended_at": "EXENTIM",
        "cyclophosphamide_mg": "EXDOSE",
        "cyclophosphamide_started_at": "EXSTTIM",
        "cyclophosphamide_ended_at": "EXENTIM",
        "adjusted": "EXADJYN",
        "adjustment_reason": "EXADJ",
    }
    constraint_fields = {
        "fludarabine_not_negative": "fludarabine_mg",
        "cyclophosphamide_not_negative": "cyclophosphamide_mg",
        "fludarabine_ends_after_start": "fludarabine_ended_at",
        "cyclophosphamide_ends_after_start": "cyclophosphamide_ended_at",
    }

    class Meta:
        verbose_name = _("lymphodepletion")
        verbose_name_plural = _("lymphodepletion days")
        constraints = [
            at_most_one("lymphodepletion_once_per_visit", "visit", message=ONE_PER_VISIT),
            *[
                models.CheckConstraint(
                    name=f"{drug}_not_negative",
                    condition=Q(**{f"{drug}_mg__gte": Decimal(0)}),
                    violation_error_message=_("A dose cannot be below 0 mg."),
                )
                for drug in ("fludarabine", "cyclophosphamide")
            ],
            *[
                models.CheckConstraint(
                    name=f"{drug}_ends_after_start",
                    condition=Q(**{f"{drug}_ended_at__gte": F(f"{drug}_started_at")}),
                    violation_error_message=_("The end cannot lie before the start."),
                )
                for drug in ("fludarabine", "cyclophosphamide")
            ],
        ]

    def unanswered(self) -> list[str]:
        missing = super().unanswered()
        withheld = [
            f"{drug}_{end}_at"
            for drug in ("fludarabine", "cyclophosphamide")
            for end in ("started", "ended")
            if getattr(self, f"{drug}_mg") == 0
        ]
        missing = [name for name in missing if name not in withheld]
        if self.adjusted == "Y" and not self.adjustment_reason.strip():
            missing.append("adjustment_reason")
        return missing


class ProductBag(CrfForm):
    """A bag of CAR-NK cells made for one participant, and its release."""

    dated_by = "received_at"
    area = Area.PRODUCT

    lot = models.CharField(_("lot"), max_length=40, help_text=_("As printed on the bag."))
    dose_level = models.ForeignKey(
        DoseLevel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("dose level"),
    )
    cells_e9 = Measure(
        _("viable CAR-positive NK cells, 10^9"), unit="10^9", at_least="0.01", at_most="50"
    )
    volume_ml = Measure(_("volume, mL"), unit="mL", at_least="1", at_most="1000")
    viability_percent = Measure(_("viability, %"), unit="%", at_least="0", at_most="100")
    received_at = models.DateTimeField(
        _("received"), null=True, blank=True, validators=[not_in_future]
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    released = Answer(_("released for infusion"))
    released_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("release checked by"),
    )
    released_at = models.DateTimeField(
        _("release checked"), null=True, blank=True, validators=[not_in_future]
    )

    required = (
        "lot",
        "dose_level",
        "cells_e9",
        "volume_ml",
        "viability_percent",
        "received_at",
        "expires_at",
        "released",
        "released_by",
        "released_at",
    )
    cdash = {
        "lot": "EXLOT",
        "cells_e9": "DADOSE",
        "volume_ml": "DAVOL",
        "received_at": "DADTC",
        "released": "DAREL",
        "expires_at": "DAEXPDTC",
        "released_at": "DARELDAT",
    }

    class Meta:
        verbose_name = _("product bag")
        verbose_name_plural = _("product bags")
        constraints = [
            at_most_one(
                "bag_lot_once",
                "lot",
                "participant",
                message=_("A bag with this lot is already recorded."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant} {self.lot}"


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
        if "bag_id" in self.changes():
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
