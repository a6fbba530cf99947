"""The school calendar's page: who sees and changes it, and what its forms say."""

import json
from base64 import b64encode
from datetime import date
from typing import Any

import httpx
import pytest

from dashboard.calendar import file_form, form, holidays_form
from dashboard.calendar.page import LISTED, format_place
from dashboard.lists.view import press, show
from tests.support.answers import NOW
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of
from viral_contract.models.calendar import (
    CalendarAnswer,
    CalendarEntry,
    CalendarImported,
    HolidayCountriesAnswer,
    HolidayCountry,
    HolidayRegion,
)
from viral_contract.models.people import Role
from viral_contract.models.period import Period

PATH = "/v1/calendar"
WINTER = CalendarEntry(
    id="winter",
    name="Winter break",
    start=date(2026, 12, 21),
    end=date(2027, 1, 4),
    kind="holiday",
    created_at=NOW,
    created_by="ana@example.com",
)
GIVEN = {"name": "Winter break", "start": "2026-12-21", "end": "2027-01-04", "kind": "holiday"}
COUNTRIES = HolidayCountriesAnswer(
    year=2026,
    countries=[
        HolidayCountry(code="BG", name="Bulgaria", regions=[]),
        HolidayCountry(code="DE", name="Germany", regions=[HolidayRegion(code="BY", name="Bayern")]),
    ],
)


@pytest.fixture
def calendar(api: FakeApi) -> FakeApi:
    api.answers["GET", PATH] = CalendarAnswer(entries=[WINTER], total=1, next_cursor=None)
    return api


def refuse(*errors: dict[str, str]) -> httpx.Response:
    """The API's refusal of these values."""
    problem = {"title": "", "status": 422, "detail": "Nothing was changed.", "code": "invalid", "errors": errors}
    return httpx.Response(422, json=problem)


def encode(text: str) -> str:
    """A file as the browser sends it."""
    return f"data:text/calendar;base64,{b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(("role", "may_change"), [(Role.VIEWER, False), (Role.ANALYST, False), (Role.ADMIN, True)])
def test_everyone_reads_it_and_admins_change_it(calendar: FakeApi, view_as: Any, role: Role, may_change: bool) -> None:
    view_as(role)
    shown = show(LISTED, calendar.connect(), "", now=NOW)
    [entry] = find(shown["bodies"]["entries"], "violation")
    said = " ".join(text_of(entry).split())
    assert said.startswith("Winter break Holiday · by ana@example.com 21 Dec 2026 – 4 Jan 2027 15 days")
    assert ("Delete entry" in said) is may_change
    assert shown["hidden"] == {
        "entries": False,
        **dict.fromkeys(("filter", "form", "school", "import"), not may_change),
    }


def test_an_empty_calendar_says_what_that_means(calendar: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    calendar.answers["GET", PATH] = CalendarAnswer(entries=[], total=0, next_cursor=None)
    assert "No holidays and no terms yet." in text_of(
        show(LISTED, calendar.connect(), "", now=NOW)["bodies"]["entries"]
    )
    assert "No entry matches" in text_of(show(LISTED, calendar.connect(), "?q=x", now=NOW)["bodies"]["entries"])


@pytest.mark.parametrize(
    ("today", "said"),
    [("2026-12-19", "In 2 days"), ("2026-12-20", "Tomorrow"), ("2026-12-21", "Now"), ("2027-01-05", "Over")],
)
def test_an_entry_says_where_it_stands(today: str, said: str) -> None:
    assert format_place(Period.between(WINTER.start, WINTER.end), date.fromisoformat(today)) == said


def test_a_new_entry_gets_an_id_and_a_known_one_keeps_its_own(calendar: FakeApi) -> None:
    calendar.answers["PUT", f"{PATH}/winter"] = calendar.answers["GET", f"{PATH}/winter"] = WINTER
    shown = form.show_entry(calendar.connect(), "?edit=winter")
    assert shown == {"fields": GIVEN, "editing": "You are changing Winter break."}
    saved = form.save(calendar.connect(), GIVEN, "?edit=winter")
    assert (saved["said"], saved["search"], saved["fields"]["name"]) == ("Winter break is saved.", "", "")
    assert json.loads(calendar.asked[-1].content) == GIVEN
    with pytest.raises(KeyError):
        form.save(calendar.connect(), GIVEN, "")
    assert len(calendar.asked[-1].url.path) == len(f"{PATH}/") + 36


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"name": ""}, "name", "Must have at least 1 characters."),
        ({"start": None}, "start", "Must be a date such as 2026-03-01."),
        ({"end": "2026-12-20"}, "end", "End 2026-12-20 is before start 2026-12-21."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    calendar: FakeApi, changed: dict[str, str | None], field: str, said: str
) -> None:
    errors = form.save(calendar.connect(), {**GIVEN, **changed}, "")["errors"]
    assert {name: error for name, error in errors.items() if error} == {field: said}
    assert calendar.asked == []


def test_a_file_is_imported(calendar: FakeApi) -> None:
    calendar.answers["POST", f"{PATH}/import"] = CalendarImported(created=3, replaced=1, skipped=2)
    done = file_form.import_file(calendar.connect(), encode("BEGIN:VCALENDAR"), "school.ics", "term")
    assert (done["said"], done["errors"]) == ("school.ics: 3 added, 1 replaced, 2 events left out.", [])
    request = calendar.asked[-1]
    assert (request.content, request.headers["Content-Type"], request.url.query) == (
        b"BEGIN:VCALENDAR",
        "text/calendar",
        b"kind=term",
    )


def test_the_first_errors_of_a_file_are_listed_with_their_lines(calendar: FakeApi) -> None:
    errors = [{"pointer": f"/VEVENT/{line}/UID", "detail": f"line {line}: is required"} for line in range(7)]
    calendar.answers["POST", f"{PATH}/import"] = refuse(*errors)
    done = file_form.import_file(calendar.connect(), encode("BEGIN:VCALENDAR"), "school.ics", "term")
    said = " ".join(text_of(done["errors"]).split())
    assert said.startswith("Nothing was imported from school.ics: line 0: is required line 1:")
    assert said.endswith("line 4: is required and 2 more")
    assert (
        file_form.import_file(calendar.connect(), "data:,%%%", None, "term")["errors"] == "The file could not be read."
    )


def test_school_holidays_of_a_listed_place_are_added(calendar: FakeApi) -> None:
    calendar.answers["GET", "/v1/school-holidays"] = COUNTRIES
    calendar.answers["POST", "/v1/school-holidays"] = CalendarImported(created=7, replaced=0)
    assert list(holidays_form.name_places(COUNTRIES)) == ["Bulgaria", "Germany: Bayern"]
    done = holidays_form.add(calendar.connect(), " Germany: Bayern ", 2026)
    assert done["error"] is None
    assert json.loads(calendar.asked[-1].content) == {"country": "DE", "region": "BY", "year": 2026}
    unknown = holidays_form.add(calendar.connect(), "Atlantis", 2026)
    assert unknown["error"] == "Choose one of the listed countries or regions."
    assert holidays_form.add(calendar.connect(), "Bulgaria", "")["error"] == "The year must be a whole number."


def test_an_entry_is_deleted(calendar: FakeApi) -> None:
    calendar.answers["DELETE", f"{PATH}/a/b"] = httpx.Response(204)
    assert press(LISTED, calendar.connect(), "delete", "a/b")["said"] == "Deleted."
