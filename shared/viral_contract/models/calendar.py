"""The school calendar: holidays, which are compared with holidays, and terms."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, StringConstraints, model_validator

from viral_contract.models.period import MAX_DAYS
from viral_contract.models.values import CONTROL_FREE, IsoDate, RequiredId, check_text

CalendarKind = Literal["holiday", "term"]
HolidayYear = Annotated[int, Field(ge=2000, le=2100)]
CalendarSort = Literal["start", "end", "name", "kind"]
CalendarName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(check_text),
    CONTROL_FREE,
]


class CalendarEntryRequest(BaseModel):
    """Dates of a holiday or a term, both included."""

    model_config = ConfigDict(extra="forbid")

    name: CalendarName
    start: IsoDate
    end: IsoDate
    kind: CalendarKind

    @model_validator(mode="after")
    def check_dates(self) -> Self:
        """Refuse dates that are reversed or more than a year apart."""
        if self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        if (days := (self.end - self.start).days + 1) > MAX_DAYS:
            raise ValueError(f"has {days} days; at most {MAX_DAYS} are allowed")
        return self


class IdentifiedCalendarEntry(CalendarEntryRequest):
    """The same with the id from its path."""

    id: RequiredId


class CalendarEntry(BaseModel):
    """A holiday or a term."""

    id: str
    name: str
    start: date
    end: date
    kind: CalendarKind
    created_at: datetime
    created_by: str


class CalendarAnswer(BaseModel):
    """A page of the calendar."""

    entries: list[CalendarEntry]
    total: int = Field(description="Entries that match the filter")
    next_cursor: str | None


class CalendarFileText(RootModel[str]):
    """An iCalendar file (RFC 5545) in UTF-8, of which all-day events are imported."""


class CalendarImported(BaseModel):
    """What an import changed."""

    created: int
    replaced: int = Field(description="Entries that the calendar already had")
    skipped: int = Field(0, description="Events with a time of day and canceled ones, which are no holidays")


class HolidayRegion(BaseModel):
    """A part of a country with school holidays of its own."""

    code: str
    name: str


class HolidayCountry(BaseModel):
    """A country whose school holidays are known."""

    code: str = Field(description="ISO 3166-1 alpha-2")
    name: str
    regions: list[HolidayRegion] = Field(description="Choose one of these; empty where the whole country has the same")


class HolidayCountriesAnswer(BaseModel):
    """Countries by name, with school holidays in the year."""

    year: int
    countries: list[HolidayCountry]


class SchoolHolidaysRequest(BaseModel):
    """Whose school holidays of which year to add."""

    model_config = ConfigDict(extra="forbid")

    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
    region: Annotated[str, Field(max_length=40), AfterValidator(check_text), CONTROL_FREE] | None = None
    year: HolidayYear
