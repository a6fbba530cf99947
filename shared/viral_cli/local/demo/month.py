"""The month as a whole: every link and event of 35 days, as of a moment.

Each day follows from the seed and its own date, so a load on a later day adds what happened since and meets
everything older as a duplicate.
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
from viral_cli.local.demo.people import Event
from viral_cli.local.demo.rhythm import at, format_time
from viral_cli.local.demo.school import generate_lesson, has_lesson, teachers_link
from viral_cli.local.demo.traffic import generate_clicks, generate_newcomers, generate_quiet_visits

DAYS = 35
_CONVERSIONS_LOST_A_DAY_BACK = 0.008


@dataclass(frozen=True, slots=True)
class Month:
    """Links and events in the order in which they came about, as the API takes them."""

    links: list[dict[str, Any]]
    events: list[Event]


def generate_month(now: datetime) -> Month:
    """The links and events of the 35 UTC dates that end with the date of `now`, nothing after `now`."""
    days = last_dates(now, DAYS)
    spells = last_dates(now, DAYS + LINK_LIFE_DAYS + SPELL_DAYS)
    links = {loop: generate_links(spells, loop) for loop in LOOPS}
    staged = list(_staged_scenes(days))
    events = [*_ordinary_events(days, links), *chain.from_iterable(events for _, events in staged)]
    events += _quiet_events(events, days[-1])
    items = [link.as_item() for link in chain(*links.values(), *(links for links, _ in staged))]
    return Month(until(now, "inserted_at", items), until(now, "occurred_at", events))


def last_dates(now: datetime, count: int) -> list[date]:
    """The last `count` dates, that of `now` included, the oldest first."""
    return [now.date() - timedelta(days=back) for back in range(count - 1, -1, -1)]


def until(now: datetime, field: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items whose time in that field is not after `now`, the oldest first."""
    # All times are written alike, in UTC, so that their texts sort as they do.
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
