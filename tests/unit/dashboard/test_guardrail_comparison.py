"""The guardrails beside those of the period they are compared with."""

from datetime import date
from typing import Any

import pytest

from dashboard.data import Snapshot
from dashboard.guardrails import coppa, deductions, health_score, key_figures, opt_outs
from tests.support.answers import build_components, build_health, build_item
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import find, text_of
from viral_contract.models.guardrails import Compliance, FlaggedShare, ShareOptOut
from viral_contract.models.period import Period

WEEK_BEFORE = Period.between(date(2026, 3, 18), date(2026, 3, 24))


def compare(score: float, before: float, **fields: Any) -> Snapshot:
    """A period with one score, compared with a week with another."""
    given = {
        "period": WEEK_BEFORE,
        "deduction_items": [build_item("fraud", 4.5), build_item("bot_behavior", 0, cap=20)],
        "flagged_share": FlaggedShare(clicks=0.021, conversions=0.5),
        **fields,
    }
    components = fields.get("components", build_components())
    return build_snapshot(health=build_health(score, components=components, previous=build_health(before, **given)))


@pytest.mark.parametrize(
    ("score", "before", "said"),
    [
        (67.3, 92.5, "↓ 25.2 points vs. 18–24 Mar 2026 (92.5)"),
        (92.5, 92.1, "↑ 0.4 points vs. 18–24 Mar 2026 (92.1)"),
        (92.5, 92.5, "No change vs. 18–24 Mar 2026"),
    ],
)
def test_the_score_says_how_far_it_is_from_the_one_before(score: float, before: float, said: str) -> None:
    change = find(health_score.build_body(compare(score, before)), "score-change")
    assert " ".join(text_of(change).split()) == said


def test_every_figure_says_what_it_was() -> None:
    components = build_components()
    checked = Compliance(total_checked=50, violations_found=1, compliance_rate=0.98)
    parts = {
        "coppa": components.coppa.model_copy(update={"parent_shares": checked, "overall_compliance_rate": 0.98}),
        "opt_outs": components.opt_outs.model_copy(
            update={
                "parent_shares": ShareOptOut(total=10, never_viewed=3, opt_out_rate=0.3),
                "thresholds": {"alert_opt_out_rate": 0.3},
            }
        ),
    }
    snapshot = compare(67.3, 92.5, components=components.model_copy(update=parts))
    notes = [step.notes[-1:] for step in deductions.format_steps(snapshot.health, snapshot.before)]
    assert notes == [(), ("was −4.5",), ("was 0",), ()]
    said = text_of(key_figures.build_body(snapshot))
    for was in ("was 2.1%", "was 50.0%"):
        assert was in said
    assert "was 98.0%" in text_of(coppa.build_body(snapshot))
    assert "3 of 10 never viewed · was 30.0%" in text_of(opt_outs.build_body(snapshot))
    assert snapshot.about.startswith("vs. 18–24 Mar 2026 · last event")


@pytest.mark.parametrize("fields", [{"has_data": False}, {"is_partial": True}])
def test_what_is_not_known_is_not_compared(fields: dict[str, bool]) -> None:
    snapshot = compare(67.3, 92.5, **fields)
    assert snapshot.before is None
    assert "vs." not in text_of(health_score.build_body(snapshot))
    assert "was" not in text_of(key_figures.build_body(snapshot))
