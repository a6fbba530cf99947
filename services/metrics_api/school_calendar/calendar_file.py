"""Reads iCalendar files (RFC 5545): all-day events become entries of the school calendar.

Only the events are parsed, each by itself, so that an error has the line where its event begins, and no file can
define time zones, which parsers keep.
"""

import re
from calendar import isleap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from icalendar import Component, Event
from pydantic import ValidationError

from viral_contract.models.calendar import CalendarEntryRequest, CalendarKind
from viral_contract.models.problem import FieldError, format_sentence
from viral_contract.models.values import MAX_ID_LENGTH, check_text, normalize_id

MAX_EVENTS = 2000
_DAY = timedelta(days=1)
_LINE_BREAK = re.compile("\r\n|\n|\r")
# A yearly event without an end is entered for these years, from the one before the import's on.
_YEARS = 5
_PROPERTIES = {"start": "DTSTART", "end": "DTEND", "name": "SUMMARY"}
_IN_A_YEAR = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "WKST"}


class _Block(NamedTuple):
    """The lines of one event, of which the first has this number."""

    line: int
    text: str


class _EventError(ValueError):
    """An event that cannot be an entry; `name` is the property that does not fit."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass
class CalendarFile:
    """What a file holds: entries by id, the UIDs they came from, how many events are no holidays, and errors."""

    entries: dict[str, CalendarEntryRequest] = field(default_factory=dict)
    uids: list[str] = field(default_factory=list)
    skipped: int = 0
    errors: list[FieldError] = field(default_factory=list)


def parse_calendar_file(body: bytes, kind: CalendarKind, *, today: date) -> CalendarFile:
    """Every event of the file, or where and what is wrong with those that cannot be read."""
    found = CalendarFile()
    try:
        for index, block in enumerate(_split(_decode(body))):
            _add(found, block, index, kind, today)
    except _EventError as error:
        found.errors.append(FieldError(pointer=error.name, detail=str(error)))
    return found


def _decode(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise _EventError("", f"line {line} is not UTF-8 text; export the calendar as an .ics file") from error
    if not re.search(r"^BEGIN:VCALENDAR\s*$", text, re.IGNORECASE | re.MULTILINE):
        raise _EventError("", "this is no iCalendar file: it has no line BEGIN:VCALENDAR")
    return text


def _split(text: str) -> Iterator[_Block]:
    """The events with the numbers of their lines."""
    begun, lines, events = 0, [""], 0
    for number, line in enumerate(_LINE_BREAK.split(text), start=1):
        mark = line.rstrip().upper()
        if mark == "BEGIN:VEVENT":
            begun, lines, events = number, [], events + 1
        if begun:
            lines.append(line)
        if begun and mark == "END:VEVENT":
            yield _Block(begun, "\r\n".join([*lines, ""]))
            begun = 0
    if begun:
        raise _EventError(f"/VEVENT/{events - 1}", f"line {begun}: the event has no line END:VEVENT")
    if events == 0:
        raise _EventError("", "the file has no events")
    if events > MAX_EVENTS:
        raise _EventError("", f"the file has {events} events; at most {MAX_EVENTS} are allowed")


def _add(found: CalendarFile, block: _Block, index: int, kind: CalendarKind, today: date) -> None:
    try:
        event = _parse(block)
        dates = _find_dates(event)
        if dates is None or str(event.get("STATUS", "")).upper() == "CANCELLED":
            found.skipped += 1
            return
        uid = _read_uid(event)
        if uid in found.uids:
            raise _EventError("UID", f"{uid} is used by an earlier event, too")
        repeated = _repeat(event, uid, dates, today)
        entries = {name: _build(event, start, end, kind) for name, start, end in repeated}
    except _EventError as error:
        pointer = f"/VEVENT/{index}/{error.name}".rstrip("/")
        found.errors.append(FieldError(pointer=pointer, detail=f"line {block.line}{_name(block)}: {error}"))
        return
    found.uids.append(uid)
    found.entries.update(entries)


def _parse(block: _Block) -> Component:
    try:
        event = Event.from_ical(block.text)
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise _EventError("", f"cannot be read: {error}") from error
    for name, message in event.errors:
        if name is None or name.upper() in ("DTSTART", "DTEND", "DURATION", "RRULE"):
            raise _EventError(name or "", f"cannot be read: {message}")
    return event


def _name(block: _Block) -> str:
    found = re.search(r"^SUMMARY[^:\r\n]*:(.{1,60})", block.text, re.IGNORECASE | re.MULTILINE)
    return f" ({found[1].strip()})" if found else ""


def _read_uid(event: Component) -> str:
    uid = normalize_id(str(event.get("UID", "")).strip())
    if not uid:
        raise _EventError("UID", "is required")
    if len(uid) > MAX_ID_LENGTH - len("/2026"):
        raise _EventError("UID", f"must have at most {MAX_ID_LENGTH - len('/2026')} characters")
    try:
        return check_text(uid)
    except ValueError as error:
        raise _EventError("UID", str(error)) from error


def _find_dates(event: Component) -> tuple[date, date] | None:
    """The first and the last date of an all-day event, None for one with a time of day."""
    start, end = _read(event, "DTSTART"), _read(event, "DTEND")
    if start is None:
        raise _EventError("DTSTART", "is required")
    if end is None:
        end = _add_time(start, _read(event, "DURATION"))
    if not isinstance(start, date) or not isinstance(end, date):
        return None
    # The end is excluded; some programs write the same date for one day.
    last = start if end == start else end - _DAY
    if last < start:
        raise _EventError("DTEND", f"{end} is before DTSTART {start}")
    return start, last


def _read(event: Component, name: str) -> Any:
    """The property's date, time or duration; midnight stands for its date."""
    value = event.get(name)
    if isinstance(value, list):
        raise _EventError(name, "is given more than once")
    given = getattr(value, "dt", None)
    if isinstance(given, datetime):
        return given.date() if given.time() == time() else given.time()
    return given


