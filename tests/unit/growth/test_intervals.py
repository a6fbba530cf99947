"""Intervals agree with published values, and a change is one only where they allow it."""

import pytest

from metrics_api.growth.intervals import judge_change, judge_difference, rate_interval, wilson_interval
from viral_contract.models.growth import Interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe, R. G. (1998), Statistics in Medicine 17, 857-872, table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombe(successes: int, trials: int, low: float, high: float) -> None:
    interval = wilson_interval(successes, trials)
    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (5, 3)])
def test_what_is_no_proportion_has_no_wilson_interval(successes: int, trials: int) -> None:
    assert wilson_interval(successes, trials) is None


def test_a_rate_lies_within_its_interval_and_nothing_has_none() -> None:
    interval = rate_interval(70, 100)
    assert interval is not None
    assert interval.low < 0.7 < interval.high
    assert rate_interval(0, 0) is None


@pytest.mark.parametrize(
    ("now", "before", "sample", "verdict"),
    [
        ((0.5, 0.6), (0.2, 0.3), 100, "up"),
        ((0.2, 0.3), (0.5, 0.6), 100, "down"),
        ((0.2, 0.4), (0.3, 0.6), 100, "no_clear_change"),
        ((0.5, 0.6), (0.2, 0.3), 29, "too_few_to_say"),
    ],
)
def test_a_change_needs_intervals_apart_and_a_sample(
    now: tuple[float, float], before: tuple[float, float], sample: int, verdict: str
) -> None:
    judged = judge_change(Interval(low=now[0], high=now[1]), Interval(low=before[0], high=before[1]), sample=sample)
    assert judged == verdict


@pytest.mark.parametrize(
    ("difference", "sample", "verdict"),
    [
        ((0.01, 0.2), 30, "up"),
        ((-0.2, -0.01), 30, "down"),
        ((-0.1, 0.1), 30, "no_clear_change"),
        ((0.01, 0.2), 29, "too_few_to_say"),
        (None, 100, "too_few_to_say"),
    ],
)
def test_a_difference_is_clear_where_its_interval_leaves_out_zero(
    difference: tuple[float, float] | None, sample: int, verdict: str
) -> None:
    interval = Interval(low=difference[0], high=difference[1]) if difference else None
    assert judge_difference(interval, sample=sample) == verdict


def test_without_an_interval_there_is_too_little_to_say() -> None:
    assert judge_change(None, Interval(low=0, high=1), sample=1000) == "too_few_to_say"
