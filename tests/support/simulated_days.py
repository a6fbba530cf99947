"""Daily counts of a product that schools use: a weekly rhythm, noise, holidays and a lasting fall."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp

import numpy as np

from metrics_api.growth.expected import Measured, judge_days

FIRST = date(2025, 9, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(435)]
KNOWN = 70
"""Days of the beginning, which are not judged: 365 are left."""
END = date(2030, 1, 1)
VARIANCE_TO_MEAN = 1.5
DAILY_NOISE = 0.05
"""Standard deviation of the logarithm of a day's mean."""
FALL = 0.6
_RHYTHM = (1.05, 1.0, 1.0, 0.95, 0.9, 0.6, 0.7)
_HOLIDAY, _HOLIDAYS_DIFFER = 0.6, 0.1
_BREAKS = (
    ("Fall break", date(2025, 10, 13), 5),
    ("Thanksgiving break", date(2025, 11, 26), 5),
    ("Winter break", date(2025, 12, 20), 16),
    ("Martin Luther King Jr. Day", date(2026, 1, 19), 1),
    ("Presidents' Day", date(2026, 2, 16), 1),
    ("Spring break", date(2026, 3, 30), 7),
    ("Memorial Day", date(2026, 5, 25), 1),
    ("Summer break", date(2026, 6, 13), 72),
    ("Labor Day", date(2026, 9, 7), 1),
    ("Second fall break", date(2026, 10, 12), 5),
)
HOLIDAYS: Mapping[date, str] = {
    first + timedelta(days=number): name for name, first, days in _BREAKS for number in range(days)
}


@dataclass(frozen=True)
class Simulation:
    """Series of a level, drawn one after another."""

    level: float
    rng: np.random.Generator

    def draw(self, *, has_holidays: bool = False, falls_at: int | None = None) -> dict[date, Measured]:
        """Counts of every day, negative binomial around a mean that itself differs from day to day."""
        depths = {name: _HOLIDAY * exp(self.rng.normal(0, _HOLIDAYS_DIFFER)) for name, _, _ in _BREAKS}
        means = np.array([self.level * _RHYTHM[day.weekday()] for day in DAYS])
        if has_holidays:
            means *= [depths[HOLIDAYS[day]] if day in HOLIDAYS else 1.0 for day in DAYS]
        if falls_at is not None:
            means[falls_at:] *= FALL
        means *= np.exp(self.rng.normal(0, DAILY_NOISE, len(DAYS)))
        counts = self.rng.negative_binomial(means / (VARIANCE_TO_MEAN - 1), 1 / VARIANCE_TO_MEAN)
        return {day: Measured(int(count)) for day, count in zip(DAYS, counts, strict=True)}

    def count_false_days(self, *, has_holidays: bool, calendar: Collection[date] = ()) -> int:
        """Days of a year without any fall that are called changes."""
        judged = judge_days(self.draw(has_holidays=has_holidays), DAYS[KNOWN:], calendar, today=END)
        return sum(each.is_change for each in judged)

    def find_delay(self, within: int) -> int | None:
        """On which day of a lasting fall, at any time of the year, it is found; None for none of the first ones."""
        at = int(self.rng.integers(KNOWN, len(DAYS) - within))
        judged = judge_days(self.draw(falls_at=at), DAYS[at : at + within], (), today=END)
        return next((number for number, each in enumerate(judged, start=1) if each.is_change), None)