def _add_time(start: Any, duration: Any) -> Any:
    """The excluded end of an event that has no DTEND: a date, or None where it has a time of day."""
    if not isinstance(start, date) or not isinstance(duration, timedelta | None):
        return None
    try:
        return start + (_DAY if duration is None else duration)
    except OverflowError as error:
        raise _EventError("DURATION", "is out of range") from error


def _repeat(event: Component, uid: str, dates: tuple[date, date], today: date) -> Iterator[tuple[str, date, date]]:
    """The event's id and dates; for a yearly one those of each year from the last one on."""
    if any(name in event for name in ("RDATE", "EXDATE", "RECURRENCE-ID")):
        raise _EventError("RRULE", "repeats with exceptions; enter each of its dates as an event")
    if "RRULE" not in event:
        yield uid, *dates
        return
    start, end = dates
    for start_of_year in _list_years(event["RRULE"], start, today):
        yield f"{uid}/{start_of_year.year}", start_of_year, start_of_year + (end - start)


def _list_years(rule: Any, start: date, today: date) -> Iterator[date]:
    """The date in each year that the rule names and that is near today."""
    given = {name: values[0] for name, values in rule.items()} if isinstance(rule, dict) else {}
    same = {"INTERVAL": 1, "BYMONTH": start.month, "BYMONTHDAY": start.day}
    if given.get("FREQ") != "YEARLY" or any(given[name] != value for name, value in same.items() if name in given):
        raise _EventError("RRULE", "only events that repeat on the same date of each year can be imported")
    if unknown := given.keys() - _IN_A_YEAR:
        raise _EventError("RRULE", f"{', '.join(sorted(unknown))} is not supported; enter each date as an event")
    last = min(today.year + _YEARS, start.year + int(given.get("COUNT", _YEARS + today.year)) - 1)
    for year in range(max(start.year, today.year - 1), last + 1):
        if (start.month, start.day) == (2, 29) and not isleap(year):
            continue
        if (day := start.replace(year=year)) <= _find_until(given, day):
            yield day


def _find_until(given: Mapping[str, Any], day: date) -> date:
    until = given.get("UNTIL", day)
    return until.date() if isinstance(until, datetime) else until


def _build(event: Component, start: date, end: date, kind: CalendarKind) -> CalendarEntryRequest:
    name = str(event.get("SUMMARY", "")).strip()
    try:
        return CalendarEntryRequest(name=name, start=start, end=end, kind=kind)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = _PROPERTIES.get("/".join(map(str, first["loc"])), "")
        raise _EventError(place, format_sentence(first)) from error
