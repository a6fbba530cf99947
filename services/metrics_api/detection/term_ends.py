"""The school terms, whose last days are a setting: until when trust is proposed, and what a term ago was."""

from calendar import monthrange
from datetime import date, datetime, timedelta

from viral_contract.models.period import Period


def find_term_end(term_ends: str, *, now: datetime) -> datetime:
    """The moment at which the next of the terms' last days, such as 06-30,12-20, is over (UTC)."""
    return find_term(term_ends, now.date()).ends_before


def find_term(term_ends: str, day: date) -> Period:
    """The term of the day: it begins on the day after the last one ended."""
    years = (day.year - 1, day.year, day.year + 1)
    ends = [_find_day(year, given) for year in years for given in term_ends.split(",")]
    before = max(end for end in ends if end < day)
    return Period.between(before + timedelta(days=1), min(end for end in ends if end >= day))


def _find_day(year: int, given: str) -> date:
    """The day of that year; the last of the month where the month is shorter."""
    month, day = map(int, given.split("-"))
    return date(year, month, min(day, monthrange(year, month)[1]))
