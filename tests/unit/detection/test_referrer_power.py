"""What the rules that compare a referrer with the others find, and what they find where there is nothing.

Each programme has 300 honest referrers of different sizes, and one that is planted. docs/referrer-evidence.md has the
same table.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from metrics_api.detection.referrers.farms import format_farms
from metrics_api.detection.referrers.finding import Finding
from metrics_api.detection.referrers.rates import judge_rates
from metrics_api.detection.referrers.timing import FLOOD, TOO_FAST, judge_pairs

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parents[3] / "docs/referrer-evidence.md"
PROGRAMMES = 200
REFERRERS = 300
FAST, SLOW, RATE, RETURN = 0.003, 0.2, 0.08, 0.6
"""What is true of honest referrers."""
PLANTED = "planted"
Row = SimpleNamespace
Plant = Callable[[np.random.Generator], Row]


def draw_pairs(random: np.random.Generator, pairs: int, fast: float = FAST, slow: float = SLOW) -> Row:
    """The pairs of one referrer."""
    return Row(pairs=pairs, under_10_seconds=random.binomial(pairs, fast), over_1_hour=random.binomial(pairs, slow))


def draw_rate(random: np.random.Generator, clicks: int, rate: float = RATE) -> Row:
    """The clicks and conversions of one referrer."""
    return Row(clicks=clicks, conversions=random.poisson(clicks * rate))


def draw_invitees(random: np.random.Generator, known: int, back: float = RETURN) -> Row:
    """The converted invitees of one referrer, on as many devices and one network, and how many of them came back."""
    return Row(
        invitees=known,
        known=known,
        active=random.binomial(known, back),
        devices=known,
        with_device=known,
        networks=1,
        with_network=known,
    )


def judge_too_fast(rows: Sequence[Any]) -> list[Finding]:
    return judge_pairs(rows, TOO_FAST)


def judge_flood(rows: Sequence[Any]) -> list[Finding]:
    return judge_pairs(rows, FLOOD)


JUDGES: dict[str, tuple[Callable[[Sequence[Any]], list[Finding]], Callable[..., Row]]] = {
    "too_fast": (judge_too_fast, draw_pairs),
    "flood": (judge_flood, draw_pairs),
    "clicks_without_conversions": (judge_rates, draw_rate),
    "too_good": (judge_rates, draw_rate),
    "farm": (format_farms, draw_invitees),
}


def add_totals(rows: list[Row]) -> list[Row]:
    """The rows with what statements add to each: totals over all, and the others' clicks and conversions."""
    names = [name for name in vars(rows[0]) if name not in ("referrer_id", "devices", "networks")]
    totals = {name: sum(getattr(row, name) for row in rows) for name in names}
    for row in rows:
        others = {f"others_{name}": totals[name] - getattr(row, name) for name in names}
        vars(row).update(others | {f"all_{name}": total for name, total in totals.items()})
    return rows


def run_programmes(rule: str, plant: Plant | None, spread: float = 0) -> Iterator[set[str]]:
    """Whom the rule finds in each programme; honest referrers differ in what is true of them by `spread`."""
    random, (judge, draw) = np.random.default_rng(16), JUDGES[rule]
    for _ in range(PROGRAMMES):
        sizes = np.clip(random.lognormal(3, 1, REFERRERS), 5, 2000).astype(int)
        rows = [draw(random, int(size), **draw_truth(random, rule, spread)) for size in sizes]
        for number, row in enumerate(rows):
            row.referrer_id = str(number)
        if plant:
            rows.append(plant(random))
            rows[-1].referrer_id = PLANTED
        yield {found.referrer_id for found in judge(add_totals(rows)) if found.rule == rule}


def draw_truth(random: np.random.Generator, rule: str, spread: float) -> dict[str, float]:
    """What is true of one honest referrer, if it differs."""
    if not spread:
        return {}
    name, mean = {"flood": ("slow", SLOW), "too_good": ("rate", RATE)}[rule]
    return {name: float(np.clip(random.normal(mean, spread), 0, 1))}


def find_power(rule: str, plant: Plant) -> float:
    """The share of programmes in which the planted referrer is found."""
    return sum(PLANTED in found for found in run_programmes(rule, plant)) / PROGRAMMES


PLANTS: dict[tuple[str, str], Plant] = {
    **{
        ("too_fast", f"{pairs} pairs, 25% of them fast"): lambda random, n=pairs: draw_pairs(random, n, fast=0.25)
        for pairs in (20, 40, 80)
    },
    **{
        ("flood", f"{pairs} pairs, 60% of them late, others 20%"): lambda random, n=pairs: draw_pairs(
            random, n, slow=0.6
        )
        for pairs in (30, 60, 120)
    },
    **{
        ("clicks_without_conversions", f"no conversion where others have {expected}"): lambda random, e=expected: (
            draw_rate(random, round(e / RATE), 0)
        )
        for expected in (8, 12, 20)
    },
    **{
        ("too_good", f"{clicks} clicks, 5 times the others' rate"): lambda random, n=clicks: draw_rate(
            random, n, 5 * RATE
        )
        for clicks in (20, 40, 80)
    },
    **{
        ("farm", f"{invitees} invitees on one network, 5% come back, others 60%"): lambda random, n=invitees: (
            draw_invitees(random, n, 0.05)
        )
        for invitees in (12, 20, 40)
    },
}


@pytest.mark.parametrize("rule", JUDGES)
def test_hardly_anyone_honest_is_found(rule: str) -> None:
    found = [honest for honest in run_programmes(rule, None) if honest]
    assert len(found) <= 1


@pytest.mark.parametrize(("rule", "size"), PLANTS)
def test_the_document_says_how_many_are_found(rule: str, size: str) -> None:
    row = re.search(rf"^\| `{rule}` \| {re.escape(size)} \| (\d+)% \|$", DOCUMENT.read_text(), re.MULTILINE)
    power = find_power(rule, PLANTS[rule, size])
    assert row, f"| `{rule}` | {size} | {power:.0%} |"
    assert power == pytest.approx(int(row[1]) / 100, abs=0.03)


@pytest.mark.parametrize(("rule", "spread"), [("flood", 0.05), ("too_good", 0.03)])
def test_honest_referrers_who_differ_are_seldom_found(rule: str, spread: float) -> None:
    found = sum(len(honest) for honest in run_programmes(rule, None, spread))
    assert found / (PROGRAMMES * REFERRERS) < 0.002
