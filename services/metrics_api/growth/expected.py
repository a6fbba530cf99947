"""What a figure of a day is expected to be, by the same weekday of the weeks before it, and when it is a change.

The middle is the median of comparable days, s = max(1.4826 MAD, sqrt(1.5 median), 0.08 median), and
z = (value - median) / s: the robust z of Iglewicz, B. and Hoaglin, D. C. (1993), How to Detect and Handle Outliers,
where s is at least that of a count whose variance is 1.5 times its mean, and at least 8 % of the median. A share is
judged as a count out of its own day's total, beside the shares of the comparable days, each times that total.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import sqrt
from statistics import median

WEEKS = 8
HOLIDAY_WEEKS = 53
"""Holidays are compared with the latest 8 of these weeks: the last 8 weeks seldom have enough of them."""
LEAST_DAYS = 4
"""Fewer comparable days say too little about what is usual."""
LEAST_EXPECTED = 20
FAR = 4.0
"""|z| of a change on one day, and of the limits that are shown."""
FAR_TWICE = 3.0
"""|z| of a change on the second of two days running."""
_MAD_SCALE = 1.4826
_VARIANCE_TO_MEAN = 1.5
_LEAST_SPREAD = 0.08
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Measured:
    """What was counted on a day; of a share, out of how many."""

    count: int
    out_of: int | None = None

    @property
    def value(self) -> float:
        """The count, or the share."""
        return self.count if self.out_of is None else self.count / self.out_of if self.out_of else 0.0


NOTHING = Measured(0)


@dataclass(frozen=True)
class Expected:
    """The middle of the comparable days and their spread s, as counts of the day itself."""

    middle: float
    spread: float

    @property
    def low(self) -> float:
        """The lower limit."""
        return max(0.0, self.middle - FAR * self.spread)

    @property
    def high(self) -> float:
        """The upper limit."""
        return self.middle + FAR * self.spread

    def find_z(self, count: int) -> float | None:
        """How many spreads the count is away; None where the comparable days had nothing."""
        return (count - self.middle) / self.spread if self.spread else None


@dataclass(frozen=True)
class Judged:
    """A day with what was expected of it: nothing, and no z, where too few days are comparable."""

    day: date
    measured: Measured
    expected: Expected | None
    z: float | None
    is_change: bool = False

    @property
    def is_rise(self) -> bool:
        """Whether it is above what was expected."""
        return self.z is not None and self.z > 0

    def is_beyond(self, limit: float) -> bool:
        """Whether enough was expected to say so, and |z| is above the limit."""
        return (
            self.expected is not None
            and self.expected.middle >= LEAST_EXPECTED
            and self.z is not None
            and abs(self.z) > limit
        )


def list_comparable(day: date, holidays: Collection[date]) -> list[date]:
    """The days that a day is compared with, the latest first: the same weekday, holidays with holidays."""
    is_holiday = day in holidays
    weeks = HOLIDAY_WEEKS if is_holiday else WEEKS
    same_weekday = (day - timedelta(weeks=week) for week in range(1, weeks + 1))
    return [each for each in same_weekday if (each in holidays) == is_holiday][:WEEKS]


def list_needed(days: Collection[date], holidays: Collection[date]) -> list[date]:
    """The days whose values `judge_days` looks at."""
    judged = {*days, *(day - _DAY for day in days)}
    return sorted(judged.union(*(list_comparable(day, holidays) for day in judged)))


def judge_days(
    values: Mapping[date, Measured], days: Sequence[date], holidays: Collection[date], *, today: date
) -> list[Judged]:
    """Each of the days; one without a value had nothing and is not comparable, and today, not over, is no change."""
    judged = {day: _compare(values, day, holidays, today) for day in {*days, *(day - _DAY for day in days)}}
    return [replace(judged[day], is_change=_is_change(judged[day], judged[day - _DAY])) for day in days]


def _compare(values: Mapping[date, Measured], day: date, holidays: Collection[date], today: date) -> Judged:
    measured = values.get(day, NOTHING)
    comparable = [values[each] for each in list_comparable(day, holidays) if each in values]
    expected = find_expected(comparable, measured.out_of)
    return Judged(day, measured, expected, expected.find_z(measured.count) if expected and day < today else None)


def find_expected(comparable: Collection[Measured], out_of: int | None) -> Expected | None:
    """What the comparable days say about a day with this total; None where they are too few."""
    if out_of is None:
        counts = [float(each.count) for each in comparable]
    else:
        counts = [each.value * out_of for each in comparable if each.out_of]
    if len(counts) < LEAST_DAYS:
        return None
    middle = median(counts)
    deviation = median(abs(count - middle) for count in counts)
    return Expected(middle, max(_MAD_SCALE * deviation, sqrt(_VARIANCE_TO_MEAN * middle), _LEAST_SPREAD * middle))


def _is_change(judged: Judged, before: Judged) -> bool:
    """Whether z is very far, or far in the direction of the day before."""
    if not judged.is_beyond(FAR_TWICE):
        return False
    return judged.is_beyond(FAR) or (before.is_beyond(FAR_TWICE) and before.is_rise == judged.is_rise)
