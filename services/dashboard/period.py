"""The period of a page, which lives in its address, so that links, reloads and the back button keep it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from viral_contract.models.period import Period, PeriodQuery
from viral_contract.models.problem import format_sentence

DEFAULT_DAYS = 7
CHOICES = (7, 14, 30)
PERIOD_NAMES = tuple(PeriodQuery.model_fields)
"""The parameters that name a period."""
Filter = Literal["source", "campaign"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
"""The parameters that name a part of the activity."""
Query = dict[str, str | int]


class InvalidPeriodError(Exception):
    """The address names a period that does not exist; the message says why in words for people."""


def read_search(search: str | None) -> dict[str, str]:
    """What a page's query string names; where it names something twice, the last value."""
    return dict(parse_qsl((search or "").removeprefix("?")))


def parse_period(search: str | None) -> PeriodQuery:
    """The period that a page's query string names, the last 7 dates when it names none.

    Raises InvalidPeriodError.
    """
    return read_period(read_search(search))


def read_period(given: Mapping[str, str], days: int = DEFAULT_DAYS) -> PeriodQuery:
    """The period among the parameters of a page, the last `days` dates when they name none.

    Raises InvalidPeriodError.
    """
    named = {name: given[name] for name in PERIOD_NAMES if name in given}
    try:
        return PeriodQuery.model_validate(named or {"days": days})
    except ValidationError as error:
        raise InvalidPeriodError(_format_reason(error.errors()[0])) from error


def find_dates(query: Query, *, now: datetime) -> Period:
    """The dates that a query of the API names."""
    return read_period({name: str(query[name]) for name in PERIOD_NAMES if name in query}).period(now=now)


def format_query(period: PeriodQuery) -> Query:
    """The period as query parameters, the same for the API and for the address of a page."""
    if period.start and period.end:
        return {"start": period.start.isoformat(), "end": period.end.isoformat()}
    return {"days": period.days or DEFAULT_DAYS}


def find_filters(given: Mapping[str, str]) -> dict[str, str]:
    """The filters among the parameters of a page."""
    return {name: given[name] for name in FILTERS if given.get(name)}


def format_search(period: PeriodQuery, given: Mapping[str, str] | None = None) -> str:
    """The period, and the filters that are given, as the query string of a link: "?days=7"."""
    return f"?{urlencode({**format_query(period), **find_filters(given or {})})}"


def keep_period(search: str | None, others: Sequence[str] = ()) -> str:
    """Of a page's query string the period, the filters and the `others`.

    No period where it names none, or one that is invalid.
    """
    wanted = read_search(search)
    kept: Query = {**find_filters(wanted), **{name: wanted[name] for name in others if name in wanted}}
    try:
        period = format_query(read_period(wanted)) if wanted.keys() & PERIOD_NAMES else {}
    except InvalidPeriodError:
        period = {}
    return f"?{urlencode({**period, **kept})}" if period or kept else ""


def week_until(end: date) -> PeriodQuery:
    """The seven dates that end with `end`."""
    return PeriodQuery(start=end - timedelta(days=DEFAULT_DAYS - 1), end=end)


def _format_reason(error: ErrorDetails) -> str:
    reason = format_sentence(error)
    return f"{error['loc'][0]} {reason}" if error["loc"] else reason
