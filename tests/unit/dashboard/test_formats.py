"""How numbers, dates and times are written."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from dashboard.formats import (
    format_age,
    format_clock,
    format_deduction,
    format_number,
    format_percent,
    format_retention,
)
from viral_reports.figures import format_count

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(hours=47, minutes=59), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=59), "59 days ago"),
        (timedelta(days=70), "2 months ago"),
        (timedelta(minutes=4_762_702), "9 years ago"),
    ],
)
def test_an_age_grows_coarser_with_time(age: timedelta, expected: str) -> None:
    assert format_age(NOW - age, now=NOW) == expected


def test_clocks_show_utc_whatever_the_zone_of_the_moment() -> None:
    moment = datetime(2026, 3, 31, 14, 5, 9, tzinfo=timezone(timedelta(hours=2)))
    assert format_clock(moment) == "12:05:09 UTC"


@pytest.mark.parametrize(("count", "expected"), [(0, "0"), (1234567, "1,234,567"), (2.0, "2"), (0.25, "0.25")])
def test_counts_separate_thousands_and_keep_a_fraction(count: float, expected: str) -> None:
    assert format_count(count) == expected


@pytest.mark.parametrize(("points", "expected"), [(0, "0"), (12.4, "−12.4"), (30, "−30.0")])
def test_deductions_have_a_true_minus_sign(points: float, expected: str) -> None:
    assert format_deduction(points) == expected


@pytest.mark.parametrize(("number", "expected"), [(30, "30"), (7.5, "7.5")])
def test_numbers_that_are_set_have_no_needless_decimals(number: float, expected: str) -> None:
    assert format_number(number) == expected


@pytest.mark.parametrize(("share", "expected"), [(0, "0%"), (0.99, "99%"), (0.125, "12.5%"), (0.0004, "<0.1%")])
def test_a_small_share_is_not_nothing(share: float, expected: str) -> None:
    assert format_percent(share) == expected


@pytest.mark.parametrize(
    ("retained_from", "said"), [(None, ""), (date(2026, 8, 25), " · totals only before 25 Aug 2026")]
)
def test_what_is_no_longer_kept_is_said(retained_from: date | None, said: str) -> None:
    assert format_retention(retained_from) == said
