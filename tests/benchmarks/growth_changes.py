"""How often growth alerts are false, and how soon a fall is found: `python -m tests.benchmarks.growth_changes`.

Simulated days, see tests/support/simulated_days.py, and simulated cohorts; no server is needed.
"""

from collections import Counter
from datetime import date
from statistics import mean, median

import numpy as np

from metrics_api.growth.k_fall import WEEKS_BEFORE, find_k_fall
from tests.support.simulated_days import HOLIDAYS, Simulation

SERIES = 1000
COHORTS = 1000
LEVELS = (30, 50, 100, 200, 500, 2000)
WEEK_USERS = (100, 250, 500, 1000)
WITHIN = 14
NEVER = 10**6
K = 0.44
_SEED = 20261130
_MONDAY = date(2026, 10, 26)


def main() -> None:
    """Measure and print."""
    print(run())


def run() -> str:
    """Both measurements as markdown tables."""
    return f"{_measure_days()}\n\n{_measure_cohorts()}"


def _measure_days() -> str:
    head = [
        f"{SERIES:,} simulated series each of 435 days, of which the last 365 are judged: weekly rhythm, variance",
        "1.5 times the mean and another 5% from day to day; holidays at about 60%. A lasting fall of 40% begins on a",
        "random day, which is day 1.",
        "",
        "| counts a day | false days a year | holidays in the calendar | not in it | found in 14 days | median day |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*head, *(_measure_level(level) for level in LEVELS)])


def _measure_level(level: int) -> str:
    simulation = Simulation(level, np.random.default_rng(_SEED))
    plain = mean(simulation.count_false_days(has_holidays=False) for _ in range(SERIES))
    known = mean(simulation.count_false_days(has_holidays=True, calendar=HOLIDAYS) for _ in range(SERIES))
    unknown = mean(simulation.count_false_days(has_holidays=True) for _ in range(SERIES))
    delays = [simulation.find_delay(WITHIN) for _ in range(SERIES)]
    found = sum(delay is not None for delay in delays) / SERIES
    middle = median(delay or NEVER for delay in delays)
    day = f"{middle:g}" if middle < NEVER else "not found"
    return f"| {level:,} | {plain:.2f} | {known:.2f} | {unknown:.1f} | {found:.1%} | {day} |"


def _measure_cohorts() -> str:
    head = [
        f"K fell: {COHORTS:,} simulated cohorts each, K {K} with dispersion k 0.3, {WEEKS_BEFORE} weeks before.",
        "",
        "| users a week | false | K 40% lower, found | K halved, found |",
        "|--:|--:|--:|--:|",
    ]
    rng = np.random.default_rng(_SEED)
    rows = [
        f"| {users:,} | " + " | ".join(f"{_measure_falls(rng, users, part):.2%}" for part in (1.0, 0.6, 0.5)) + " |"
        for users in WEEK_USERS
    ]
    return "\n".join([*head, *rows])


def _measure_falls(rng: np.random.Generator, users: int, part: float) -> float:
    found = 0
    for _ in range(COHORTS):
        before = [_draw(rng, users, K) for _ in range(WEEKS_BEFORE)]
        found += find_k_fall(_MONDAY, _draw(rng, users, K * part), before) is not None
    return found / COHORTS


def _draw(rng: np.random.Generator, users: int, k: float) -> Counter[int]:
    numbers, counts = np.unique(rng.negative_binomial(0.3, 0.3 / (0.3 + k), users), return_counts=True)
    return Counter(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))


if __name__ == "__main__":
    main()
