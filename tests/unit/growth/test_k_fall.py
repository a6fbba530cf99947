"""When honest K of a week is below that of the weeks before."""

from collections import Counter
from datetime import date
from math import sqrt

import numpy as np
import pytest

from metrics_api.growth.k_fall import FAR, WEEKS_BEFORE, find_k_fall, find_z

MONDAY = date(2026, 10, 26)
Users = Counter[int]


def draw(rng: np.random.Generator, users: int, k: float, dispersion: float) -> Users:
    """Signups by user of one week, negative binomial."""
    return Counter(int(count) for count in rng.negative_binomial(dispersion, dispersion / (dispersion + k), users))


def test_the_statistic_by_hand() -> None:
    # 20 of 40 users bring one in the week before, 5 of 40 in the newest.
    before, newest = [Counter({0: 20, 1: 20})] * 4, Counter({0: 35, 1: 5})
    mean = 85 / 200
    variance = (85 * (1 - mean) ** 2 + 115 * mean**2) / 199
    assert find_z(newest, before) == pytest.approx((5 - 40 * mean) / sqrt(variance * 40 * 160 / 200))


def test_weeks_that_differ_more_than_by_chance_make_a_week_less_unusual() -> None:
    newest = Counter({0: 80, 1: 20})
    alike = [Counter({0: 50, 1: 50})] * 4
    restless = [Counter({0: 90, 1: 10}), Counter({0: 10, 1: 90})] * 2
    assert find_z(newest, alike) < -FAR < find_z(newest, restless) < 0


@pytest.mark.parametrize(
    ("newest", "before"),
    [
        (Counter({0: 100}), [Counter({1: 100})] * 3),
        (Counter({0: 29}), [Counter({1: 100})] * 7),
        (Counter({0: 100}), [Counter({0: 90, 1: 10})] * 7),
        (Counter({1: 100}), [Counter({1: 100})] * 7),
        (Counter({0: 100}), [Counter({0: 100})] * 7),
        (Counter({2: 100}), [Counter({0: 50, 1: 50})] * 7),
        (Counter[int](), [Counter({1: 100})] * 7),
    ],
)
def test_no_fall_where_too_little_is_known_or_nothing_fell(newest: Users, before: list[Users]) -> None:
    assert find_k_fall(MONDAY, newest, before) is None


def test_a_fall_says_what_was_expected() -> None:
    fall = find_k_fall(MONDAY, Counter({0: 90, 1: 10}), [Counter({0: 50, 1: 50})] * 5)
    assert fall is not None
    assert (fall.users, fall.signups, fall.expected, fall.weeks_before) == (100, 10, 50, 5)
    assert (fall.week.start, fall.week.days) == (MONDAY, 7)


@pytest.mark.parametrize("dispersion", [0.3, 1.0])
def test_false_alarms_are_rare_and_a_halved_k_of_many_users_is_found(dispersion: float) -> None:
    rng = np.random.default_rng(20261130)
    false = found = 0
    for _ in range(300):
        before = [draw(rng, 1000, 0.44, dispersion) for _ in range(WEEKS_BEFORE)]
        false += find_k_fall(MONDAY, draw(rng, 1000, 0.44, dispersion), before) is not None
        found += find_k_fall(MONDAY, draw(rng, 1000, 0.22, dispersion), before) is not None
    assert false <= 2
    assert found >= 285
