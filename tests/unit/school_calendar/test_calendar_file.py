"""Calendar files: which events become entries, and what is said about those that cannot."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.school_calendar.calendar_file import MAX_EVENTS, parse_calendar_file

TODAY = date(2026, 11, 30)


def build_file(*events: str) -> bytes:
    """A file with these events; each is its properties, one a line."""
    body = "\n".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{body}\nEND:VCALENDAR\n".encode()


def build_event(dates: str, uid: str = "1", name: str = "Winter break") -> str:
    """An event's properties; dates and more are given as they stand in a file."""
    return f"UID:{uid}\nSUMMARY:{name}\n{dates}"


def read(body: bytes) -> dict[str, tuple[str, str, str]]:
    """Name, first and last date of each entry; there must be no errors."""
    found = parse_calendar_file(body, "holiday", today=TODAY)
    assert found.errors == []
    return {name: (entry.name, str(entry.start), str(entry.end)) for name, entry in found.entries.items()}


def read_error(body: bytes) -> tuple[str, str]:
    """Place and text of the only error."""
    [error] = parse_calendar_file(body, "holiday", today=TODAY).errors
    return error.pointer, error.detail


@pytest.mark.parametrize(
    ("dates", "start", "end"),
    [
        ("DTSTART;VALUE=DATE:20261221\nDTEND;VALUE=DATE:20270105", "2026-12-21", "2027-01-04"),
        ("DTSTART;VALUE=DATE:20261221", "2026-12-21", "2026-12-21"),
        ("DTSTART;VALUE=DATE:20261221\nDTEND;VALUE=DATE:20261221", "2026-12-21", "2026-12-21"),
        ("DTSTART;VALUE=DATE:20261221\nDURATION:P2W", "2026-12-21", "2027-01-03"),
        # Some programs write whole days with midnights.
        ("DTSTART:20261221T000000Z\nDTEND:20261223T000000Z", "2026-12-21", "2026-12-22"),
        ("DTSTART;TZID=Mars/Olympus:20261221T000000\nDTEND;TZID=Mars/Olympus:20261222T000000",) + ("2026-12-21",) * 2,
    ],
)
def test_the_end_of_an_all_day_event_is_excluded(dates: str, start: str, end: str) -> None:
    assert read(build_file(build_event(dates))) == {"1": ("Winter break", start, end)}


def test_names_are_unfolded_and_unescaped() -> None:
    event = "UID:1\nSUMMARY;LANGUAGE=en:Fall\\, \n and more\nDTSTART;VALUE=DATE:20261221"
    assert read(build_file(event).replace(b"\n", b"\r\n"))["1"][0] == "Fall, and more"


def test_events_with_a_time_and_canceled_ones_are_no_holidays() -> None:
    timed = build_event("DTSTART:20261221T100000Z\nDTEND:20261221T110000Z", "2")
    lasting = build_event("DTSTART:20261221T100000Z\nDURATION:PT1H", "3")
    canceled = build_event("DTSTART;VALUE=DATE:20261221\nSTATUS:CANCELLED", "4")
    found = parse_calendar_file(build_file(timed, lasting, canceled), "term", today=TODAY)
    assert (found.entries, found.skipped, found.errors) == ({}, 3, [])


