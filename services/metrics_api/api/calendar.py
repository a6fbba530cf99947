"""The school calendar: holidays and terms, entered, imported from a file or added for a country."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from sqlalchemy import ColumnElement, Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.bodies import read_bytes
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, invalid, not_found
from metrics_api.api.queries import ListQuery, read_page
from metrics_api.api.routing import Resource, check_media_type, validate
from metrics_api.school_calendar import entries
from metrics_api.school_calendar.calendar_file import parse_calendar_file
from metrics_api.school_calendar.countries import (
    UnknownHolidaysError,
    build_school_holidays,
    list_countries,
    name_source,
)
from metrics_api.school_calendar.entries import CalendarFilter
from viral_contract.models.calendar import (
    CalendarAnswer,
    CalendarEntry,
    CalendarEntryRequest,
    CalendarFileText,
    CalendarImported,
    CalendarKind,
    CalendarSort,
    HolidayCountriesAnswer,
    HolidayYear,
    IdentifiedCalendarEntry,
    SchoolHolidaysRequest,
)
from viral_contract.models.flagged import SearchText, SortOrder
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError
from viral_contract.models.values import IsoDate

calendar = Resource("calendar")
_CALENDAR = "/v1/calendar"
_ENTRY = f"{_CALENDAR}/<id(other_than=import):entry_id>"
_SCHOOL_HOLIDAYS = "/v1/school-holidays"
_ICALENDAR = "text/calendar"


class CalendarQuery(ListQuery):
    """Query of the calendar, which reaches into the future."""

    start: IsoDate | None = Field(None, description="Only entries that end on this date or later")
    end: IsoDate | None = Field(None, description="Only entries that start on this date or earlier")
    kind: CalendarKind | None = None
    q: SearchText | None = Field(None, description="Part of the name")
    sort: CalendarSort = "start"
    order: SortOrder | None = Field(None, description="Latest first if absent; names from a to z")

    @field_validator("end")
    @classmethod
    def check_order(cls, end: IsoDate | None, info: ValidationInfo) -> IsoDate | None:
        """Refuse a reversed period."""
        if end and (start := info.data.get("start")) and end < start:
            raise ValueError(f"is before start {start}")
        return end


class ImportQuery(BaseModel):
    """What the events of a file are."""

    model_config = ConfigDict(extra="forbid")

    kind: CalendarKind = "holiday"


class CountriesQuery(BaseModel):
    """Query of the countries with school holidays."""

    model_config = ConfigDict(extra="forbid")

    year: HolidayYear | None = Field(None, description="This year if absent")


@calendar.route("GET", _CALENDAR, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CalendarAnswer})
def get_calendar(query: CalendarQuery, connection: Connection) -> CalendarAnswer:
    """List holidays and terms, of a period, the latest first or in another order."""
    sorting = entries.build_sorting(query.sort, query.order)
    page = read_page(query, sorting.cursor)
    wanted = CalendarFilter(query.start, query.end, query.kind, query.q)
    shown, last = page.split(entries.fetch_entries(connection, wanted, sorting, page))
    return CalendarAnswer(
        entries=[CalendarEntry.model_validate(row, from_attributes=True) for row in shown],
        total=entries.count_entries(connection, wanted),
        next_cursor=sorting.format_cursor(current_context().references, last),
    )


@calendar.route("GET", _ENTRY, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CalendarEntry})
def get_calendar_entry(entry_id: str, connection: Connection) -> CalendarEntry:
    """Get one holiday or term."""
    entry = entries.fetch_entry(connection, entry_id)
    if entry is None:
        raise _no_entry()
    return entry


@calendar.route(
    "PUT", _ENTRY, scope=Scope.ADMIN, answers={HTTPStatus.CREATED: CalendarEntry, HTTPStatus.OK: CalendarEntry}
)
def put_calendar_entry(entry_id: str, body: CalendarEntryRequest) -> tuple[CalendarEntry, HTTPStatus]:
    """Add a holiday or a term, or change it."""
    entry = validate(IdentifiedCalendarEntry, {"id": entry_id, **body.model_dump()})
    actor, now = current_principal().name, datetime.now(UTC)
    with current_context().database.write() as connection:
        saved, created = entries.save_entry(connection, entry.id, body, actor=actor, now=now)
    return saved, HTTPStatus.CREATED if created else HTTPStatus.OK


@calendar.route("DELETE", _ENTRY, scope=Scope.ADMIN, answers={HTTPStatus.NO_CONTENT: None})
def delete_calendar_entry(entry_id: str) -> None:
    """Delete a holiday or a term."""
    actor, now = current_principal().name, datetime.now(UTC)
    with current_context().database.write() as connection:
        if not entries.delete_entry(connection, entry_id, actor=actor, now=now):
            raise _no_entry()


@calendar.route(
    "POST",
    f"{_CALENDAR}/import",
    scope=Scope.ADMIN,
    answers={HTTPStatus.OK: CalendarImported},
    reads=CalendarFileText,
    media_types=(_ICALENDAR,),
)
def post_calendar_file(query: ImportQuery) -> CalendarImported:
    """Import the all-day events of an iCalendar file; an event with a known UID replaces the entry."""
    check_media_type(_ICALENDAR)
    found = parse_calendar_file(read_bytes(), query.kind, today=datetime.now(UTC).date())
    if found.errors:
        raise invalid(found.errors)
    imported = _import(found.entries, entries.is_of_events(found.uids), "file")
    return CalendarImported(created=imported.created, replaced=imported.replaced, skipped=found.skipped)


@calendar.route("GET", _SCHOOL_HOLIDAYS, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: HolidayCountriesAnswer})
def get_school_holidays(query: CountriesQuery) -> HolidayCountriesAnswer:
    """List the countries and regions whose school holidays of a year are known."""
    year = query.year or datetime.now(UTC).year
    return HolidayCountriesAnswer(year=year, countries=list(list_countries(year)))


@calendar.route("POST", _SCHOOL_HOLIDAYS, scope=Scope.ADMIN, answers={HTTPStatus.OK: CalendarImported})
def post_school_holidays(body: SchoolHolidaysRequest) -> CalendarImported:
    """Add the school holidays of a country or region that have a date in the year, in place of those added before."""
    try:
        found = build_school_holidays(body.country, body.region, body.year)
    except UnknownHolidaysError as error:
        raise invalid([FieldError(pointer=f"/{error.field}", detail=str(error))]) from error
    source = name_source(body.country, body.region)
    imported = _import(found, entries.is_of_school_holidays(source, body.year), f"{source}{body.year}")
    return CalendarImported(created=imported.created, replaced=imported.replaced)


def _import(found: Mapping[str, CalendarEntryRequest], replaced: ColumnElement[bool], subject: str) -> entries.Imported:
    actor, now = current_principal().name, datetime.now(UTC)
    with current_context().database.write() as connection:
        return entries.import_entries(connection, found, replaced, subject, actor=actor, now=now)


def _no_entry() -> ProblemError:
    return not_found("such entry in the calendar")
