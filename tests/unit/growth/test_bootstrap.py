"""The interval of cohort K, and how often it holds the K by which users were simulated."""

from collections import Counter

import numpy as np
import pytest

from metrics_api.growth.bootstrap import bootstrap_difference, bootstrap_mean

# So many that chance moves the share by half a percent, not by more than one as with 400.
RUNS = 2_000


@pytest.mark.slow
@pytest.mark.parametrize(("k_factor", "dispersion"), [(0.3, 1.0), (0.8, 0.3), (1.1, 0.5)])
def test_95_percent_of_the_intervals_hold_the_k_of_a_branching_process(k_factor: float, dispersion: float) -> None:
    world = np.random.default_rng(7)
    held = 0
    for _ in range(RUNS):
        brought = world.negative_binomial(dispersion, dispersion / (dispersion + k_factor), size=526)
        interval = bootstrap_mean(Counter(brought.tolist()))
        assert interval is not None
        held += interval.low <= k_factor <= interval.high
    assert 0.93 <= held / RUNS <= 0.97


def test_the_same_users_have_the_same_interval() -> None:
    assert bootstrap_mean({0: 90, 1: 8, 5: 2}) == bootstrap_mean({0: 90, 1: 8, 5: 2})


def test_equal_users_leave_no_doubt_and_no_users_no_interval() -> None:
    interval = bootstrap_mean({2: 10})
    assert interval is not None
    assert (interval.low, interval.high) == (2, 2)
    assert bootstrap_mean({}) is None


def test_the_same_users_differ_by_nothing_and_stronger_ones_by_more() -> None:
    same = bootstrap_difference({0: 300, 1: 100}, {0: 300, 1: 100})
    more = bootstrap_difference({0: 100, 1: 300}, {0: 300, 1: 100})
    assert same is not None
    assert more is not None
    assert same.low < 0 < same.high
    assert 0 < more.low < 0.5 < more.high
    assert bootstrap_difference({0: 1}, {}) is None
