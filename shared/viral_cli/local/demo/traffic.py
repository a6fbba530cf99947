"""Ordinary traffic: people click, look, sign up, convert, and return or not."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from viral_cli.local.demo.loops import LiveLinks, Loop, count_signups, newcomer_key
from viral_cli.local.demo.people import Event, Visitor, choose_regulars, user_at_home, visitors_of_day
from viral_cli.local.demo.rhythm import daily_count, fill_gaps, sample_time, sample_times
from viral_cli.local.demo.seeded import stream

_CLICKS_A_DAY = 440
_CLICKERS_WHO_LOOK = 0.66
_CONVERTS_WHO_ACTIVATE = 0.78
_RETURN_DAYS = 28
_PRICES = (4.99, 4.99, 9.99, 19.99)
_LONGEST_SILENCE = timedelta(minutes=4)


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
