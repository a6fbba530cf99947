"""How conversions are spread over referrers."""

import itertools
from collections import Counter

import numpy as np
import pytest

from metrics_api.growth.spread import count_half, draw_curve, fit_dispersion, mean_without

RUNS = 400


@pytest.mark.parametrize("dispersion", [0.2, 1.0])
def test_95_percent_of_the_intervals_hold_the_dispersion(dispersion: float) -> None:
    world = np.random.default_rng(7)
    held = 0
    for _ in range(RUNS):
        drawn = Counter(world.negative_binomial(dispersion, dispersion / (dispersion + 0.8), size=500).tolist())
        _, interval = fit_dispersion(drawn)
        held += interval is not None and interval.low <= dispersion <= interval.high
    assert 0.93 <= held / RUNS <= 0.97


def test_the_dispersion_is_the_most_likely_one() -> None:
    world = np.random.default_rng(7)
    dispersion, interval = fit_dispersion(Counter(world.negative_binomial(0.4, 1 / 3, size=20_000).tolist()))
    assert dispersion == pytest.approx(0.4, rel=0.05)
    assert interval is not None
    assert interval.low < 0.4 < interval.high


@pytest.mark.parametrize("counted", [{}, {0: 28, 9: 1}, {1: 200}, {0: 100, 1: 100}])
def test_too_few_referrers_and_those_told_apart_by_chance_have_no_dispersion(counted: dict[int, int]) -> None:
    assert fit_dispersion(counted) == (None, None)


@pytest.mark.parametrize(("left_out", "expected"), [(0, 1.5), (1, 7 / 9), (3, 3 / 7), (10, 0), (11, 0)])
def test_the_strongest_leave_first(left_out: int, expected: float) -> None:
    assert mean_without({0: 4, 1: 3, 2: 2, 8: 1}, left_out) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("counted", "half"),
    [({}, 0), ({0: 9}, 0), ({1: 4}, 2), ({1: 5}, 3), ({0: 9, 8: 1, 2: 2, 1: 3}, 1), ({0: 50, 3: 2, 1: 6}, 2)],
)
def test_half_comes_from_so_many_of_the_strongest(counted: dict[int, int], half: int) -> None:
    assert count_half(counted) == half


def test_a_curve_rises_from_nobody_to_all_in_no_more_than_101_points() -> None:
    curve = draw_curve(Counter(dict.fromkeys(range(1000), 1)))
    assert len(curve) <= 101
    assert (curve[0].referrers, curve[0].conversions, curve[-1].referrers, curve[-1].conversions) == (0, 0, 1, 1)
    rises = [
        (after.conversions - before.conversions) / (after.referrers - before.referrers)
        for before, after in itertools.pairwise(curve)
    ]
    assert rises == sorted(rises, reverse=True)
