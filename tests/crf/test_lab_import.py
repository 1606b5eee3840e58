import csv
import io
from datetime import datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from crf.lab_import import NEEDED, OPTIONAL, import_samples
from crf.models import LabResult, LabSample
from tests import factories as f

ROW = {
    "SUBJID": "CHH01-0001",
    "VISIT": "SCR",
    "LBDTC": "2026-01-05T08:30",
    "LBSPEC": "BLOOD",
    "LBREFID": "A-1",
    "LBTESTCD": "HGB",
    "LBORRES": "13.1",
    "LBORRESU": "g/dL",
    "LBORNRLO": "11.5",
    "LBORNRHI": "15.5",
    "LBNAM": "Central laboratory",
}
SECOND = ROW | {"LBTESTCD": "PLAT", "LBORRES": "<5", "LBORRESU": "10^9/L", "LBORNRLO": ""}


@pytest.fixture
def person(participant, coordinator):
    """A participant with consent, so that screening is planned."""
    f.consent(participant, coordinator, datetime(2026, 1, 4).date())
    return participant


def load(rows, by, **options):
    return import_samples(rows, by=by, source="test.csv", **options)


def as_file(*rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, NEEDED + OPTIONAL, restval="")
    writer.writeheader()
    writer.writerows(rows)
    text.seek(0)
    return text


def refused(report):
    """What was refused, after checking that nothing at all was written."""
    assert not report.written
    assert not LabSample.objects.exists()
    assert not LabResult.objects.exists()
    return [(r.line, r.column) for r in report.rejections]


def test_a_file_becomes_samples_and_results(person, coordinator):
    report = load(as_file(ROW, SECOND, SECOND | {"LBREFID": "A-2"}), coordinator)
    assert (report.rows, report.samples, report.results, report.rejected) == (3, 2, 3, 0)
    sample = LabSample.objects.get(accession="A-1")
    assert sample.sampled_at == datetime(2026, 1, 5, 8, 30, tzinfo=f.SHANGHAI)
    assert (sample.specimen, sample.laboratory, sample.performed) == (
        "BLOOD",
        "Central laboratory",
        "Y",
    )
    assert sample.completed_at
    haemoglobin, platelets = sample.results.order_by("test")
    assert (haemoglobin.reported, haemoglobin.value, haemoglobin.unit) == (
        "13.1",
        Decimal("13.1"),
        "g/dL",
    )
    assert (haemoglobin.lower_limit, haemoglobin.upper_limit) == (Decimal("11.5"), Decimal("15.5"))
    assert (platelets.reported, platelets.value, platelets.lower_limit) == ("<5", None, None)


def test_the_import_dates_the_visit_and_says_who_and_from_where(person, coordinator):
    load([ROW], coordinator)
    assert f.visit(person, "SCR").began_on == datetime(2026, 1, 5).date()
    for row in (LabSample.objects.get(), LabResult.objects.get()):
        entry = row.history.get()
        assert entry.history_user == coordinator
        assert entry.history_change_reason == "Imported from test.csv"


def test_an_offset_in_the_file_is_kept(person, coordinator):
    load([ROW | {"LBDTC": "2026-01-05T08:30:00+02:00"}], coordinator)
    assert LabSample.objects.get().sampled_at == datetime(2026, 1, 5, 14, 30, tzinfo=f.SHANGHAI)


def test_a_result_that_was_not_done_keeps_its_reason(person, coordinator):
    nothing = {"LBORRES": "", "LBORRESU": "", "LBSTAT": "NOT DONE", "LBREASND": "clotted"}
    load([ROW | nothing], coordinator)
    result = LabResult.objects.get()
    assert (result.reported, result.status, result.not_done_reason) == ("", "ND", "clotted")


def test_a_visit_is_optional(person, coordinator):
    assert load([ROW | {"VISIT": ""}], coordinator).written
    assert LabSample.objects.get().visit is None


