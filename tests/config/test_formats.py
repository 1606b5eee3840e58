"""Dates read and are typed alike in both languages, year first."""

from datetime import date, datetime, time

import pytest
from django import forms
from django.template import engines
from django.utils import translation
from django.utils.formats import date_format, localize, time_format

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh-hans"])
AT = datetime(2026, 3, 2, 17, 5)


@LANGUAGES
def test_dates_and_times_are_shown_in_iso_order(language):
    with translation.override(language):
        assert localize(AT.date()) == date_format(AT.date(), "SHORT_DATE_FORMAT") == "2026-03-02"
        assert localize(AT) == date_format(AT, "SHORT_DATETIME_FORMAT") == "2026-03-02 17:05"
        assert time_format(AT.time()) == "17:05"
        shown = engines["django"].from_string("{{ day }} {{ day|date }}")
        assert shown.render({"day": AT.date()}) == "2026-03-02 2026-03-02"


@LANGUAGES
@pytest.mark.parametrize("typed", ["2026-03-02", "2026/03/02", "20260302"])
def test_a_date_is_typed_year_first(language, typed):
    with translation.override(language):
        assert forms.DateField(localize=True).clean(typed) == date(2026, 3, 2)
        assert forms.DateField().clean(typed) == date(2026, 3, 2)


@LANGUAGES
@pytest.mark.parametrize("typed", ["03/02/2026", "02.03.2026", "3/2/26", "2 Mar 2026"])
def test_a_date_that_reads_in_two_ways_is_refused(language, typed):
    with translation.override(language), pytest.raises(forms.ValidationError):
        forms.DateField().clean(typed)


@LANGUAGES
def test_a_field_shows_its_value_as_it_is_typed(language):
    class Form(forms.Form):
        on = forms.DateField(initial=AT.date())
        at = forms.TimeField(initial=time(17, 5))

    with translation.override(language):
        assert 'value="2026-03-02"' in str(Form()["on"])
        assert 'value="17:05"' in str(Form()["at"])
