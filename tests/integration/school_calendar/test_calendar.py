"""The school calendar over HTTP: entries, files, countries' holidays, and who may change them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from metrics_api.db.tables import audit_entries, calendar_entries
from metrics_api.school_calendar.holidays import fetch_holidays
from metrics_api.school_calendar.terms import fetch_terms
from tests.support.api_fixtures import Api
from tests.support.calendar import save_calendar_entry
from viral_contract.models.people import Scope

FILE = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:thanksgiving@district.example
SUMMARY:Thanksgiving
DTSTART;VALUE=DATE:20261126
DTEND;VALUE=DATE:20261128
END:VEVENT
BEGIN:VEVENT
UID:july
SUMMARY:Independence Day
DTSTART;VALUE=DATE:20200704
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:game
SUMMARY:Home game
DTSTART:20261126T180000Z
END:VEVENT
END:VCALENDAR
"""


def import_file(api: Api, text: str = FILE, **query: str) -> dict[str, Any]:
    """The answer to an import that must succeed."""
    response = api.send("POST", "/v1/calendar/import", data=text, content_type="text/calendar", query_string=query)
    assert response.status_code == 200, response.get_data(as_text=True)
    answer: dict[str, Any] = response.get_json()
    return answer


def list_ids(api: Api, **query: object) -> list[str]:
    """The ids of the listed entries, in their order."""
    return [entry["id"] for entry in api.read("/v1/calendar", **query)["entries"]]


