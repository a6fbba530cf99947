"""When the school term ends, which is how long the trust in a school's network is proposed to last."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta


def find_term_end(term_ends: str, *, now: datetime) -> datetime:
    """The moment at which the next of the terms' last days, such as 06-30,12-20, is over (UTC)."""
    days = [_find_day(year, given) for year in (now.year, now.year + 1) for given in term_ends.split(",")]
    last = min(day for day in days if day >= now.date())
    return datetime.combine(last + timedelta(days=1), time.min, tzinfo=UTC)


def _find_day(year: int, given: str) -> date:
    """The day of that year; the last of the month where the month is shorter."""
    month, day = map(int, given.split("-"))
    return date(year, month, min(day, monthrange(year, month)[1]))
