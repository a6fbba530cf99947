"""The whole month: every link and event of 35 days up to a moment.

Each day depends only on the seed and its date, so a load on a later day adds the days since, and everything older
is a duplicate.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from operator import itemgetter
from typing import Any

from viral_cli.local.demo.fraud import (
    BOT_DAYS_AGO,
    RINGS,
    TOO_GOOD_A_RATE,
    TOO_MANY_A_DAY,
    generate_bot_burst,
    generate_ring,
    generate_staged,
)
from viral_cli.local.demo.loops import (
    LINK_LIFE_DAYS,
    LOOPS,
    SPELL_DAYS,
    Link,
    LiveLinks,
    Loop,
    generate_links,
)
from viral_cli.local.demo.people import Event, user_id_of, visitor_at
from viral_cli.local.demo.rhythm import at, format_time
from viral_cli.local.demo.seeded import opaque_id, stream
from viral_cli.local.demo.traffic import generate_clicks, generate_newcomers, generate_quiet_visits

SCHOOL_ADDRESS = "192.0.2.77"
PUPILS = 28
_LESSON_DAYS = (1, 3)
_LESSON_BEGINS = 13.2
_LESSON_MINUTES = 42


def has_lesson(day: date) -> bool:
    """Whether the class uses the app at school on that day: on Tuesdays and Thursdays."""
    return day.weekday() in _LESSON_DAYS


def teachers_link(day: date) -> Link:
    """The class's link for the lesson."""
    teacher = user_id_of("regular", 0)
    return Link(opaque_id("lnk", "class", day), teacher, "study_session", at(day, _LESSON_BEGINS - 0.5))


def generate_lesson(day: date) -> Iterator[Event]:
    """Each pupil opens the class's link once in the lesson."""
    rng, link = stream("lesson", day), teachers_link(day)
    for pupil in range(PUPILS):
        visitor = visitor_at(SCHOOL_ADDRESS, "pupil", pupil)
        clicked_at = at(day, _LESSON_BEGINS) + timedelta(minutes=rng.uniform(0, _LESSON_MINUTES))
        yield visitor.act("click", clicked_at, "class", day, pupil, link_id=link.link_id)
        looked_at = clicked_at + timedelta(seconds=rng.uniform(1, 20))
        yield visitor.act("visit", looked_at, "class", day, pupil, **link.landing())


DAYS = 35
_CONVERSIONS_LOST_A_DAY_BACK = 0.008


@dataclass(frozen=True, slots=True)
class Month:
    """Links and events in order of time, as the API takes them."""

    links: list[dict[str, Any]]
    events: list[Event]


def generate_month(now: datetime) -> Month:
    """The links and events of the 35 UTC dates up to `now`."""
    days = last_dates(now, DAYS)
    spells = last_dates(now, DAYS + LINK_LIFE_DAYS + SPELL_DAYS)
    links = {loop: generate_links(spells, loop) for loop in LOOPS}
    staged = list(_staged_scenes(days))
    events = [*_ordinary_events(days, links), *chain.from_iterable(events for _, events in staged)]
    events += _quiet_events(events, days[-1])
    items = [link.as_item() for link in chain(*links.values(), *(links for links, _ in staged))]
    return Month(until(now, "inserted_at", items), until(now, "occurred_at", events))


def last_dates(now: datetime, count: int) -> list[date]:
    """The last `count` dates including that of `now`, oldest first."""
    return [now.date() - timedelta(days=back) for back in range(count - 1, -1, -1)]


def until(now: datetime, field: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items whose time in that field is not after `now`, oldest first."""
    # All times have the same UTC format, so their texts sort like the times.
    limit = format_time(now)
    return sorted((item for item in items if item[field] <= limit), key=itemgetter(field))


def _ordinary_events(days: list[date], links: dict[Loop, list[Link]]) -> Iterator[Event]:
    every_link = list(chain.from_iterable(links.values()))
    for back, day in enumerate(reversed(days)):
        live = LiveLinks(every_link, day)
        yield from generate_clicks(day, live)
        if back in BOT_DAYS_AGO:
            yield from generate_bot_burst(day, live)
        for loop in LOOPS:
            conversions = loop.conversions * (1 - back * _CONVERSIONS_LOST_A_DAY_BACK)
            yield from generate_newcomers(day, loop, LiveLinks(links[loop], day), conversions)


def _staged_scenes(days: list[date]) -> Iterator[tuple[list[Link], Iterable[Event]]]:
    for day in filter(has_lesson, days):
        yield [teachers_link(day)], generate_lesson(day)
    for ring in RINGS:
        for day in (days[-1 - back] for back in ring.days_ago):
            yield ring.links(day), generate_ring(ring, day)
    for referrer in (TOO_MANY_A_DAY, TOO_GOOD_A_RATE):
        for day in (days[-1 - back] for back in referrer.days_ago):
            yield [referrer.link(day)], generate_staged(referrer, day)


def _quiet_events(events: list[Event], today: date) -> Iterator[Event]:
    begin, end = at(today, -1), at(today, 24)
    moments = sorted(datetime.fromisoformat(event["occurred_at"]) for event in events)
    return generate_quiet_visits(today, [begin, *(moment for moment in moments if begin < moment < end), end])
