from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from trial.models.base import Tracked
from trial.roles import Area


class Site(Tracked):
    """A hospital that takes part; its zone is the zone of every time entered there."""

    area = Area.ACCOUNTS
    site_path = ""
    fixed = ("code",)

    code = models.CharField(
        _("site code"),
        max_length=10,
        unique=True,
        validators=[
            RegexValidator(
                r"^[A-Z0-9]{2,10}$", _("2 to 10 capital letters or digits, as in CHH01.")
            )
        ],
        help_text=_("First part of every participant number; it cannot change later."),
    )
    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(
        _("time zone"), max_length=50, help_text=_("IANA name, as in Asia/Shanghai.")
    )

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def clean(self) -> None:
        if self.time_zone and self.time_zone not in available_timezones():
            raise ValidationError(
                {
                    "time_zone": _(
                        "%(name)s is no time zone. Write its IANA name, as in Asia/Shanghai."
                    )
                    % {"name": self.time_zone}
                }
            )
