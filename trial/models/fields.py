"""Fields of a case report form: answers, measures with their unit, partial dates."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from trial.schedule import partial

BELOW = _(
    "%(value)s %(unit)s is below the lowest possible value, %(limit)s %(unit)s. "
    "Check the number and its unit."
)
ABOVE = _(
    "%(value)s %(unit)s is above the highest possible value, %(limit)s %(unit)s. "
    "Check the number and its unit."
)


class YesNo(models.TextChoices):
    """CDISC codelist NY. Blank is "not answered", which is none of these."""

    YES = "Y", _("Yes")
    NO = "N", _("No")
    UNKNOWN = "U", _("Unknown")
    NOT_APPLICABLE = "NA", _("Not applicable")


def not_in_future(value: Any) -> None:
    """Refuse a date, date-time or partial date that is certainly later than now."""
    if isinstance(value, datetime):
        now = timezone.now()
        if value > now:
            limit = date_format(timezone.localtime(now), "Y-m-d H:i")
            try:
                shown = date_format(timezone.localtime(value), "Y-m-d H:i")
            except OverflowError:  # the last hours of the year 9999
                shown = value.isoformat(" ", "minutes")
            _refuse_future(shown, limit)
        return
    today = timezone.localdate()
    begins: Any = value
    if isinstance(value, str):
        try:
            begins = partial.parse(value).earliest
        except ValueError:
            return  # `valid_partial_date` says what is wrong with it
    if isinstance(begins, date) and begins > today:
        _refuse_future(str(value), today.isoformat())


def _refuse_future(shown: str, limit: str) -> None:
    raise ValidationError(
        _("%(value)s lies in the future; the latest possible is now, %(limit)s."),
        code="future",
        params={"value": shown, "limit": limit},
    )


class Answer(models.CharField):
    """A Yes/No question: Y, N, U, NA, or blank for not answered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 2)
        kwargs.setdefault("choices", YesNo.choices)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)


class Measure(models.DecimalField):
    """A number with its unit and the limits of what is possible, both included.

    unit: CDISC submission value, shown at the field and in every message.
    """

    def __init__(
        self,
        *args: Any,
        unit: str = "",
        at_least: str | None = None,
        at_most: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("max_digits", 12)
        kwargs.setdefault("decimal_places", 3)
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)
        self.unit, self.at_least, self.at_most = unit, at_least, at_most
        self._validators.append(self.check_limits)  # type: ignore[attr-defined]

    def check_limits(self, value: Decimal) -> None:
        """Raise ValidationError that names value, limit and unit."""
        for limit, message, outside in (
            (self.at_least, BELOW, Decimal.__lt__),
            (self.at_most, ABOVE, Decimal.__gt__),
        ):
            if limit is not None and outside(value, Decimal(limit)):
                params = {"value": value, "limit": limit, "unit": self.unit}
                raise ValidationError(message, code="limit", params=params)

    def deconstruct(self) -> Any:
        """The database knows a decimal column; unit and limits are the program's."""
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("validators", None)
        return name, "django.db.models.DecimalField", args, kwargs

    def from_db_value(self, value: Decimal | None, *_: Any) -> Decimal | None:
        """Stored with fixed places, shown without the zeros nobody typed."""
        return value if value is None else trimmed(value)


class PartialDateField(models.CharField):
    """A date known to the year, month or day, as ISO text: 2024, 2024-07, 2024-07-02.

    The text compares as a date as far as both are known, and keeps its precision.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 10)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("help_text", _("As far as known: YYYY, YYYY-MM or YYYY-MM-DD."))
        kwargs.setdefault("validators", [valid_partial_date, not_in_future])
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """The database knows a text column."""
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("validators", None)
        return name, "django.db.models.CharField", args, kwargs


def trimmed(number: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 60.000 is 60."""
    number = number.normalize()
    return Decimal(f"{number:f}")


def valid_partial_date(value: str) -> None:
    """Raise ValidationError unless the text is a date known to year, month or day."""
    try:
        partial.parse(value)
    except ValueError:
        raise ValidationError(
            _("%(value)s is no date. Write YYYY, YYYY-MM or YYYY-MM-DD, as far as it is known."),
            code="partial_date",
            params={"value": value},
        ) from None
