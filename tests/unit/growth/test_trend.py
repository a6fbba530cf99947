"""Trends are exact at the limit of 5 percent."""

from fractions import Fraction

import pytest

from metrics_api.growth.k_factor import compare
from metrics_api.growth.loops import format_loop
from viral_reports.figures import name_loop


@pytest.mark.parametrize(
    ("now", "before", "trend", "change_pct"),
    [
        (Fraction(105, 100), Fraction(1), "stable", 5.0),
        (Fraction(10501, 10000), Fraction(1), "up", 5.01),
        (Fraction(95, 100), Fraction(1), "stable", -5.0),
        (Fraction(9499, 10000), Fraction(1), "down", -5.01),
        (Fraction(21, 60), Fraction(20, 60), "stable", 5.0),
        (Fraction(1), Fraction(1), "stable", 0.0),
        (Fraction(1, 7), Fraction(0), "up", None),
        (Fraction(0), Fraction(0), "stable", 0.0),
        (Fraction(0), Fraction(1), "down", -100.0),
    ],
)
def test_a_trend_begins_above_five_percent(
    now: Fraction, before: Fraction, trend: str, change_pct: float | None
) -> None:
    assert compare(now, before) == (trend, change_pct if change_pct is None else pytest.approx(change_pct))


@pytest.mark.parametrize(
    ("source", "name"),
    [("buddy_challenge", "Buddy challenge"), ("new-loop", "New loop"), ("", "No loop"), ("ZAP", "ZAP")],
)
def test_an_unknown_loop_is_made_readable(source: str, name: str) -> None:
    assert name_loop(source) == name


def test_a_loop_with_clicks_and_no_invites_has_k_zero() -> None:
    loop = format_loop("prep_pack", invites=0, clicks=40, conversions=3, active_users=0)
    assert (loop.k_factor, loop.conversion_rate) == (0, 0.075)