@pytest.mark.parametrize(
    ("wrong", "column", "says"),
    [
        ({"LBTESTCD": "XYZ"}, "LBTESTCD", "HGB"),
        ({"LBORRES": "high"}, "LBORRES", "4.2"),
        ({"LBORRES": "-1"}, "LBORRES", "0 or more"),
        ({"LBORRES": ""}, "LBORRES", "NOT DONE"),
        ({"LBORRES": "", "LBSTAT": "NOT DONE"}, "LBREASND", "why"),
        ({"LBORRES": "", "LBSTAT": "LOST"}, "LBSTAT", "NOT DONE"),
        ({"LBORRESU": "g/mL"}, "LBORRESU", "g/dL"),
        ({"LBORRESU": ""}, "LBORRESU", "g/dL"),
        ({"LBORNRLO": "low"}, "LBORNRLO", "decimal"),
        ({"LBORNRLO": "16"}, "LBORNRHI", "lower limit"),
        ({"SUBJID": "CHH01-0009"}, "SUBJID", "at your sites"),
        ({"SUBJID": ""}, "SUBJID", "Empty"),
        ({"LBREFID": ""}, "LBREFID", "Empty"),
        ({"LBNAM": ""}, "LBNAM", "Needed"),
        ({"LBSPEC": "HAIR"}, "LBSPEC", "SERUM"),
        ({"VISIT": "D28"}, "VISIT", "SCR"),
        ({"LBDTC": "2026-01-05"}, "LBDTC", "2026-01-31T08:30"),
        ({"LBDTC": "2026-01-05T25:00"}, "LBDTC", "2026-01-31T08:30"),
        ({"LBDTC": "2999-01-05T08:00"}, "LBDTC", "future"),
    ],
)
def test_a_wrong_cell_is_named_with_its_line_and_what_to_do(
    person, coordinator, wrong, column, says
):
    report = load(as_file(ROW, ROW | {"LBREFID": "A-2"} | wrong), coordinator)
    assert refused(report) == [(3, column)]
    rejection = report.rejections[0]
    assert rejection.value == (ROW | wrong).get(column, "")
    assert says in rejection.message
    assert (report.samples, report.results, report.rejected) == (0, 0, 1)


def test_every_bad_row_is_listed(person, coordinator):
    bad_test, bad_unit = SECOND | {"LBTESTCD": "XYZ"}, SECOND | {"LBORRESU": "%"}
    report = load(as_file(ROW, bad_test, bad_unit | {"LBORRES": "few"}), coordinator)
    assert refused(report) == [(3, "LBTESTCD"), (4, "LBORRES"), (4, "LBORRESU")]
    assert report.rejected == 2


def test_the_rows_of_a_sample_must_agree(person, coordinator):
    report = load([ROW, SECOND | {"LBDTC": "2026-01-05T09:30"}], coordinator)
    assert refused(report) == [(3, "LBDTC")]


def test_a_test_stands_once_in_a_sample(person, coordinator):
    assert refused(load([ROW, ROW], coordinator)) == [(3, "LBTESTCD")]


def test_a_file_is_imported_once(person, coordinator):
    load([ROW, SECOND], coordinator)
    report = load([ROW, SECOND | {"LBREFID": "A-2"}], coordinator)
    assert [(r.line, r.column) for r in report.rejections] == [(2, "LBREFID")]
    assert "imported once" in report.rejections[0].message
    assert LabSample.objects.get().results.count() == 2


def test_the_same_accession_of_another_participant_is_another_sample(person, coordinator):
    other = f.register(coordinator, person.site, person.protocol_version)
    f.consent(other, coordinator, datetime(2026, 1, 4).date())
    load([ROW], coordinator)
    assert load([ROW | {"SUBJID": other.number}], coordinator).written


def test_no_sample_before_consent(participant, coordinator):
    report = load([ROW | {"VISIT": ""}], coordinator)
    assert refused(report) == [(2, "")]
    assert "consent" in report.rejections[0].message


