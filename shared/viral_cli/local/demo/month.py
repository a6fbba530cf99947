"""The whole month: every link and event of 35 days up to a moment.

Each day depends only on the seed and its date, so a load on a later day adds the days since, and everything older
is a duplicate.
"""

import random
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
from viral_cli.local.demo.leaks import LEAKING_DAYS_AGO, generate_leaks, newsletters_link
from viral_cli.local.demo.loops import (
    LINK_LIFE_DAYS,
    LOOPS,
    SPELL_DAYS,
    Link,
    LiveLinks,
    Loop,
    count_signups,
    generate_links,
    newcomer_key,
)
from viral_cli.local.demo.networks import (
    ROTATING_DAYS_AGO,
    SCHOOL_WITH_IPV6,
    SHARED_NETWORKS,
    generate_rotating,
    rotating_link,
)
from viral_cli.local.demo.people import (
    Event,
    Visitor,
    choose_regulars,
    user_at_home,
    visitors_of_day,
)
from viral_cli.local.demo.programs import generate_programs
from viral_cli.local.demo.referrers import STORIES, generate_lesson, lesson_link
from viral_cli.local.demo.rhythm import at, daily_count, fill_gaps, format_time, sample_time, sample_times
from viral_cli.local.demo.seeded import stream

_CLICKS_A_DAY = 440
_CLICKERS_WHO_LOOK = 0.66
_CONVERTS_WHO_ACTIVATE = 0.78
_RETURN_DAYS = 28
_PRICES = (4.99, 4.99, 9.99, 19.99)
_LONGEST_SILENCE = timedelta(minutes=4)
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
        yield from generate_programs(day, live)
        if back in BOT_DAYS_AGO:
            yield from generate_bot_burst(day, live)
        for loop in LOOPS:
            conversions = loop.conversions * (1 - back * _CONVERSIONS_LOST_A_DAY_BACK)
            yield from generate_newcomers(day, loop, LiveLinks(links[loop], day), conversions)


def _staged_scenes(days: list[date]) -> Iterator[tuple[list[Link], Iterable[Event]]]:
    for network in SHARED_NETWORKS:
        for day in filter(network.is_at_work, days):
            yield network.links(day), network.generate(day)
    for day in (days[-1 - back] for back in ROTATING_DAYS_AGO):
        yield [rotating_link(day)], generate_rotating(day)
    yield from (
        ([newsletters_link(day)], generate_leaks(day)) for day in (days[-1 - back] for back in LEAKING_DAYS_AGO)
    )
    for ring in RINGS:
        for day in (days[-1 - back] for back in ring.days_ago):
            yield ring.links(day), generate_ring(ring, day)
    for referrer in (TOO_MANY_A_DAY, TOO_GOOD_A_RATE):
        for day in (days[-1 - back] for back in referrer.days_ago):
            yield [referrer.link(day)], generate_staged(referrer, day)
    yield from ((story.links(days[-1]), story.generate(days[-1])) for story in STORIES)
    yield from (([lesson_link(day)], generate_lesson(day)) for day in filter(SCHOOL_WITH_IPV6.is_at_work, days))


def _quiet_events(events: list[Event], today: date) -> Iterator[Event]:
    begin, end = at(today, -1), at(today, 24)
    moments = sorted(datetime.fromisoformat(event["occurred_at"]) for event in events)
    return generate_quiet_visits(today, [begin, *(moment for moment in moments if begin < moment < end), end])


def generate_clicks(day: date, live: LiveLinks) -> Iterator[Event]:
    """The clicks of people who only look."""
    rng = stream("clicks", day)
    times = sample_times(rng, day, daily_count(_CLICKS_A_DAY, day, "clicks"))
    visitors = visitors_of_day(rng, "passer-by", day)
    for number, (moment, visitor) in enumerate(zip(times, visitors, strict=False)):
        if link := live.choose(rng, moment):
            yield visitor.act("click", moment, day, number, link_id=link.link_id)
            if rng.random() < _CLICKERS_WHO_LOOK:
                yield visitor.act("visit", _soon(rng, moment), day, number, **link.landing())


def generate_newcomers(day: date, loop: Loop, live: LiveLinks, conversions: float) -> Iterator[Event]:
    """The journeys started by a loop's links on that day; `conversions` of them are expected to convert."""
    converting = daily_count(conversions, day, "conversions", loop.source)
    for number in range(count_signups(day, loop)):
        yield from _journey(day, loop, number, live, converts=number < converting)


def _journey(day: date, loop: Loop, number: int, live: LiveLinks, *, converts: bool) -> Iterator[Event]:
    key = newcomer_key(day, loop, number)
    rng, user = stream("journey", *key), user_at_home(*key)
    clicked_at = sample_time(rng, day)
    link = live.choose(rng, clicked_at)
    if not link:
        return
    visited_at = _soon(rng, clicked_at)
    signed_up_at = visited_at + timedelta(minutes=rng.uniform(1, 14))
    yield user.act("click", clicked_at, *key, link_id=link.link_id)
    yield user.act("visit", visited_at, *key, **link.landing())
    yield user.act("signup", signed_up_at, *key, link_id=link.link_id)
    if converts:
        yield from _conversion(rng, user, signed_up_at, link.link_id, key)
    yield from _returns(day, loop, user, key)


def _conversion(
    rng: random.Random, user: Visitor, signed_up_at: datetime, link_id: str, key: tuple[object, ...]
) -> Iterator[Event]:
    converted_at = signed_up_at + timedelta(minutes=4, hours=rng.expovariate(1 / 7))
    yield user.act("conversion", converted_at, *key, link_id=link_id, conversion_value=rng.choice(_PRICES))
    if rng.random() < _CONVERTS_WHO_ACTIVATE:
        activated_at = converted_at + timedelta(minutes=10, hours=rng.expovariate(1 / 20))
        yield user.act("activation", activated_at, *key, link_id=link_id)


def _returns(day: date, loop: Loop, user: Visitor, key: tuple[object, ...]) -> Iterator[Event]:
    """Later visits, fewer with time since the signup."""
    rng = stream("returns", *key)
    for days_later in range(1, _RETURN_DAYS):
        moment = sample_time(rng, day + timedelta(days=days_later))
        if rng.random() < 0.3 * 0.91**days_later:
            yield user.act("visit", moment, *key, days_later, source=loop.source)


def generate_quiet_visits(day: date, times: list[datetime]) -> Iterator[Event]:
    """Visits of regulars in the gaps between `times`."""
    rng = stream("quiet", day)
    for moment in fill_gaps(times, _LONGEST_SILENCE):
        (key,) = choose_regulars(rng, 1)
        yield user_at_home(*key).act("visit", moment, "quiet", moment)


def _soon(rng: random.Random, moment: datetime) -> datetime:
    return moment + timedelta(seconds=rng.uniform(1, 25))
