"""Recommendations by rules: the tiers of K, weak loops, health."""

import pytest

from metrics_api.growth.k_factor import Counts
from metrics_api.growth.loops import format_loop
from report_worker.recommendations import write_recommendations
from tests.support.report_facts import (
    NOTHING,
    build_attacked_facts,
    build_empty_facts,
    build_facts,
    build_honest_k,
    build_referrer,
)
from viral_contract.models.reports import ReportFacts

STRONG = [format_loop("buddy_challenge", 100, 400, 80, 100)]
PURGED = build_facts(
    Counts(900, 4000, 500, 0, 700, {}, purged_invites=900, purged_conversions=500),
    loops=[format_loop("a", 900, 4000, 500, 0, purged_conversions=500)],
)


def with_k(conversions: int) -> ReportFacts:
    return build_facts(Counts(1200, 5200, conversions, 1000, 800, {}))


@pytest.mark.parametrize(
    ("conversions", "said"),
    [
        (0, "K is below 0.3"),
        (299, "K is below 0.3"),
        (300, "K is between 0.3 and 0.7"),
        (699, "K is between 0.3 and 0.7"),
        (700, "K is close to 1.0"),
        (999, "K is close to 1.0"),
        (1000, "K is at or above 1.0"),
        (5000, "K is at or above 1.0"),
    ],
)
def test_the_first_follows_from_the_tier_of_k(conversions: int, said: str) -> None:
    assert write_recommendations(with_k(conversions))[0].startswith(said)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (build_facts(), "Rework or pause weak loops (K below 0.3): Streak rescue (0.21)."),
        (build_facts(loops=[*STRONG, format_loop("x", 9, 9, 0, 9)]), "X (0.00, only 9 inviting users)"),
        (build_facts(loops=[*STRONG, format_loop("x", 99, 99, 30, 100)]), "No loop is weak"),
        (build_facts(loops=STRONG), "All invites come from Buddy challenge (K 0.80)"),
        (build_facts(loops=[*STRONG, format_loop("prep_pack", 0, 40, 0, 0)]), "no new invites: Prep pack."),
        (PURGED, "K is not available for this period because only totals are kept"),
        (PURGED, "Only totals are kept for this one, so loops have no K"),
        (build_facts(loops=[]), "Tag every link with its loop"),
        (build_facts(Counts(0, 40, 0, 0, 0, {}), loops=[format_loop("x", 0, 40, 0, 0)]), "No invites were sent"),
        (build_facts(health_score=74.9), "Health is 74.9, below 75. Before relying on these figures, review the"),
        (build_facts(health_score=75.0), "Health is 75.0. To raise it, review the flagged IP addresses"),
        (build_facts(deductions={"coppa_violations": 9.0}), "remove the personal information"),
        (build_facts(deductions={"fraud": 0.0}), "Keep the current thresholds"),
        (build_facts(top_referrers=[build_referrer("ed", 9, 500)]), "Investigate ed: this referrer"),
        (build_facts(k_factor_clean=0.5), "Plan with a K of 0.50"),
    ],
)
def test_says(facts: ReportFacts, said: str) -> None:
    assert said in "\n".join(write_recommendations(facts))


@pytest.mark.parametrize(
    "facts",
    [build_facts(), build_facts(loops=STRONG), build_facts(NOTHING, loops=[], top_referrers=[], deductions={})],
)
def test_writes_at_least_three_with_data(facts: ReportFacts) -> None:
    assert len(write_recommendations(facts)) >= 3


def test_writes_two_without_data() -> None:
    assert len(write_recommendations(build_empty_facts())) == 2


def test_a_referrer_under_review_is_named_by_no_recommendation() -> None:
    accused = build_referrer("ed", 9, 500, under_review=True)
    assert "ed: this referrer" not in " ".join(write_recommendations(build_facts(top_referrers=[accused])))


@pytest.mark.parametrize("conversions", [100, 500, 900, 1200])
def test_nothing_is_recommended_about_a_loop_or_referrer_under_review(conversions: int) -> None:
    facts = build_attacked_facts(Counts(1200, 5200, conversions, 1000, 800, {}), k_factor_clean=conversions / 1000)
    advice = " ".join(write_recommendations(facts))
    assert [name for name in ("Buddy challenge", "eve", "mallory") if name in advice] == []


def test_the_tier_is_that_of_honest_k() -> None:
    assert write_recommendations(build_attacked_facts(honest_k=build_honest_k()))[0].startswith("Honest K is between")
