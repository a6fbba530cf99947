"""What a period is compared with."""

from datetime import date, timedelta

from sqlalchemy import Connection

from metrics_api.school_calendar.terms import Terms, fetch_terms
from viral_contract.models.growth import Comparison
from viral_contract.models.period import Period


def fetch_compared_period(connection: Connection, period: Period, comparison: Comparison, term_ends: str) -> Period:
    """What the period is compared with; the calendar is read where that is a term ago."""
    terms = fetch_terms(connection, term_ends) if comparison == "term" else Terms(term_ends)
    return find_compared_period(period, comparison, terms)


def find_compared_period(period: Period, comparison: Comparison, terms: Terms) -> Period:
    """As many dates: before it, of the year before, or at the same place of the term before."""
    if comparison == "previous":
        return period.previous()
    start = _find_year_before(period.start) if comparison == "year" else _find_term_before(period.start, terms)
    return Period.between(start, start + timedelta(days=period.days - 1))


def _find_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _find_term_before(day: date, terms: Terms) -> date:
    """The date as many days after the beginning of the last term as this one is after the beginning of its own."""
    term = terms.find(day)
    return terms.find_before(term).start + (day - term.start)
