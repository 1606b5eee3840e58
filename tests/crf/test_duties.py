from datetime import date, timedelta

import pytest

from crf.duties import reproduction_duties, still_due
from crf.models import EndOfStudy, HCGTest
from tests import factories as f
from trial.models import Participant
from trial.reminders import open_duties

DAY_0 = date(2026, 3, 2)
D28 = date(2026, 3, 30)
MONTH_1 = date(2026, 4, 2)
LATER = date(2026, 12, 1)  # every monthly check lies behind
MONTHLY = [D28, *(date(2026, month, 2) for month in range(4, 10))]


@pytest.fixture
def treated(participant, coordinator, investigator, pharmacist, time_machine):
    """A woman of childbearing potential, first infused on DAY_0; the present is a day later."""
    time_machine.move_to(f.local(DAY_0 + timedelta(days=1)))
    f.until_day_0(participant, coordinator, DAY_0)
    f.hcg(participant, coordinator, DAY_0)
    f.infusion(participant, coordinator, investigator, pharmacist, DAY_0)
    return participant


def due(kind, today=LATER):
    duties = reproduction_duties(Participant.objects.all(), today)
    return sorted(duty.due_on for duty in duties if duty.kind == kind)


def answer(participant, coordinator, childbearing, partner, sex="F"):
    row = participant.demographics_set.get()
    row.sex, row.childbearing, row.partner_childbearing = sex, childbearing, partner
    row.write(by=coordinator, reason="corrected")


@pytest.mark.parametrize("kind", ["contraception", "hcg"])
def test_day_28_then_each_month_to_the_end_of_the_window(treated, kind):
    assert due(kind) == MONTHLY


def test_a_later_infusion_moves_the_months_but_not_day_28(
    treated, coordinator, investigator, pharmacist, time_machine
):
    day = DAY_0 + timedelta(days=3)
    time_machine.move_to(f.local(day, 18))
    f.infusion(treated, coordinator, investigator, pharmacist, day, number=2, lot="LOT-2")
    assert due("hcg") == [D28, *(date(2026, month, 5) for month in range(4, 10))]


def test_the_months_are_those_of_the_protocol_version(treated, protocol):
    protocol.contraception_months = 7
    protocol.write(by=f.SETUP, reason="amended")
    assert due("hcg")[-1] == date(2026, 10, 2)


@pytest.mark.parametrize(
    ("today", "last"), [(date(2026, 3, 29), MONTH_1), (date(2026, 3, 28), D28)]
)
def test_only_what_needs_a_notice_by_tomorrow(treated, today, last):
    assert due("hcg", today)[-1] == last


def test_nothing_before_the_first_treatment(participant, coordinator, time_machine):
    time_machine.move_to(f.local(DAY_0))
    f.consent(participant, coordinator, DAY_0)
    f.demographics(participant, coordinator)
    assert due("contraception") == due("hcg") == []


def test_lymphodepletion_alone_opens_the_window_without_day_28(
    participant, coordinator, time_machine
):
    time_machine.move_to(f.local(DAY_0 - timedelta(days=2)))
    f.until_day_0(participant, coordinator, DAY_0)
    assert due("hcg") == [
        date(2026, 3, 27),
        *(date(2026, month, 27) for month in range(4, 9)),
    ]


@pytest.mark.parametrize(
    ("sex", "childbearing", "partner", "contraception", "hcg"),
    [
        ("F", "Y", "NA", True, True),
        ("F", "U", "NA", True, True),
        ("F", "N", "NA", False, False),
        ("M", "NA", "Y", True, False),
        ("M", "NA", "U", True, False),
        ("M", "NA", "N", False, False),
    ],
)
def test_who_is_asked(treated, coordinator, sex, childbearing, partner, contraception, hcg):
    answer(treated, coordinator, childbearing, partner, sex)
    assert (bool(due("contraception")), bool(due("hcg"))) == (contraception, hcg)


def test_no_demographics_is_not_no(treated, coordinator):
    treated.demographics_set.get().void(by=coordinator, reason="entered for another participant")
    assert due("contraception") == due("hcg") == MONTHLY


@pytest.mark.parametrize(
    ("days", "counts"), [(-8, False), (-7, True), (0, True), (14, True), (15, False)]
)
def test_a_check_counts_from_7_days_before_to_14_after(days, counts):
    assert still_due([D28], [D28 + timedelta(days=days)]) == ([] if counts else [D28])


@pytest.mark.parametrize(
    ("performed", "left"),
    [
        ([D28], [MONTH_1]),  # once, for the nearest
        ([MONTH_1], [D28]),
        ([D28, MONTH_1], []),
        ([D28, D28], []),  # the second for the next nearest
        ([date(2026, 4, 1)], [D28]),
    ],
)
def test_no_check_counts_twice(performed, left):
    assert still_due([D28, MONTH_1], performed) == left


def test_a_completed_form_fulfils_its_own_kind_only(treated, coordinator, time_machine):
    time_machine.move_to(f.local(D28, 12))
    f.contraception(treated, coordinator, D28)
    assert due("contraception") == MONTHLY[1:]
    assert due("hcg") == MONTHLY
    f.hcg(treated, coordinator, D28)
    assert due("hcg") == MONTHLY[1:]


def test_a_sample_is_dated_at_the_site(treated, coordinator, time_machine):
    early = D28 - timedelta(days=7)
    time_machine.move_to(f.local(D28, 12))
    f.hcg(treated, coordinator, early, sampled_at=f.local(early, 0, 30))  # the day before in UTC
    assert due("hcg") == MONTHLY[1:]


def not_done(participant, by):
    HCGTest(
        participant=participant, performed="N", not_done_reason="no veins", sampled_at=f.local(D28)
    ).write(by=by, complete=True)


def draft(participant, by):
    HCGTest(participant=participant, performed="Y", sampled_at=f.local(D28)).write(by=by)


def voided(participant, by):
    f.hcg(participant, by, D28).void(by=by, reason="of another participant")


@pytest.mark.parametrize("entry", [not_done, draft, voided])
def test_what_is_no_test_leaves_it_open(treated, coordinator, time_machine, entry):
    time_machine.move_to(f.local(D28, 12))
    entry(treated, coordinator)
    assert treated.hcgtest_set.filter(sampled_at__gte=f.local(D28, 0)).exists()
    assert due("hcg") == MONTHLY


@pytest.mark.parametrize("reason", ["COMPLETED", "WITHDRAWAL BY SUBJECT"])
def test_nothing_after_the_end_of_study(treated, coordinator, reason):
    everyone = Participant.objects.all()
    assert open_duties(everyone, LATER)
    EndOfStudy(participant=treated, ended_on=DAY_0, reason=reason).write(
        by=coordinator, complete=True
    )
    assert open_duties(everyone, LATER) == {}
