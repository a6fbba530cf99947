"""How numbers and times are written on every page, beside those figures that reports have, too. All times are UTC."""

from datetime import UTC, date, datetime, timedelta

from viral_reports.dates import format_day, format_day_of_year, format_elapsed
from viral_reports.figures import format_rate

_SMALL = 0.001


def format_deduction(points: float) -> str:
    """Points taken away, with a true minus sign; "0" when nothing was taken."""
    return f"−{points:.1f}" if points else "0"


def format_number(number: float) -> str:
    """A number that a person has set, without needless decimals: 30.0 is "30"."""
    return f"{number:g}"


def format_was(rate: float | None) -> str:
    """What follows a figure that is compared: " · was 2.1%"; nothing where there is nothing to compare with."""
    return "" if rate is None else f" · was {format_rate(rate)}"


def format_seconds(seconds: float) -> str:
    """A short time with two decimals, as bursts are told apart by hundredths."""
    return f"{seconds:.2f}"


def format_percent(share: float) -> str:
    """A fraction as a percentage with one decimal where it needs one: 0.125 is "12.5%", 0.99 is "99%".

    For limits and for shares that stand alone; rates in columns are those of `format_rate`.
    """
    return format_rate(share) if 0 < share < _SMALL else f"{round(share * 100, 1):g}%"


def format_minute(moment: datetime) -> str:
    """Date and time to the minute: "22 Nov 14:05"."""
    moment = moment.astimezone(UTC)
    return f"{format_day_of_year(moment.date())} {moment:%H:%M}"


def format_clock(moment: datetime) -> str:
    """The time of day to the second, with its zone."""
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"


def format_retention(retained_from: date | None) -> str:
    """What follows a period that begins before what is kept; nothing where all of it is."""
    return f" · totals only before {format_day(retained_from)}" if retained_from else ""


def format_duration(seconds: float) -> str:
    """A length of time in its largest fitting unit: "45 min", "3 h", "12 days"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def format_age(moment: datetime, *, now: datetime) -> str:
    """How long ago something was: "4 minutes ago", "9 years ago"."""
    age = now - moment
    return "just now" if age < timedelta(minutes=1) else f"{format_elapsed(age)} ago"


def format_masked(shown: str, alias: str | None) -> str:
    """An identifier as this viewer may see it; a masked one with the alias that tells it from its neighbors."""
    return f"{shown} · {alias}" if alias and shown.endswith(("*", "…")) else shown
