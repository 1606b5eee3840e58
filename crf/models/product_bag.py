from django.db import models
from django.utils.translation import gettext_lazy as _

from crf.models.base import CrfForm, at_most_one
from trial.models import DoseLevel, User
from trial.models.fields import Answer, Measure, not_in_future
from trial.roles import Area


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
