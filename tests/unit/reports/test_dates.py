"""How dates are written."""

from datetime import date, timedelta

import pytest

from viral_contract.models.period import Period
from viral_reports.dates import FULL, SHORT, format_elapsed, format_period


@pytest.mark.parametrize(
    ("start", "end", "short", "full"),
    [
        (date(2015, 3, 17), date(2015, 3, 17), "17 Mar 2015", "17 March 2015"),
        (date(2015, 3, 17), date(2015, 3, 20), "17–20 Mar 2015", "17–20 March 2015"),
        (date(2025, 4, 28), date(2025, 5, 4), "28 Apr – 4 May 2025", "28 April – 4 May 2025"),
        (date(2024, 12, 29), date(2025, 1, 4), "29 Dec 2024 – 4 Jan 2025", "29 December 2024 – 4 January 2025"),
    ],
)
def test_a_period_repeats_neither_month_nor_year(start: date, end: date, short: str, full: str) -> None:
    period = Period.between(start, end)
    assert (format_period(period, SHORT), format_period(period, FULL)) == (short, full)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (1, "1 minute"),
        (75, "75 minutes"),
        (180, "3 hours"),
        (47 * 60, "47 hours"),
        (400 * 1440, "13 months"),
        (4_762_702, "9 years"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_unit(minutes: int, said: str) -> None:
    assert format_elapsed(timedelta(minutes=minutes)) == said
