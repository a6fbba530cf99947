"""Terms: those of the calendar, and those by their last days."""

from datetime import UTC, date, datetime

import pytest

from metrics_api.school_calendar.terms import Terms
from viral_contract.models.period import Period

FALL = Period.between(date(2026, 8, 31), date(2026, 12, 18))
SPRING = Period.between(date(2027, 1, 11), date(2027, 6, 4))
LISTED = Terms("06-30,12-20", [FALL, SPRING])


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
    assert Terms(ends).find_end(at) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-08-31", "2026-08-31", "2026-12-18"),
        ("2026-12-18", "2026-08-31", "2026-12-18"),
        # In the holidays the term before is the current one.
        ("2027-01-10", "2026-08-31", "2026-12-18"),
        ("2027-01-11", "2027-01-11", "2027-06-04"),
        ("2027-09-04", "2027-01-11", "2027-06-04"),
        # Dates that the calendar does not cover have terms by the setting.
        ("2026-08-30", "2026-07-01", "2026-12-20"),
        ("2027-09-05", "2027-07-01", "2027-12-20"),
    ],
)
def test_a_term_of_the_calendar_is_current_until_the_next_one_begins(day: str, start: str, end: str) -> None:
    found = LISTED.find(date.fromisoformat(day))
    assert (str(found.start), str(found.end)) == (start, end)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        ("2026-12-18", "2026-12-19"),
        ("2026-12-19", "2027-06-05"),
        ("2026-06-15", "2026-12-19"),
        # Too long before the first term, and after the last one.
        ("2026-05-30", "2026-07-01"),
        ("2027-06-05", "2027-07-01"),
    ],
)
def test_trust_ends_with_the_term_of_the_calendar_or_the_next_one(day: str, end: str) -> None:
    at = datetime.fromisoformat(day).replace(hour=23, tzinfo=UTC)
    assert LISTED.find_end(at) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_the_term_before_is_that_of_the_calendar_where_it_has_one() -> None:
    assert LISTED.find_before(SPRING) == FALL
    before = LISTED.find_before(FALL)
    assert (str(before.start), str(before.end)) == ("2026-07-01", "2026-12-20")
