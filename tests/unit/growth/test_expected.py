"""What is expected of a day, and when it is a change."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from math import sqrt
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.growth.expected import (
    LEAST_DAYS,
    Judged,
    Measured,
    find_expected,
    judge_days,
    list_comparable,
    list_needed,
)
from metrics_api.growth.series import find_runs, format_change

TODAY = date(2026, 11, 30)
"""A Monday."""
LONG_AGO = TODAY - timedelta(weeks=60)
COUNTS = st.lists(st.integers(0, 10_000), min_size=LEAST_DAYS, max_size=8)


def back(days: int) -> date:
    return TODAY - timedelta(days=days)


def judge(counts: dict[int, int], *days: int, holidays: Collection[date] = (), usual: int = 100) -> list[Judged]:
    """Days so many before today, all others of the last year with the usual count."""
    values = {back(each): Measured(counts.get(each, usual)) for each in range(371)}
    return judge_days(values, [back(each) for each in days], holidays, today=TODAY)


@given(counts=COUNTS)
def test_the_middle_and_spread_are_those_of_the_contract(counts: list[int]) -> None:
    expected = find_expected([Measured(count) for count in counts], None)
    assert expected is not None
    middle = median(counts)
    deviation = median(abs(count - middle) for count in counts)
    assert expected.middle == middle
    assert expected.spread == max(1.4826 * deviation, sqrt(1.5 * middle), 0.08 * middle)
    assert (expected.low, expected.high) == (max(0, middle - 4 * expected.spread), middle + 4 * expected.spread)


@given(counts=COUNTS, total=st.integers(1, 5000))
def test_a_share_is_judged_as_a_count_of_its_own_total(counts: list[int], total: int) -> None:
    expected = find_expected([Measured(count, 10_000) for count in counts], total)
    assert expected is not None
    assert expected.middle == pytest.approx(median(counts) * total / 10_000)


@pytest.mark.parametrize(
    ("number", "is_known"),
    [(LEAST_DAYS, True), (LEAST_DAYS - 1, False), (0, False)],
)
def test_too_few_comparable_days_say_nothing(number: int, is_known: bool) -> None:
    assert (find_expected([Measured(10)] * number, None) is not None) == is_known
    # A day on which nothing was counted has no share.
    assert (find_expected([Measured(1, 10)] * number + [Measured(0, 0)] * 4, 10) is not None) == is_known


def test_a_day_is_compared_with_the_same_weekday_of_8_weeks() -> None:
    assert list_comparable(TODAY, ()) == [back(7 * week) for week in range(1, 9)]


def test_holidays_are_compared_with_holidays_and_left_out_of_others() -> None:
    holidays = {back(7), back(70), back(364), back(378), back(1)}
    assert list_comparable(TODAY, holidays) == [back(7 * week) for week in range(2, 9)]
    assert list_comparable(TODAY, holidays | {TODAY}) == [back(7), back(70), back(364)]


@given(
    days=st.sets(st.integers(0, 60), min_size=1, max_size=5),
    holidays=st.sets(st.integers(0, 400), max_size=40),
    counts=st.lists(st.integers(0, 200), min_size=500, max_size=500),
)
def test_no_day_beyond_those_needed_changes_a_verdict(
    days: set[int], holidays: set[int], counts: Sequence[int]
) -> None:
    off, asked = {back(each) for each in holidays}, [back(each) for each in sorted(days)]
    everything = {back(each): Measured(count) for each, count in enumerate(counts)}
    needed = {day: everything[day] for day in list_needed(asked, off)}
    assert judge_days(needed, asked, off, today=TODAY) == judge_days(everything, asked, off, today=TODAY)


@pytest.mark.parametrize(
    ("counts", "is_change"),
    [
        # s is the square root of 150: 12.25.
        ({1: 148}, False),
        ({1: 149}, True),
        ({1: 51}, True),
        ({1: 52}, False),
        ({1: 137, 2: 137}, True),
        ({1: 137, 2: 136}, False),
        ({1: 137, 2: 63}, False),
        ({1: 63, 2: 63}, True),
    ],
)
def test_a_change_is_beyond_4_or_twice_beyond_3(counts: dict[int, int], is_change: bool) -> None:
    (yesterday,) = judge(counts, 1)
    assert yesterday.is_change == is_change


def test_no_change_where_less_than_20_are_expected() -> None:
    assert [each.is_change for each in judge({1: 1000}, 1, usual=19)] == [False]
    assert [each.is_change for each in judge({1: 1000}, 1, usual=20)] == [True]


def test_today_is_not_judged() -> None:
    (today,) = judge({0: 3}, 0)
    assert (today.z, today.is_change, today.expected and today.expected.middle) == (None, False, 100)


def test_a_day_is_judged_alone_or_among_others_alike() -> None:
    counts = {1: 138, 2: 138, 3: 10}
    together = judge(counts, 5, 4, 3, 2, 1)
    assert [judge(counts, each)[0] for each in (5, 4, 3, 2, 1)] == together


def test_a_holiday_is_no_fall_among_holidays() -> None:
    quiet = {1, *(1 + 7 * week for week in range(20, 26))}
    counts = dict.fromkeys(quiet, 40)
    assert [each.is_change for each in judge(counts, 1)] == [True]
    assert [each.is_change for each in judge(counts, 1, holidays={back(each) for each in quiet})] == [False]


def test_days_in_a_row_in_one_direction_are_one_change() -> None:
    judged = judge({6: 300, 5: 200, 4: 10, 2: 300}, 7, 6, 5, 4, 3, 2, 1)
    runs = find_runs(judged)
    assert [[TODAY - each.day for each in run] for run in runs] == [
        [timedelta(6), timedelta(5)],
        [timedelta(4)],
        [timedelta(2)],
    ]
    loops = {"a": judge({6: 180, 5: 120}, 6, 5), "b": judge({6: 90, 5: 90}, 6, 5), "c": judge({6: 220, 5: 120}, 6, 5)}
    change = format_change(runs[0], loops)
    assert (change.start, change.end, change.peak) == (back(6), back(5), back(6))
    assert (change.value, change.expected) == (300, 100)
    assert [(each.source, each.difference) for each in change.loops] == [("c", 70), ("a", 50)]
