"""A protocol version starts from the defaults, until somebody enters rows of their own."""

import pytest
from django.urls import reverse

from tests import factories as f
from trial.models import DoseLevel, ProtocolVersion
from trial.protocol.visits import DEFAULT_SCHEDULE
from trial.roles import Role


@pytest.fixture
def data_manager(client, study):
    client.force_login(f.make_user(Role.DATA_MANAGER))
    return client


def fields(levels):
    post = {
        name: field.default
        for name in (
            "screening_days",
            "dlt_window_days",
            "hcg_before_enrolment_days",
            "hcg_before_treatment_days",
            "contraception_months",
            "thaw_minutes",
            "infusion_gap_days",
            "notice_days",
            "overdue_days",
            "escalation_days",
        )
        for field in [ProtocolVersion._meta.get_field(name)]
    }
    post |= {"number": "2.0", "effective_on": "2026-01-01", "icf_version": "2.0"}
    for n, (name, cells) in enumerate(levels):
        post |= {
            f"dose_levels-{n}-name": name,
            f"dose_levels-{n}-cells_e9": cells,
            f"dose_levels-{n}-state": "PLANNED",
        }
    for prefix, rows in (("dose_levels", len(levels)), ("schedule", 0)):
        post |= {f"{prefix}-TOTAL_FORMS": rows, f"{prefix}-INITIAL_FORMS": 0}
    return post


@pytest.mark.parametrize(
    ("levels", "names"),
    [([], ["DL-1", "DL1", "DL2", "DL3"]), ([("A", "2")], ["A"])],
)
def test_a_new_version_has_a_schedule_and_dose_levels(data_manager, levels, names):
    response = data_manager.post(reverse("admin:trial_protocolversion_add"), fields(levels))
    assert response.status_code == 302, response.context["errors"]
    version = ProtocolVersion.objects.get()
    assert version.schedule.count() == len(DEFAULT_SCHEDULE)
    assert [level.name for level in version.dose_levels.all()] == names
    assert not DoseLevel.objects.exclude(state=DoseLevel.State.PLANNED).exists()
    assert version.confirmed_at is None
