from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crf.models import Infusion
from tests import factories as f
from trial.models import Participant


@pytest.fixture
def day_0():
    return timezone.localdate(timezone=f.SHANGHAI) - timedelta(days=3)


def infuse(participant, coordinator, investigator, pharmacist, day):
    row = Infusion(
        participant=participant,
        visit=f.visit(participant, "INF1"),
        number=1,
        bag=f.bag(participant, coordinator, pharmacist, day),
        thawed_at=f.local(day, 10),
        started_at=f.local(day, 10, 20),
        ended_at=f.local(day, 11),
        cells_e9=Decimal(1),
        volume_ml=Decimal(100),
        interrupted="N",
        reaction="N",
        given_by=coordinator,
        second_verifier=investigator,
    )
    row.write(by=coordinator, complete=True)
    return row


def test_from_registration_to_the_first_infusion(
    participant, coordinator, investigator, pharmacist, day_0
):
    f.until_day_0(participant, coordinator, day_0)
    f.hcg(participant, coordinator, day_0)
    infuse(participant, coordinator, investigator, pharmacist, day_0)
    participant.refresh_from_db()
    assert participant.number == "CHH01-0001"
    assert participant.status == Participant.Status.TREATED
    course = participant.treatmentcourse_set.get()
    assert (course.first_infusion_on, course.last_treatment_on) == (day_0, day_0)
    assert f.visit(participant, "INF1").state == "DONE"
    assert f.visit(participant, "D28").target_on == day_0 + timedelta(days=28)


def test_an_infusion_without_lymphodepletion_names_the_form(
    participant, coordinator, investigator, pharmacist, day_0
):
    f.consent(participant, coordinator, day_0 - timedelta(days=10))
    bag = f.bag(participant, coordinator, pharmacist, day_0)
    row = Infusion(
        participant=participant,
        bag=bag,
        number=1,
        started_at=f.local(day_0),
        given_by=coordinator,
        second_verifier=investigator,
    )
    with pytest.raises(ValidationError) as refused:
        row.write(by=coordinator)
    forms = {e.params["blocker"].form for e in refused.value.error_list}
    assert {"crf.lymphodepletionday", "trial.treatmentcourse"} <= forms
    assert not participant.infusion_set.exists()
