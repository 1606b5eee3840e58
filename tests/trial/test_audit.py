from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crf.models import Screening
from tests import factories as f
from trial.audit import Kind, timeline

DAY = date(2025, 7, 1)


@pytest.fixture
def screening(participant, coordinator):
    f.consent(participant, coordinator, DAY)
    row = Screening(participant=participant, visit=f.visit(participant, "SCR"))
    row.write(by=coordinator)
    row.weight_kg, row.gilbert = Decimal("60.5"), "N"
    row.write(by=coordinator)
    return row


def test_a_change_shows_old_and_new_coded_and_decoded(screening, coordinator):
    screening.gilbert = "Y"
    screening.write(by=coordinator, reason="Record found")
    latest, earlier, first = timeline(screening)
    assert (latest.kind, latest.actor, latest.actor_id, latest.reason) == (
        Kind.CHANGED,
        coordinator.full_name,
        coordinator.pk,
        "Record found",
    )
    assert latest.role.label == "Site coordinator"
    (change,) = latest.changes
    assert (change.field, change.old_value, change.new_value) == ("gilbert", "N", "Y")
    assert (change.label, change.old, change.new) == ("Gilbert syndrome", "No", "Yes")
    assert {c.field: c.new for c in earlier.changes} == {"weight_kg": "60.5", "gilbert": "No"}
    assert first.kind == Kind.CREATED
    assert {c.field: c.new for c in first.changes} == {
        "participant": "CHH01-0001",
        "visit": "CHH01-0001 SCR",
    }


def test_a_reason_for_no_value_stands_at_its_label(screening, coordinator):
    screening.weight_kg, screening.absent = (
        None,
        {"weight_kg": {"code": "ND", "reason": "no scale"}},
    )
    screening.write(by=coordinator)
    changes = {c.field: (c.old, c.new) for c in timeline(screening)[0].changes}
    assert changes == {"weight_kg": ("60.5", ""), "absent": ("", "weight, kg: ND no scale")}


def test_completed_and_voided_are_told_apart(participant, coordinator):
    row = f.consent(participant, coordinator, DAY)
    row.void(by=coordinator, reason="Wrong participant")
    assert [entry.kind for entry in timeline(row)] == [Kind.VOIDED, Kind.CREATED]


def test_the_first_completion_is_a_kind_of_its_own(participant, coordinator):
    f.consent(participant, coordinator, DAY)
    row = f.demographics(participant, coordinator)
    assert [entry.kind for entry in timeline(row)] == [Kind.CREATED]
    draft = f.HCGTest(participant=participant, performed="N")
    draft.write(by=coordinator)
    draft.not_done_reason = "refused"
    draft.write(by=coordinator, complete=True)
    assert [entry.kind for entry in timeline(draft)] == [Kind.COMPLETED, Kind.CREATED]


def test_what_a_process_wrote_names_the_process(participant):
    participant.status = "WITHDRAWN"
    participant.write(by=f.SETUP, reason="import")
    entry = timeline(participant)[0]
    assert (entry.actor, entry.actor_id) == ("tests", None)
    assert [(c.old, c.new) for c in entry.changes] == [("registered", "ended early")]


def test_the_queries_do_not_grow_with_the_changes(screening, coordinator):
    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            timeline(screening)
        return len(queries)

    before = count()
    for weight in range(40, 60):
        screening.weight_kg = Decimal(weight)
        screening.write(by=coordinator)
    assert count() == before == 3  # history, participant, visit
