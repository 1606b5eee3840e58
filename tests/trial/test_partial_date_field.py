import pytest
from django.core.exceptions import ValidationError

from crf.models import Screening

FIELD = Screening._meta.get_field("csf_last_on")


@pytest.mark.parametrize("text", ["2026-13", "July", "2026-02-30", "2999", "2999-01", "2026-1-1"])
def test_what_is_no_date_or_lies_ahead_is_refused(text):
    with pytest.raises(ValidationError):
        FIELD.clean(text, None)


@pytest.mark.parametrize("text", ["2024", "2024-02", "2024-02-29", ""])
def test_a_date_is_taken_as_far_as_it_is_known(text):
    assert FIELD.clean(text, None) == text
