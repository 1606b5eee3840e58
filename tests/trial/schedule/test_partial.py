from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trial.schedule import Precision, cannot_end_before, parse


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "precision"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31), Precision.YEAR),
        ("2024-07", date(2024, 7, 1), date(2024, 7, 31), Precision.MONTH),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), Precision.MONTH),
        ("2023-02", date(2023, 2, 1), date(2023, 2, 28), Precision.MONTH),
        ("2024-12", date(2024, 12, 1), date(2024, 12, 31), Precision.MONTH),
        ("2024-07-02", date(2024, 7, 2), date(2024, 7, 2), Precision.DAY),
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29), Precision.DAY),
    ],
)
def test_what_is_known_of_a_date(text, earliest, latest, precision):
    found = parse(text)
    assert (found.earliest, found.latest, found.precision) == (earliest, latest, precision)
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "0000",
        "2024-",
        "2024-00",
        "2024-13",
        "2024-7",
        "2024-07-00",
        "2024-07-32",
        "2023-02-29",
        "2024-07-2",
        "20240702",
        "2024/07/02",
        "2024-07-02T08:00",
        " 2024",
        "2024\n",
        "٢٠٢٤",
        "-2024",
    ],
)
def test_anything_else_is_refused_with_its_value_and_what_is_expected(text):
    with pytest.raises(ValueError, match=r"is not a date\. Enter a year") as caught:
        parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("begin", "end", "impossible"),
    [
        ("2024-07-15", "2024-07-14", True),
        ("2024-07-15", "2024-07-15", False),
        ("2024-07-15", "2024-07", False),
        ("2024-07-15", "2024-06", True),
        ("2024-07-15", "2024", False),
        ("2024-07-15", "2023", True),
        ("2024-07", "2024-06-30", True),
        ("2024-07", "2024-07-01", False),
        ("2024", "2023-12", True),
        ("2024", "2024-01", False),
    ],
)
def test_an_end_is_refused_only_when_certainly_before_the_begin(begin, end, impossible):
    assert cannot_end_before(begin, end) is impossible


@given(st.dates(), st.sampled_from([4, 7, 10]), st.dates(), st.sampled_from([4, 7, 10]))
def test_possible_order_is_never_refused(begin, begin_known, end, end_known):
    texts = begin.isoformat()[:begin_known], end.isoformat()[:end_known]
    if begin <= end:
        assert not cannot_end_before(*texts)
    for text, day in zip(texts, (begin, end), strict=True):
        assert parse(text).earliest <= day <= parse(text).latest
        assert str(parse(text)) == text