def test_another_site_s_participant_is_not_there(person):
    elsewhere = f.make_user(f.Role.COORDINATOR, f.make_site("SHX02"))
    assert refused(load([ROW], elsewhere)) == [(2, "SUBJID")]


def test_a_monitor_may_not_import(person, monitor):
    with pytest.raises(PermissionDenied):
        load([ROW], monitor)
    assert not LabSample.objects.exists()


def test_a_time_that_comes_twice_needs_its_offset(person, coordinator):
    person.site.time_zone = "Europe/Berlin"
    person.site.write(by=f.SETUP, reason="For the test")
    consent = person.consent_set.get()
    consent.signed_at = datetime(2025, 10, 1, 9, tzinfo=f.SHANGHAI)
    consent.write(by=coordinator, reason="For the test")
    twice = ROW | {"LBDTC": "2025-10-26T02:30"}
    assert refused(load([twice], coordinator)) == [(2, "LBDTC")]
    assert load([twice | {"LBDTC": "2025-10-26T02:30+01:00"}], coordinator).written


def test_a_comma_too_many_is_not_read_as_other_values(person, coordinator):
    text = ",".join(ROW) + "\n" + ",".join(ROW.values()) + ",more\n"
    assert refused(load(io.StringIO(text), coordinator)) == [(2, "")]


def test_missing_columns_are_named(person, coordinator):
    report = load([{k: v for k, v in ROW.items() if k != "LBORRESU"}], coordinator)
    assert refused(report) == [(1, "")]
    assert "LBORRESU" in report.rejections[0].message


def test_an_empty_file_says_which_columns_it_needs(person, coordinator):
    assert "LBTESTCD" in str(load(io.StringIO(""), coordinator).rejections[0])


def test_the_number_of_queries_does_not_grow_with_the_results(
    person, coordinator, django_assert_max_num_queries
):
    with django_assert_max_num_queries(30):
        load([ROW], coordinator)
    tests = [("HGB", "g/L"), ("PLAT", "10^9/L"), ("ALT", "U/L"), ("AST", "U/L"), ("K", "mmol/L")]
    many = [ROW | {"LBREFID": "A-2", "LBTESTCD": test, "LBORRESU": unit} for test, unit in tests]
    with django_assert_max_num_queries(30):
        assert load(many, coordinator).results == 5


def test_the_command_imports_and_reports(person, coordinator, tmp_path, capsys):
    path = tmp_path / "labs.csv"
    path.write_text(as_file(ROW, SECOND).getvalue(), encoding="utf-8-sig")
    command = ("import_labs", str(path), "--by", coordinator.username)
    call_command(*command, "--dry-run")
    assert "2 rows in; 1 samples, 2 results; 0 rows rejected" in capsys.readouterr().out
    assert not LabSample.objects.exists()
    call_command(*command)
    assert LabResult.objects.count() == 2
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command(*command)
    assert "line 2: LBREFID='A-1'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "by", "says"),
    [(None, "", "No such file"), (b"\xff\xfe\x00", "", "UTF-8"), (b"", "nobody", "no user")],
)
def test_the_command_says_what_is_wrong(coordinator, tmp_path, content, by, says):
    path = tmp_path / "labs.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        call_command("import_labs", str(path), "--by", by or coordinator.username)


@pytest.mark.parametrize("clock", ["2026-01-10T23:30:00Z", "2026-01-11T15:59:00Z"])
def test_today_is_the_site_s_day(person, coordinator, clock):
    """07:30 and 23:59 in Shanghai: the UTC date is another one, or ends earlier."""
    with time_machine.travel(clock, tick=False):
        now = timezone.localtime(timezone=f.SHANGHAI).isoformat("T", "minutes")
        assert load([ROW | {"LBDTC": now}], coordinator).written
    assert f.visit(person, "SCR").began_on == datetime(2026, 1, 11).date()