def test_a_yearly_event_is_entered_for_the_years_around_today() -> None:
    rule = "DTSTART;VALUE=DATE:20200704\nRRULE:FREQ=YEARLY"
    assert list(read(build_file(build_event(rule)))) == [f"1/{year}" for year in range(2025, 2032)]
    for end in ("UNTIL=20260704", "COUNT=7"):
        entries = read(build_file(build_event(f"{rule};{end}")))
        assert list(entries) == ["1/2025", "1/2026"]
        assert entries["1/2026"][1:] == ("2026-07-04", "2026-07-04")
    leap_day = build_event("DTSTART;VALUE=DATE:20200229\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    assert list(read(build_file(leap_day))) == ["1/2028"]


@pytest.mark.parametrize(
    ("event", "pointer", "detail"),
    [
        (
            build_event("DTSTART;VALUE=DATE:20261221\nDTEND;VALUE=DATE:20261220"),
            "DTEND",
            "before DTSTART 2026-12-21",
        ),
        (build_event("DTSTART;VALUE=DATE:20261221\nDTEND;VALUE=DATE:20290101"), "", "at most 366 are allowed"),
        (build_event("DTSTART;VALUE=DATE:20261399"), "DTSTART", "cannot be read"),
        (build_event("DTSTART;VALUE=DATE:20261221\nDURATION:soon"), "DURATION", "cannot be read"),
        (build_event("DTSTART;VALUE=DATE:20261221\nDURATION:P9999999W"), "DURATION", "is out of range"),
        (build_event("DTEND;VALUE=DATE:20261221"), "DTSTART", "is required"),
        (build_event("DTSTART;VALUE=DATE:20261221\nDTSTART;VALUE=DATE:20261222"), "DTSTART", "more than once"),
        (build_event("DTSTART;VALUE=DATE:20261221", uid=""), "UID", "is required"),
        (build_event("DTSTART;VALUE=DATE:20261221", uid="u" * 124), "UID", "at most 123 characters"),
        (build_event("DTSTART;VALUE=DATE:20261221", name=""), "SUMMARY", "at least 1 character"),
        (build_event("DTSTART;VALUE=DATE:20261221", name="n" * 121), "SUMMARY", "at most 120 characters"),
        (build_event("DTSTART;VALUE=DATE:20261221\nRRULE:FREQ=WEEKLY"), "RRULE", "on the same date of each year"),
        (build_event("DTSTART;VALUE=DATE:20261221\nRRULE:FREQ=YEARLY;BYDAY=1MO"), "RRULE", "BYDAY is not supported"),
        (build_event("DTSTART;VALUE=DATE:20261221\nRDATE;VALUE=DATE:20261231"), "RRULE", "enter each of its dates"),
        ("UID 1\nDTSTART;VALUE=DATE:20261221", "", "cannot be read"),
    ],
)
def test_an_error_says_line_event_and_what_is_wrong(event: str, pointer: str, detail: str) -> None:
    good = build_event("DTSTART;VALUE=DATE:20261221", "good")
    place, text = read_error(build_file(good, event))
    assert place == "/VEVENT/1" + (f"/{pointer}" if pointer else "")
    assert text.startswith("line 9")
    assert detail in text


def test_an_error_names_the_event() -> None:
    _, text = read_error(build_file(build_event("DTEND;VALUE=DATE:20261221")))
    assert text == "line 4 (Winter break): is required"


def test_one_uid_is_one_event() -> None:
    event = build_event("DTSTART;VALUE=DATE:20261221")
    assert read_error(build_file(event, event))[1] == "line 9 (Winter break): 1 is used by an earlier event, too"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "this is no iCalendar file: it has no line BEGIN:VCALENDAR"),
        (b"name,start,end\n", "this is no iCalendar file: it has no line BEGIN:VCALENDAR"),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "the file has no events"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n", "line 2: the event has no line END:VEVENT"),
        (b"BEGIN:VCALENDAR\n\xff\n", "line 2 is not UTF-8 text; export the calendar as an .ics file"),
        (
            build_file(*[build_event("DTSTART;VALUE=DATE:20261221", str(uid)) for uid in range(MAX_EVENTS + 1)]),
            f"the file has {MAX_EVENTS + 1} events; at most {MAX_EVENTS} are allowed",
        ),
    ],
)
def test_an_error_says_what_is_wrong_with_the_file(body: bytes, detail: str) -> None:
    assert read_error(body)[1] == detail


@given(
    st.lists(
        st.sampled_from(
            """UID:1 UID:2 SUMMARY:Break SUMMARY;X=:: DTSTART;VALUE=DATE:20261221 DTSTART:20261221T100000
            DTEND;VALUE=DATE:20261224 DTEND;VALUE=DATE:00010101 DTSTART;VALUE=DATE:99991231 DURATION:P1D DURATION:-P3D
            RRULE:FREQ=YEARLY RRULE:FREQ=YEARLY;COUNT=0 RRULE:FREQ=YEARLY;UNTIL=20270101T000000Z RRULE: RRULE:X=Y
            DTSTART;VALUE=PERIOD:20261221T000000Z/P1D DTSTART;TZID=Europe/Berlin:20261221T000000 STATUS:CANCELLED
            BEGIN:VALARM END:VALARM BEGIN:VEVENT END:VEVENT BEGIN:VTIMEZONE END:VTIMEZONE DTSTART: : ; =""".split()
        )
        | st.text(max_size=20),
        max_size=12,
    )
)
def test_any_file_is_read_or_refused_in_words(lines: list[str]) -> None:
    body = build_file("\n".join(lines))
    found = parse_calendar_file(body, "holiday", today=TODAY)
    assert found.entries or found.skipped or found.errors
