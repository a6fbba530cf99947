"""An independent account of the facts that follow from journeys and active weeks."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from math import log
from typing import Any, NamedTuple

Rows = Mapping[tuple[Any, ...], tuple[Any, ...]]


class _Journey(NamedTuple):
    """The columns of user_journeys in the order of `brute_force`, with the person before them."""

    person: str
    clicked_at: datetime | None
    first_visit_at: datetime | None
    signup_at: datetime | None
    first_conversion_at: datetime | None
    first_activation_at: datetime | None
    visited_at: datetime | None
    signed_up_at: datetime | None
    converted_at: datetime | None
    activated_at: datetime | None
    clicked_by_event: object
    click_source: str | None
    referred_at: datetime | None
    referred_by_event: object
    referrer_id: str | None
    sourced_at: datetime | None
    sourced_by_event: object
    first_source: str | None

    @property
    def loop(self) -> str:
        return self.click_source or self.first_source or ""

    @property
    def reached(self) -> list[int]:
        steps = self.visited_at, self.signed_up_at, self.converted_at, self.activated_at
        return [1, *(int(step is not None) for step in steps)]


class _Cycle(NamedTuple):
    referrer_id: str
    inviter_day: date
    day: date
    source: str
    hours: float

    @property
    def bucket(self) -> int:
        return int(log(self.hours + 1) * 20) + 1


def count_journeys(journeys: Rows, active_weeks: Rows) -> dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]:
    """Every fact of journeys, counted from all of them."""
    people = [_Journey(person, *columns) for (person,), columns in journeys.items()]
    cycles = dict(_find_cycles(people))
    return {
        "funnel_per_day": _count_funnel(people),
        "users_per_cohort_week": _count_cohorts(people, active_weeks),
        "signups_per_day": _count_signups(people, cycles.values()),
        "cycles": {(person,): tuple(cycle) for person, cycle in cycles.items()},
        "cycles_per_day": {
            key: (count,) for key, count in Counter((c.day, c.source, c.bucket) for c in cycles.values()).items()
        },
    }


def _count_funnel(people: list[_Journey]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    reached: dict[tuple[Any, ...], list[list[int]]] = defaultdict(list)
    for each in people:
        if each.clicked_at:
            reached[each.clicked_at.date(), each.loop].append(each.reached)
    return {key: tuple(map(sum, zip(*rows, strict=True))) for key, rows in reached.items()}


def _count_cohorts(people: list[_Journey], active_weeks: Rows) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    members = {each.person: each for each in people if each.person.startswith("user:")}
    counted: Counter[tuple[Any, ...]] = Counter()
    for week, person in active_weeks:
        signup_at = members[person].signup_at
        if signup_at and week >= (monday := signup_at.date() - timedelta(days=signup_at.weekday())):
            counted[monday, week, members[person].loop] += 1
    return {key: (count,) for key, count in counted.items()}


def _find_cycles(people: list[_Journey]) -> Iterator[tuple[str, _Cycle]]:
    signups = {each.person: each.signup_at for each in people if each.signup_at}
    for each in people:
        inviter = f"user:{each.referrer_id}"
        if not each.signup_at or not each.referred_at or inviter == each.person or inviter not in signups:
            continue
        if each.signup_at >= signups[inviter] and each.signup_at >= each.referred_at:
            hours = (each.signup_at - signups[inviter]) / timedelta(hours=1)
            yield each.person, _Cycle(inviter[5:], signups[inviter].date(), each.signup_at.date(), each.loop, hours)


def _count_signups(people: list[_Journey], cycles: Any) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    users = Counter((e.signup_at.date(), "") for e in people if e.signup_at and e.person.startswith("user:"))
    inviting = {(cycle.inviter_day, loop, cycle.referrer_id) for cycle in cycles for loop in ("", cycle.source)}
    inviters = Counter((day, loop) for day, loop, _ in inviting)
    return {key: (users[key], inviters[key]) for key in users | inviters}
