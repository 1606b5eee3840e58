"""What may not be stored is refused at its field, on both sides of every limit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crf.models import HCGTest, LabResult, LabSample, LymphodepletionDay, Screening
from crf.models.base import CrfForm
from safety.models import AdverseEvent, CRSAssessment, ICANSAssessment
from tests import factories as f
from trial.models.fields import Measure, trimmed


@pytest.fixture
def consented(participant, coordinator):
    f.consent(participant, coordinator, timezone.localdate() - timedelta(days=3))
    return participant


def problems(row, by):
    with pytest.raises(ValidationError) as refused:
        row.write(by=by)
    return refused.value.message_dict


@pytest.mark.parametrize(
    ("height", "fine"), [("99.9", False), ("100", True), ("230", True), ("230.1", False)]
)
def test_height_is_in_centimetres(consented, coordinator, height, fine):
    row = Screening(participant=consented, height_cm=Decimal(height))
    if fine:
        assert row.write(by=coordinator)
    else:
        assert f"{height} cm is" in problems(row, coordinator)["height_cm"][0]


@pytest.mark.parametrize("model", CrfForm.__subclasses__())
def test_every_measure_names_its_unit_in_the_label(model):
    for sub in [model, *model.__subclasses__()]:
        for field in sub._meta.fields:
            if isinstance(field, Measure):
                assert field.unit
                assert "," in str(field.verbose_name)


def test_a_negative_dose_is_refused(consented, coordinator):
    row = LymphodepletionDay(participant=consented, fludarabine_mg=Decimal(-1))
    assert "-1 mg is below" in problems(row, coordinator)["fludarabine_mg"][0]


def test_a_future_sample_is_refused_with_the_limit(consented, coordinator):
    at = timezone.now() + timedelta(minutes=1)
    row = LabSample(participant=consented, performed="Y", sampled_at=at)
    assert "the latest possible is now" in problems(row, coordinator)["sampled_at"][0]


def test_an_end_before_the_start_is_refused(consented, coordinator):
    at = timezone.now() - timedelta(days=1)
    row = LymphodepletionDay(
        participant=consented,
        fludarabine_started_at=at,
        fludarabine_ended_at=at - timedelta(minutes=1),
    )
    assert "fludarabine_ended_at" in problems(row, coordinator)


def test_a_visit_of_another_participant_is_refused(consented, coordinator, site, protocol):
    other = f.register(coordinator, site, protocol)
    f.consent(other, coordinator, timezone.localdate())
    row = Screening(participant=consented, visit=f.visit(other, "SCR"))
    assert "another participant" in problems(row, coordinator)["visit"][0]


@pytest.mark.parametrize(
    ("absent", "value", "message"),
    [
        ({"weight_kg": {"code": "ND", "reason": ""}}, None, "why it was not done"),
        ({"weight_kg": {"code": "UNK"}}, Decimal(60), "not both"),
        ({"weight_kg": {"code": "??"}}, None, "cannot stand here"),
        ({"gilbert": {"code": "UNK"}}, None, "cannot stand here"),
    ],
)
def test_why_there_is_no_value(consented, coordinator, absent, value, message):
    row = Screening(participant=consented, weight_kg=value, absent=absent)
    assert message in str(problems(row, coordinator))


def test_unknown_is_kept_apart_from_empty_and_answers_the_question(consented, coordinator):
    row = Screening(participant=consented, absent={"weight_kg": {"code": "UNK"}})
    row.write(by=coordinator)
    missing = Screening.objects.get(pk=row.pk).unanswered()
    assert "weight_kg" not in missing
    assert "height_cm" in missing


def test_no_clinical_field_has_a_default():
    program_sets = {"absent", "computed_incomplete"}
    for model in CrfForm.__subclasses__():
        for sub in [model, *model.__subclasses__()]:
            for field in sub._meta.fields:
                assert not field.has_default() or field.name in program_sets, (sub, field.name)


@pytest.mark.parametrize("model", [LabResult, *CrfForm.__subclasses__()])
def test_every_clinical_field_has_its_cdash_name(model):
    plain = {
        "id",
        "changed_at",
        "completed_at",
        "voided_at",
        "absent",
        "participant",
        "visit",
        "value",
        "sample",
        "computed_grade",
        "computed_incomplete",
        "rule_version",
        "ice",
    }
    people = {
        "released_by",
        "given_by",
        "second_verifier",
        "dose_level",
        "volume_ml",
        "viability_percent",
    }
    if not model._meta.abstract:
        assert {x.name for x in model._meta.fields} - plain - people <= set(model.cdash) | people


@pytest.mark.parametrize(
    ("reported", "unit", "value", "wrong"),
    [
        ("4.2", "10^9/L", Decimal("4.2"), None),
        ("<0.5", "10^9/L", None, None),
        ("-1", "10^9/L", None, "reported"),
        ("four", "10^9/L", None, "reported"),
        ("4.2", "g/L", None, "unit"),
        ("4.2", "", None, "unit"),
    ],
)
def test_a_result_keeps_what_was_reported(consented, coordinator, reported, unit, value, wrong):
    sample = LabSample(participant=consented, performed="Y")
    sample.write(by=coordinator)
    row = LabResult(sample=sample, test="WBC", reported=reported, unit=unit)
    if wrong:
        assert wrong in problems(row, coordinator)
    else:
        row.write(by=coordinator)
        assert (row.reported, row.value) == (reported, value)


@pytest.mark.parametrize(
    ("value", "flag"), [("3.4", "LOW"), ("3.5", ""), ("9.5", ""), ("9.6", "HIGH")]
)
def test_the_flag_uses_the_reported_range(value, flag):
    row = LabResult(
        test="WBC", value=Decimal(value), lower_limit=Decimal("3.5"), upper_limit=Decimal("9.5")
    )
    assert row.flag == flag


def test_the_flag_cannot_be_told_without_a_range():
    assert LabResult(test="WBC", value=Decimal(1)).flag == ""


def test_a_urine_test_has_no_concentration(consented, coordinator):
    row = HCGTest(participant=consented, performed="Y", matrix="URINE", value_iu_per_l=Decimal(5))
    assert "value_iu_per_l" in problems(row, coordinator)


@pytest.mark.parametrize(
    ("began", "ended", "fine"),
    [
        ("2026-07-02", "2026-07-01", False),
        ("2026-07-02", "2026-07", True),
        ("2026-08", "2026-07", False),
        ("2026", "2026-01-01", True),
    ],
)
def test_event_dates_contradict_only_when_certain(consented, coordinator, began, ended, fine):
    row = AdverseEvent(participant=consented, term="Fever", began_on=began, ended_on=ended)
    if fine:
        assert row.write(by=coordinator)
    else:
        assert "ended_on" in problems(row, coordinator)


@pytest.mark.parametrize("text", ["2026-13", "yesterday", "02/07/2026", "2026-02-30"])
def test_a_partial_date_is_iso_text(consented, coordinator, text):
    row = AdverseEvent(participant=consented, term="Fever", began_on=text)
    assert text in problems(row, coordinator)["began_on"][0]


@pytest.mark.parametrize(
    "fields",
    [
        {"grade": 5, "outcome": "UNKNOWN"},
        {"grade": 3, "outcome": "FATAL"},
        {"grade": 4, "serious_death": "Y", "serious": "Y"},
    ],
)
def test_death_is_said_consistently(consented, coordinator, fields):
    row = AdverseEvent(participant=consented, term="Sepsis", **fields)
    assert "belong together" in str(problems(row, coordinator))


def test_grade_3_by_the_worked_example_and_the_investigators_own(consented, coordinator):
    row = CRSAssessment(
        participant=consented,
        temperature_c=Decimal("38.6"),
        masked="N",
        hypotension="Y",
        vasopressors=1,
        vasopressin="Y",
        oxygen="NASAL_CANNULA",
        flow_l_per_min=Decimal(3),
        investigator_grade=2,
    )
    row.write(by=coordinator)
    row.refresh_from_db()
    assert (row.computed_grade, row.investigator_grade, row.rule_version) == (3, 2, "ASTCT-2019/1")


def test_contradicting_crs_input_is_refused(consented, coordinator):
    row = CRSAssessment(participant=consented, hypotension="N", vasopressors=1)
    assert "vasopressors are recorded" in str(problems(row, coordinator))


def test_ten_ice_items_give_the_score_and_the_grade(consented, coordinator):
    items = dict.fromkeys(
        [
            "orientation_year",
            "orientation_month",
            "orientation_city",
            "orientation_hospital",
            "names_object_1",
            "names_object_2",
            "names_object_3",
            "follows_command",
        ],
        1,
    )
    row = ICANSAssessment(
        participant=consented,
        **items,
        writes_sentence=0,
        counts_backwards=0,
        consciousness="NORMAL",
        seizure="BRIEF",
        motor_weakness="N",
        oedema="NONE",
    )
    row.write(by=coordinator)
    assert (row.ice, row.computed_grade, row.computed_incomplete) == (8, 3, False)


@pytest.mark.parametrize(
    ("text", "shown"), [("60.000", "60"), ("0", "0"), ("1.50", "1.5"), ("600", "600")]
)
def test_numbers_are_shown_without_the_zeros_nobody_typed(text, shown):
    assert str(trimmed(Decimal(text))) == shown
