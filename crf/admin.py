"""Admin pages of the case report forms."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crf.analytes import ANALYTES
from crf.models import (
    ContraceptionCheck,
    Demographics,
    EndOfStudy,
    HCGTest,
    Infusion,
    LabResult,
    LabSample,
    LymphodepletionDay,
    ProductBag,
    Screening,
)
from trial.admin.base import TrackedInline
from trial.admin.forms import RowForm
from trial.admin.participants import ParticipantRowAdmin

# a row per test; the unit stands there only where there is no choice between units
PANEL = [
    {"test": code, "unit": analyte.units[0] if len(analyte.units) == 1 else ""}
    for code, analyte in ANALYTES.items()
]


class FormAdmin(ParticipantRowAdmin):
    """A page of one form; the list shows whose, which visit and whether it is complete."""

    list_display = ["participant", "visit", "completed_at", "changed_at"]
    list_select_related = ["participant", "visit__scheduled", "visit__participant"]


@admin.register(Demographics)
class DemographicsAdmin(FormAdmin):
    list_display = ["participant", "sex", "childbearing", "completed_at"]
    list_select_related = ["participant"]


@admin.register(Screening)
class ScreeningAdmin(FormAdmin):
    pass


@admin.register(LymphodepletionDay)
class LymphodepletionDayAdmin(FormAdmin):
    list_display = ["participant", "visit", "given_on", "fludarabine_mg", "cyclophosphamide_mg"]


@admin.register(ProductBag)
class ProductBagAdmin(FormAdmin):
    list_display = ["participant", "lot", "dose_level", "cells_e9", "released", "expires_at"]
    list_select_related = ["participant", "dose_level"]
    search_fields = ["participant__number", "lot"]


@admin.register(Infusion)
class InfusionAdmin(FormAdmin):
    list_display = [
        "participant",
        "number",
        "started_at",
        "cells_e9",
        "given_by",
        "second_verifier",
    ]
    list_select_related = ["participant", "given_by", "second_verifier"]


class LabResultForm(RowForm):
    """Of a panel row, only its own test and the units that test is reported in are offered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        test = self.instance.test or self.initial.get("test")
        if test in ANALYTES and not self.is_bound:
            fields["test"].choices = [(test, ANALYTES[test].name)]
            units = [(unit, unit) for unit in ANALYTES[test].units]
            fields["unit"].choices = [("", "—"), *units]


class LabResultInline(TrackedInline):
    """A new sample offers a row per test; a row without result is not saved."""

    model = LabResult
    form = LabResultForm
    fields = [
        "test",
        "reported",
        "unit",
        "lower_limit",
        "upper_limit",
        "clinically_significant",
        "status",
        "not_done_reason",
    ]

    def get_extra(self, request: HttpRequest, obj: LabSample | None = None, **kwargs: Any) -> int:
        return 0 if obj and obj.results.exists() else len(PANEL)


@admin.register(LabSample)
class LabSampleAdmin(FormAdmin):
    inlines = [LabResultInline]
    list_display = ["participant", "visit", "sampled_at", "specimen", "accession", "completed_at"]
    search_fields = ["participant__number", "accession"]

    def get_formset_kwargs(self, request: Any, obj: Any, inline: Any, prefix: str) -> Any:
        return super().get_formset_kwargs(request, obj, inline, prefix) | {"initial": PANEL}


@admin.register(ContraceptionCheck)
class ContraceptionCheckAdmin(FormAdmin):
    list_display = ["participant", "visit", "checked_on", "method", "completed_at"]


@admin.register(HCGTest)
class HCGTestAdmin(FormAdmin):
    list_display = ["participant", "visit", "sampled_at", "matrix", "result", "completed_at"]


@admin.register(EndOfStudy)
class EndOfStudyAdmin(FormAdmin):
    list_display = ["participant", "ended_on", "reason", "completed_at"]
    list_select_related = ["participant"]
