"""The client's calls about the school calendar."""

from urllib.parse import quote

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.calendar import (
    CalendarAnswer,
    CalendarEntry,
    CalendarEntryRequest,
    CalendarImported,
    CalendarKind,
    HolidayCountriesAnswer,
    SchoolHolidaysRequest,
)


class CalendarApi(ApiConnection):
    """Holidays and terms."""

    def fetch_calendar(self, **query: QueryValue) -> CalendarAnswer:
        """Holidays and terms, the latest first, or sorted by `sort` and `order`."""
        return self._call("GET", "/v1/calendar", CalendarAnswer, params=query)

    def fetch_calendar_entry(self, entry_id: str) -> CalendarEntry:
        """One holiday or term. Raises ApiProblemError 404 if there is none."""
        return self._call("GET", _entry(entry_id), CalendarEntry)

    def save_calendar_entry(self, entry_id: str, request: CalendarEntryRequest) -> CalendarEntry:
        """Add a holiday or a term, or change it."""
        return self._call("PUT", _entry(entry_id), CalendarEntry, json=request.model_dump(mode="json"))

    def delete_calendar_entry(self, entry_id: str) -> None:
        """Delete a holiday or a term. Raises ApiProblemError 404 if there is none."""
        self._send("DELETE", _entry(entry_id))

    def import_calendar(self, file: bytes, kind: CalendarKind) -> CalendarImported:
        """Import the all-day events of an iCalendar file. Raises ApiProblemError 422 with what is wrong and where."""
        given = {"params": {"kind": kind}, "content": file, "media_type": "text/calendar"}
        return self._call("POST", "/v1/calendar/import", CalendarImported, **given)

    def fetch_holiday_countries(self, year: int) -> HolidayCountriesAnswer:
        """The countries and regions whose school holidays of the year are known."""
        return self._call("GET", "/v1/school-holidays", HolidayCountriesAnswer, params={"year": year})

    def add_school_holidays(self, request: SchoolHolidaysRequest) -> CalendarImported:
        """Add the school holidays of a country or region and a year."""
        return self._call("POST", "/v1/school-holidays", CalendarImported, json=request.model_dump(mode="json"))


def _entry(entry_id: str) -> str:
    return f"/v1/calendar/{quote(entry_id, safe='')}"
