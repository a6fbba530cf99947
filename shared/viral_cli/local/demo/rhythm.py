"""When things happen: school days, busy afternoons, quiet nights, all in UTC."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise

from viral_cli.local.demo.seeded import stream

_WEEKDAYS = (1.0, 1.1, 1.05, 1.1, 0.85, 0.55, 0.75)
_SCHOOL_DAY_HOURS = (2, 1, 1, 1, 1, 2, 6, 14, 12, 10, 10, 12, 18, 30, 48, 60, 64, 58, 46, 36, 26, 14, 7, 4)
_WEEKEND_HOURS = (3, 2, 1, 1, 1, 1, 2, 5, 12, 22, 32, 36, 34, 32, 34, 36, 38, 36, 32, 28, 22, 15, 9, 5)
_CUMULATED = tuple(tuple(accumulate(hours)) for hours in (_SCHOOL_DAY_HOURS, _WEEKEND_HOURS))
_SATURDAY = 5


def is_school_day(day: date) -> bool:
    """Whether the day is from Monday to Friday."""
    return day.weekday() < _SATURDAY


def at(day: date, hour: float) -> datetime:
    """The moment this many hours after the day's midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def format_time(moment: datetime) -> str:
    """A UTC moment as the API takes it."""
    return moment.isoformat(timespec="milliseconds")


def daily_count(expected: float, day: date, *key: object) -> int:
    """The day's count: the expected number for its weekday, rounded up or down by chance."""
    return int(expected * _WEEKDAYS[day.weekday()] + stream("count", day, *key).random())


def sample_time(rng: random.Random, day: date) -> datetime:
    """A moment of the day, more likely in its busy hours."""
    (hour,) = rng.choices(range(24), cum_weights=_CUMULATED[not is_school_day(day)])
    return at(day, hour + rng.random())


def sample_times(rng: random.Random, day: date, count: int) -> list[datetime]:
    """Several such moments, in order."""
    return sorted(sample_time(rng, day) for _ in range(count))


def fill_gaps(times: list[datetime], longest: timedelta) -> Iterator[datetime]:
    """Moments to add so that no gap exceeds `longest`; `times` must be sorted."""
    for before, after in pairwise(times):
        missing = (after - before) // longest
        for step in range(1, missing + 1):
            yield before + (after - before) * step / (missing + 1)
