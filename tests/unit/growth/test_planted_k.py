"""Raw K by window beside cohort K, of simulated users whose K is known: the table in docs/growth-metrics.md."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from metrics_api.growth.bootstrap import bootstrap_mean
from tests.support.branching import DAYS, World, simulate

DOCS = Path(__file__).parents[3] / "docs" / "growth-metrics.md"
WINDOWS = (1, 3, 7, 14, 30)
# So many that chance moves the share by half a percent, not by more than one as with 400.
SEEDS = range(1_000, 3_000)
PLANTED = ((0.3, 1.0), (0.8, 0.3), (1.1, 0.5))


def count_matured(world: World) -> Counter[int]:
    """How many users of the four weeks that have just matured brought how many signups."""
    ends = DAYS - 28
    matured = (world.signed_up >= ends - 28) & (world.signed_up < ends)
    return Counter(world.brought[matured].tolist())


def format_row(k_factor: float, dispersion: float) -> str:
    world = simulate(k_factor, dispersion, seed=7)
    counted = count_matured(world)
    cohort = sum(count * users for count, users in counted.items()) / counted.total()
    interval = bootstrap_mean(counted)
    assert interval is not None
    raw = " | ".join(f"{world.raw_k(days):.2f}" for days in WINDOWS)
    return f"| {k_factor} | {dispersion} | {raw} | {cohort:.2f} ({interval.low:.2f} to {interval.high:.2f}) |"


@pytest.mark.parametrize(("k_factor", "dispersion"), PLANTED)
def test_the_table_of_planted_k_is_what_the_code_computes(k_factor: float, dispersion: float) -> None:
    assert format_row(k_factor, dispersion) in DOCS.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("k_factor", "dispersion"), PLANTED)
def test_95_percent_of_the_intervals_hold_the_k_of_users_who_bring_one_another(
    k_factor: float, dispersion: float
) -> None:
    intervals = [bootstrap_mean(count_matured(simulate(k_factor, dispersion, seed))) for seed in SEEDS]
    held = [interval is not None and interval.low <= k_factor <= interval.high for interval in intervals]
    assert 0.93 <= np.mean(held) <= 0.97


def test_raw_k_says_that_growth_carries_itself_where_it_does_not() -> None:
    world = simulate(0.8, 0.3, seed=7)
    raw = [world.raw_k(days) for days in WINDOWS]
    assert min(raw) > 1
    assert raw == sorted(raw)
