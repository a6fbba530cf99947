"""What a period is compared with."""

from datetime import date, timedelta

from metrics_api.detection.term_ends import find_term
from viral_contract.models.growth import Comparison
from viral_contract.models.period import Period


def find_compared_period(period: Period, comparison: Comparison, term_ends: str) -> Period:
    """As many dates: before it, of the year before, or at the same place of the term before."""
    if comparison == "previous":
        return period.previous()
    start = _find_year_before(period.start) if comparison == "year" else _find_term_before(period.start, term_ends)
    return Period.between(start, start + timedelta(days=period.days - 1))


def _find_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _find_term_before(day: date, term_ends: str) -> date:
    """The date as many days after the beginning of the last term as this one is after the beginning of its own."""
    term = find_term(term_ends, day)
    return find_term(term_ends, term.start - timedelta(days=1)).start + (day - term.start)
