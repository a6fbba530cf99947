"""Dates for people, with short month names on pages and full ones in reports."""

from datetime import date, timedelta
from typing import Literal

from viral_contract.models.period import Period

MonthForm = Literal["%b", "%B"]
_UNITS = (
    ("years", timedelta(days=365)),
    ("months", timedelta(days=30)),
    ("days", timedelta(days=1)),
    ("hours", timedelta(hours=1)),
)
SHORT: MonthForm = "%b"
FULL: MonthForm = "%B"


def format_day(day: date, month: MonthForm = SHORT) -> str:
    """A date with its year: "17 May 2015"."""
    return f"{day.day} {day:{month} %Y}"


def format_day_of_year(day: date, month: MonthForm = SHORT) -> str:
    """A date without its year, which is clear from the context: "17 May"."""
    return f"{day.day} {day:{month}}"


def format_period(period: Period, month: MonthForm = SHORT) -> str:
    """The period's dates without repeating month or year: "17–20 May 2015"."""
    start, end = period.start, period.end
    if start == end:
        return format_day(end, month)
    if start.year != end.year:
        return f"{format_day(start, month)} – {format_day(end, month)}"
    if start.month != end.month:
        return f"{format_day_of_year(start, month)} – {format_day(end, month)}"
    return f"{start.day}–{format_day(end, month)}"


def format_elapsed(elapsed: timedelta) -> str:
    """A length of time in the largest unit that it holds twice: "75 minutes", "30 hours", "12 days", "9 years"."""
    for name, length in _UNITS:
        if elapsed >= 2 * length:
            return f"{elapsed // length} {name}"
    minutes = elapsed // timedelta(minutes=1)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