def test_an_entry_is_saved_changed_and_deleted(api: Api) -> None:
    path, body = "/v1/calendar/winter", {"name": " Winter ", "start": "2026-12-21", "end": "2027-01-04"}
    created = api.send("PUT", path, json={**body, "kind": "holiday"})
    assert created.status_code == 201
    assert created.get_json() == api.read(path)
    assert api.read(path)["name"] == "Winter"
    assert api.send("PUT", path, json={**body, "kind": "term"}).status_code == 200
    assert api.read(path)["kind"] == "term"
    assert api.send("DELETE", path).status_code == 204
    api.refuse(404, "GET", path)
    api.refuse(404, "DELETE", path)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"end": "2026-12-20"}, ""),
        ({"end": "2028-12-20"}, ""),
        ({"start": "today"}, "/start"),
        ({"kind": "exam"}, "/kind"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(api: Api, changed: dict[str, str], pointer: str) -> None:
    body = {"name": "Winter", "start": "2026-12-21", "end": "2027-01-04", "kind": "holiday", **changed}
    problem = api.refuse(422, "PUT", "/v1/calendar/winter", json=body)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_an_id_is_as_long_as_others(api: Api) -> None:
    body = {"name": "Winter", "start": "2026-12-21", "end": "2027-01-04", "kind": "holiday"}
    problem = api.refuse(422, "PUT", f"/v1/calendar/{'x' * 129}", json=body)
    assert problem["errors"] == [{"pointer": "/id", "detail": "must have at most 128 characters"}]


def test_the_list_is_of_a_period_a_kind_and_a_text_in_any_order(api: Api) -> None:
    save_calendar_entry(api, "fall", "2026-08-31", "2026-12-18", "term")
    save_calendar_entry(api, "winter", "2026-12-21", "2027-01-04")
    save_calendar_entry(api, "spring", "2027-03-15", "2027-03-19")
    assert list_ids(api) == ["spring", "winter", "fall"]
    assert list_ids(api, sort="name") == ["fall", "spring", "winter"]
    assert list_ids(api, sort="end", order="asc") == ["fall", "winter", "spring"]
    assert list_ids(api, start="2026-12-18", end="2026-12-21") == ["winter", "fall"]
    assert list_ids(api, start="2026-12-19", end="2026-12-20") == []
    assert list_ids(api, kind="term") == ["fall"]
    assert list_ids(api, q="INTER") == ["winter"]
    first = api.read("/v1/calendar", limit=2)
    assert (len(first["entries"]), first["total"]) == (2, 3)
    assert list_ids(api, limit=2, cursor=first["next_cursor"]) == ["fall"]
    problem = api.refuse(422, "GET", "/v1/calendar", query_string={"start": "2026-12-19", "end": "2026-12-18"})
    assert problem["errors"][0]["pointer"] == "#end"


def test_a_file_is_imported_and_replaces_what_came_from_the_same_events(api: Api) -> None:
    first = import_file(api)
    assert first["created"] == api.read("/v1/calendar")["total"] == 1 + len(list_ids(api, q="Independence"))
    assert (first["replaced"], first["skipped"]) == (0, 1)
    thanksgiving = api.read("/v1/calendar/thanksgiving@district.example")
    assert (thanksgiving["start"], thanksgiving["end"]) == ("2026-11-26", "2026-11-27")
    again = import_file(api, FILE.replace("20261128", "20261201").replace("RRULE:FREQ=YEARLY", "X-ONCE:1"))
    assert (again["created"], again["replaced"]) == (1, 1)
    assert list_ids(api) == ["thanksgiving@district.example", "july"]
    assert api.read("/v1/calendar/thanksgiving@district.example")["end"] == "2026-11-30"
    assert import_file(api, FILE, kind="term")["replaced"] == 1
    assert api.read("/v1/calendar/thanksgiving@district.example")["kind"] == "term"


def test_a_file_is_imported_whole_or_not_at_all(api: Api) -> None:
    wrong = FILE.replace("DTEND;VALUE=DATE:20261128", "DTEND;VALUE=DATE:20261120")
    problem = api.refuse(422, "POST", "/v1/calendar/import", data=wrong, content_type="text/calendar")
    assert problem["errors"] == [
        {"pointer": "/VEVENT/0/DTEND", "detail": "line 3 (Thanksgiving): 2026-11-20 is before DTSTART 2026-11-26"}
    ]
    assert list_ids(api) == []


def test_a_file_has_a_type_and_a_size(api: Api) -> None:
    api.refuse(415, "POST", "/v1/calendar/import", data=FILE, content_type="text/plain")
    large = FILE + "X" * 1024 * 1024
    api.refuse(413, "POST", "/v1/calendar/import", data=large, content_type="text/calendar")


def test_school_holidays_of_a_region_replace_those_added_before(api: Api, connection: Connection) -> None:
    countries = {country["code"]: country for country in api.read("/v1/school-holidays", year=2026)["countries"]}
    assert {"code": "BY", "name": "Bayern"} in countries["DE"]["regions"]
    assert "US" not in countries
    asked = {"country": "DE", "region": "BY", "year": 2026}
    added = api.send("POST", "/v1/school-holidays", json=asked).get_json()
    assert added["created"] == api.read("/v1/calendar")["total"] > 4
    [christmas] = [entry for entry in api.read("/v1/calendar")["entries"] if entry["start"] == "2026-12-24"]
    assert (christmas["name"], christmas["end"], christmas["kind"]) == ("Christmas Break", "2027-01-08", "holiday")
    again = api.send("POST", "/v1/school-holidays", json=asked).get_json()
    assert (again["created"], again["replaced"]) == (0, added["created"])
    entry = connection.execute(select(audit_entries).where(audit_entries.c.action == "import_calendar")).first()
    assert entry is not None
    assert entry.subject == "calendar:school-holidays/DE/BY/2026"
    assert entry.after == {"added": added["created"], "replaced": 0, "removed": 0}


@pytest.mark.parametrize(
    ("asked", "pointer", "detail"),
    [
        ({"country": "US"}, "/country", "has no known school holidays in 2026; choose AU,"),
        ({"country": "DE"}, "/region", "is required here; choose Augsburg,"),
        ({"country": "DE", "region": "XX"}, "/region", "has no known school holidays in 2026"),
        ({"country": "DE", "region": "BY", "year": 1999}, "/year", "must be at least 2000"),
    ],
)
def test_unknown_school_holidays_are_refused_with_what_is_known(
    api: Api, asked: dict[str, object], pointer: str, detail: str
) -> None:
    problem = api.refuse(422, "POST", "/v1/school-holidays", json={"year": 2026, **asked})
    assert problem["errors"][0]["pointer"] == pointer
    assert problem["errors"][0]["detail"].startswith(detail)


def test_changes_are_audited_with_both_states(api: Api, connection: Connection) -> None:
    save_calendar_entry(api)
    save_calendar_entry(api, end="2027-01-08")
    api.send("DELETE", "/v1/calendar/winter")
    found = connection.execute(
        select(audit_entries).where(audit_entries.c.subject == "calendar:winter").order_by(audit_entries.c.id)
    ).all()
    assert [entry.action for entry in found] == ["save_calendar_entry"] * 2 + ["delete_calendar_entry"]
    assert [(entry.before or {}).get("end") for entry in found] == [None, "2027-01-04", "2027-01-08"]
    assert [(entry.after or {}).get("end") for entry in found] == ["2027-01-04", "2027-01-08", None]


def test_readers_of_metrics_read_it_and_admins_change_it(api: Api, holder_of: Callable[..., Api]) -> None:
    save_calendar_entry(api)
    reader = holder_of(Scope.METRICS_READ)
    assert list_ids(reader) == ["winter"]
    assert reader.read("/v1/calendar/winter")["id"] == "winter"
    reader.read("/v1/school-holidays")
    body = {"name": "Winter", "start": "2026-12-21", "end": "2027-01-04", "kind": "holiday"}
    reader.refuse(403, "PUT", "/v1/calendar/winter", json=body)
    reader.refuse(403, "DELETE", "/v1/calendar/winter")
    reader.refuse(403, "POST", "/v1/calendar/import", data=FILE, content_type="text/calendar")
    reader.refuse(403, "POST", "/v1/school-holidays", json={"country": "BG", "year": 2026})
    holder_of(Scope.EVENTS_WRITE).refuse(403, "GET", "/v1/calendar")


def test_holidays_by_day(api: Api, connection: Connection) -> None:
    save_calendar_entry(api, "winter", "2026-12-21", "2027-01-04")
    save_calendar_entry(api, "eve", "2026-12-24", "2026-12-24")
    save_calendar_entry(api, "early", "2026-12-19", "2026-12-21")
    save_calendar_entry(api, "fall", "2026-08-31", "2026-12-23", "term")
    found = fetch_holidays(connection, date(2026, 12, 20), date(2026, 12, 24))
    assert found == {
        date(2026, 12, 20): "Early holiday",
        date(2026, 12, 21): "Early holiday",
        **{date(2026, 12, day): "Winter holiday" for day in (22, 23, 24)},
    }
    assert fetch_holidays(connection, date(2026, 12, 1), date(2026, 12, 18)) == {}


def test_terms_of_the_calendar_are_the_current_term_and_the_term_ago(api: Api, connection: Connection) -> None:
    today = datetime.now(UTC).date()
    by_setting = api.read("/v1/growth/term")
    first, before = today - timedelta(days=20), today - timedelta(days=100)
    save_calendar_entry(api, "now", str(first), str(today + timedelta(days=5)), "term")
    save_calendar_entry(api, "before", str(before), str(today - timedelta(days=40)), "term")
    assert fetch_terms(connection, "06-30,12-20").find(today).start == first
    assert api.read("/v1/growth/term")["start"] == str(first) != by_setting["start"]
    period = {"start": str(today - timedelta(days=6)), "end": str(today)}
    compared = api.read("/v1/growth/k-factor", **period, compare="term")["previous"]["period"]
    assert compared["start"] == str(before + timedelta(days=14))
    connection.execute(calendar_entries.delete())
    assert fetch_terms(connection, "06-30,12-20").listed == []
