"""What a period is compared with."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.growth.comparison import find_compared_period
from metrics_api.school_calendar.terms import Terms
from viral_contract.models.growth import Comparison
from viral_contract.models.period import Period

ENDS = Terms("06-30,12-20")


@pytest.mark.parametrize(
    ("start", "end", "comparison", "compared"),
    [
        ("2026-11-24", "2026-11-30", "previous", "2026-11-17"),
        ("2026-11-24", "2026-11-30", "year", "2025-11-24"),
        ("2028-02-29", "2028-02-29", "year", "2027-02-28"),
        # The term of the fall began on 1 July, that of the spring on 21 December.
        ("2026-07-01", "2026-07-07", "term", "2025-12-21"),
        ("2026-07-11", "2026-07-17", "term", "2025-12-31"),
        ("2026-12-20", "2026-12-20", "term", "2026-06-11"),
    ],
)
def test_as_many_dates_are_compared(start: str, end: str, comparison: Comparison, compared: str) -> None:
    period = Period.between(date.fromisoformat(start), date.fromisoformat(end))
    found = find_compared_period(period, comparison, ENDS)
    assert (found.start, found.days) == (date.fromisoformat(compared), period.days)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 366))
def test_a_term_ago_is_at_the_same_place_of_the_term_before(start: date, days: int) -> None:
    period = Period.between(start, start + timedelta(days=days - 1))
    found = find_compared_period(period, "term", ENDS)
    assert found.days == days
    assert 0 < (start - found.start).days < 200
