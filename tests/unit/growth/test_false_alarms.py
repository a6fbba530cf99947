"""How often a day of a year without changes is called one, and how soon a lasting fall is found (simulated, seeded)."""

from statistics import mean, median

import numpy as np
import pytest

from tests.support.simulated_days import HOLIDAYS, Simulation

SERIES = 40
WITHIN = 14
NEVER = 10**6


def simulate(level: float) -> Simulation:
    return Simulation(level, np.random.default_rng(20261130))


@pytest.mark.parametrize("level", [200, 1000])
def test_at_most_one_day_a_year_is_falsely_called_a_change(level: float) -> None:
    simulation = simulate(level)
    assert mean(simulation.count_false_days(has_holidays=False) for _ in range(SERIES)) <= 1


@pytest.mark.parametrize("level", [200, 1000])
def test_at_most_three_with_holidays_in_the_calendar(level: float) -> None:
    simulation = simulate(level)
    assert mean(simulation.count_false_days(has_holidays=True, calendar=HOLIDAYS) for _ in range(SERIES)) <= 3


@pytest.mark.parametrize("level", [200, 1000])
def test_a_lasting_fall_of_40_percent_is_found(level: float) -> None:
    simulation = simulate(level)
    delays = [simulation.find_delay(WITHIN) for _ in range(300)]
    assert sum(delay is not None for delay in delays) >= 0.95 * len(delays)
    assert median(delay or NEVER for delay in delays) <= 2
