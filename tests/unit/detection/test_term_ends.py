"""When proposed trust ends."""

from datetime import UTC, datetime

import pytest

from metrics_api.detection.term_ends import find_term_end


@pytest.mark.parametrize(
    ("now", "ends", "end"),
    [
        ("2026-03-04", "06-30,12-20", "2026-07-01"),
        ("2026-06-30", "06-30,12-20", "2026-07-01"),
        ("2026-07-01", "06-30,12-20", "2026-12-21"),
        ("2026-12-21", "12-20,06-30", "2027-07-01"),
        ("2026-12-31", "12-31", "2027-01-01"),
        ("2026-02-01", "02-29", "2026-03-01"),
        ("2028-02-01", "02-29", "2028-03-01"),
        ("2026-06-01", "06-31", "2026-07-01"),
    ],
)
def test_trust_is_proposed_until_the_next_last_day_is_over(now: str, ends: str, end: str) -> None:
    at = datetime.fromisoformat(now).replace(hour=13, tzinfo=UTC)
    assert find_term_end(ends, now=at) == datetime.fromisoformat(end).replace(tzinfo=UTC)
