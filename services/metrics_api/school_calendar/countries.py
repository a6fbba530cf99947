"""School holidays that countries and their regions publish, from the package `holidays`.

Only countries whose data has the category of school holidays are known; several have them by region alone.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache

import holidays
from holidays.constants import SCHOOL
from holidays.registry import COUNTRIES

from viral_contract.models.calendar import CalendarEntryRequest, HolidayCountry, HolidayRegion

_LANGUAGE = "en_US"
_DAY = timedelta(days=1)


class UnknownHolidaysError(ValueError):
    """No school holidays are known for this; `field` is what does not fit."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@cache
def list_countries(year: int) -> tuple[HolidayCountry, ...]:
    """The countries with school holidays in the year, by name."""
    names = {codes[1]: key.replace("_", " ").title() for key, codes in COUNTRIES.items()}
    known = (HolidayCountry(code=code, name=names[code], regions=_list_regions(code, year)) for code in _list_codes())
    kept = (country for country in known if country.regions or _list_days(country.code, None, year))
    return tuple(sorted(kept, key=lambda country: country.name))


def _list_codes() -> list[str]:
    codes = holidays.list_supported_countries(include_aliases=False)
    return [code for code in codes if SCHOOL in getattr(holidays, code).supported_categories]


def _list_regions(country: str, year: int) -> list[HolidayRegion]:
    """The regions whose school holidays are not those of the whole country."""
    common = _list_days(country, None, year)
    aliases = getattr(holidays, country).get_subdivision_aliases()
    regions = [
        HolidayRegion(code=code, name=(aliases[code] or [code])[0])
        for code in aliases
        if _list_days(country, code, year) not in ({}, common)
    ]
    return sorted(regions, key=lambda region: region.name)


def _list_days(country: str, region: str | None, *years: int) -> dict[date, str]:
    found = holidays.country_holidays(country, region, years, expand=False, language=_LANGUAGE, categories=(SCHOOL,))
    return dict(found.items())


def build_school_holidays(country: str, region: str | None, year: int) -> Mapping[str, CalendarEntryRequest]:
    """The holidays that have a date in the year, by their ids, which begin with `name_source`.

    Raises UnknownHolidaysError where none are known.
    """
    _check(country, region, year)
    days = _list_days(country, region, year - 1, year, year + 1)
    spans = [span for span in _join(days) if span.start.year <= year <= span.end.year]
    return {f"{name_source(country, region)}{span.start}": span for span in spans}


def name_source(country: str, region: str | None) -> str:
    """What the ids of these holidays begin with."""
    return f"school-holidays/{country}/{region}/" if region else f"school-holidays/{country}/"


def _check(country: str, region: str | None, year: int) -> None:
    known = {found.code: [part.code for part in found.regions] for found in list_countries(year)}
    if country not in known:
        raise UnknownHolidaysError("country", f"has no known school holidays in {year}; choose {_list_words(known)}")
    if region is not None and region not in known[country]:
        raise UnknownHolidaysError("region", f"has no known school holidays in {year}")
    if region is None and not _list_days(country, None, year):
        raise UnknownHolidaysError("region", f"is required here; choose {_list_words(known[country])}")


def _list_words(codes: Mapping[str, object] | list[str]) -> str:
    return " or ".join(filter(None, (", ".join(list(codes)[:-1]), list(codes)[-1]))) if codes else "another year"


def _join(days: Mapping[date, str]) -> Iterator[CalendarEntryRequest]:
    """Consecutive dates of one name as one holiday."""
    start = end = None
    for day in sorted(days):
        if end is not None and day == end + _DAY and days[day] == days[end]:
            end = day
            continue
        if start is not None and end is not None:
            yield _build(days[start], start, end)
        start = end = day
    if start is not None and end is not None:
        yield _build(days[start], start, end)


def _build(name: str, start: date, end: date) -> CalendarEntryRequest:
    return CalendarEntryRequest(name=name[:120], start=start, end=end, kind="holiday")
