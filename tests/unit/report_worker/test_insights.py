"""Insights by rules, on facts that are built by hand."""

import json
import math

import pytest

from metrics_api.growth.k_factor import Counts
from metrics_api.growth.loops import format_loop
from report_worker.insights import write_insights
from tests.support.report_facts import (
    NOTHING,
    WEEK_BEFORE,
    build_attacked_facts,
    build_empty_facts,
    build_facts,
    build_funnel,
    build_honest_k,
    build_referrer,
)
from viral_contract.models.growth import Verdict
from viral_contract.models.reports import Insight, ReportFacts
from viral_reports.blocks import build_kpis

FEW = Counts(12, 40, 10, 10, 9, {})
ACCUSED = build_referrer("ed", 9, 500, under_review=True)
PURGED = Counts(900, 4000, 500, 0, 700, {}, purged_invites=900, purged_conversions=500)
CLICKS_ONLY = Counts(0, 40, 3, 0, 0, {})


def find(facts: ReportFacts, rule: str) -> Insight:
    return next(insight for insight in write_insights(facts) if insight.rule == rule)


def with_k(conversions: int, users: int = 1000) -> Counts:
    return Counts(1200, 5200, conversions, users, 800, {})


@pytest.mark.parametrize(
    ("rule", "facts", "said"),
    [
        ("viral_threshold", build_facts(with_k(1000)), "Growth is viral: K is 1.00"),
        ("viral_threshold", build_facts(with_k(1340)), "Every 100 inviting users bring in 134 conversions"),
        ("viral_threshold", build_facts(with_k(620)), "K is 0.62, 0.38 below the viral threshold of 1.00"),
        # A K that two decimals would show as 1.00 is not viral yet.
        ("viral_threshold", build_facts(with_k(996)), "K is 0.996, 0.004 below"),
        ("viral_threshold", build_facts(FEW), "(small sample)"),
        (
            "viral_threshold",
            build_facts(PURGED),
            "Only totals are kept for this period, so the K-factor is not available.",
        ),
        (
            "top_loop",
            build_facts(PURGED, loops=[format_loop("a", 900, 4000, 500, 0, purged_conversions=500)]),
            "Only totals are kept for this period, so loops can't be compared",
        ),
        ("k_factor_trend", build_facts(before=PURGED), "K can't be compared with the previous period"),
        ("viral_threshold", build_facts(CLICKS_ONLY), "No invites were created, so K is 0"),
        ("k_factor_trend", build_facts(), "K rose from 0.55 to 0.74 (+35.3%), more than chance alone would explain"),
        ("k_factor_trend", build_facts(), "The main driver is invites per user (+0.12)"),
        ("k_factor_trend", build_facts(conversions_per_invite_effect=-0.2), "conversions per invite (−0.20)"),
        ("k_factor_trend", build_facts(with_k(300)), "K fell from 0.55 to 0.30 (−45.5%)"),
        ("k_factor_trend", build_facts(with_k(570)), "K was 0.55 and is now 0.57: no clear change"),
        ("k_factor_trend", build_facts(FEW), "K was 0.55 and is now 1.00: not enough data to say whether it changed"),
        ("k_factor_trend", build_facts(before=NOTHING), "There were no invites in the previous 7 days"),
        (
            "k_factor_trend",
            build_facts(Counts(1, 9, 103_000, 100_000, 1, {}), Counts(1, 9, 100_000, 100_000, 1, {})),
            "K is stable: 1.03 vs. 1.00, within 5%",
        ),
        ("conversion_change", build_facts(), "The conversion rate rose from 11.0% to 14.3% (+30.1%)"),
        ("conversion_change", build_facts(Counts(9, 20, 9, 9, 9, {})), "not enough data to say whether it changed"),
        (
            "conversion_change",
            build_facts(before=NOTHING),
            "There were no clicks in the previous 7 days",
        ),
        ("conversion_change", build_facts(Counts(9, 0, 0, 9, 0, {})), "No invites were clicked"),
        ("top_loop", build_facts(), "Buddy challenge is the strongest loop: K 0.90 from 450 inviting users"),
        ("top_loop", build_facts(), "54.4% of all conversions"),
        ("top_loop", build_facts(loops=[format_loop("a_b", 1, 1, 1, 1)]), "A b is the only loop with invites: K 1.00"),
        (
            "top_loop",
            build_facts(loops=[format_loop("a", 0, 40, 0, 0)]),
            "No loop had new invites. Earlier A invites brought 40 clicks",
        ),
        ("top_loop", build_facts(loops=[]), "loops can't be compared"),
        ("health", build_facts(health_score=74.9, health_status="fair"), "Warning: the health score is 74.9, below 75"),
        ("health", build_facts(health_score=75.0, health_status="good"), "The health score is 75.0 (good)"),
        ("health", build_facts(), "The largest deduction is for fraud: 4.0 points"),
        ("health", build_facts(deductions={"fraud": 0.0}), "There are no deductions"),
        ("top_referrer", build_facts(), "maria is the top referrer: 62 conversions, 8.3% of all"),
        (
            "top_referrer",
            build_facts(FEW, top_referrers=[build_referrer("maria", 9, 10)]),
            "maria is the only referrer with conversions: 10 conversions, 100.0% of all",
        ),
        ("top_referrer", build_facts(top_referrers=[]), "No conversions were credited"),
        (
            "top_referrer",
            build_facts(top_referrers=[ACCUSED, build_referrer("maria", 9, 10)]),
            "maria is the only referrer with conversions",
        ),
        ("top_referrer", build_facts(top_referrers=[ACCUSED]), "All referrers with conversions are under review"),
        ("clean_growth", build_facts(k_factor_clean=0.6), "K is 0.60 instead of 0.74."),
        ("clean_growth", build_facts(with_k(1100), k_factor_clean=0.9), "It reaches 1.00 only with flagged traffic"),
        ("largest_loss", build_facts(), "of 3,100 people who visited, 1,240 signed up (40.0%)"),
        ("opened_invites", build_facts(), "800 of 1,200 invites were clicked (66.7%)"),
        ("no_data", build_empty_facts(), "No data: nothing was recorded for 2–8 March 2026"),
        ("viral_threshold", build_empty_facts(), "K is 0"),
        ("health", build_empty_facts(), "nothing was checked"),
    ],
)
def test_says(rule: str, facts: ReportFacts, said: str) -> None:
    assert said in find(facts, rule).text


EDGES = {
    "a good week": build_facts(),
    "few people": build_facts(FEW, NOTHING, loops=[format_loop("a", 12, 40, 10, 10)], top_referrers=[]),
    "clicks only": build_facts(CLICKS_ONLY, NOTHING, loops=[format_loop("a", 0, 40, 3, 0)], top_referrers=[]),
    "more conversions than clicks": build_facts(Counts(9, 2, 9, 9, 2, {})),
    "nothing after something": build_facts(NOTHING, WEEK_BEFORE, loops=[], top_referrers=[], funnel=[], timeline=[]),
    "only content": build_facts(NOTHING, NOTHING, loops=[], top_referrers=[], funnel=build_funnel(("clicked", 0))),
}


@pytest.mark.parametrize("facts", EDGES.values(), ids=EDGES)
def test_writes_at_least_five_with_data_and_only_finite_numbers(facts: ReportFacts) -> None:
    insights = write_insights(facts)
    assert len(insights) >= 5
    numbers = [number for insight in insights for number in (insight.effect, insight.low, insight.high)]
    assert all(math.isfinite(number) for number in numbers if number is not None)
    words = json.dumps([insight.text for insight in insights]).lower().split()
    assert not {"nan", "inf", "none", "-0", "nan%", "inf%"} & set(words)


def test_k_and_users_of_purged_dates_are_shown_as_not_known() -> None:
    purged = Counts(900, 4000, 500, 0, 700, {}, purged_invites=900, purged_conversions=500)
    _, clean, k_factor, *others = build_kpis(build_facts(purged))
    assert (clean.value, clean.trend) == ("not known", "")
    assert (k_factor.value, k_factor.trend) == ("not known", "")
    assert {kpi.label: kpi.value for kpi in others}["Active users"] == "not known"


def test_a_period_that_is_not_over_is_neither_compared_nor_blamed() -> None:
    insights = write_insights(build_facts(with_k(100), is_over=False))
    texts = " ".join(insight.text for insight in insights)
    assert len(insights) >= 5
    assert "This period is still in progress" in texts
    assert [word for word in ("fell", "rose", "before it", "loses") if word in texts] == []


@pytest.mark.parametrize("before", [NOTHING, WEEK_BEFORE])
def test_writes_three_without_data(before: Counts) -> None:
    insights = write_insights(build_empty_facts(previous=build_facts(before).current))
    assert [insight.rule for insight in insights] == ["no_data", "viral_threshold", "health"]


def test_a_comparison_says_where_the_true_difference_lies() -> None:
    trend = find(build_facts(), "k_factor_trend")
    assert trend.effect == pytest.approx(0.194)
    now, before = build_facts().current.k_factor_interval, build_facts().previous.k_factor_interval
    assert now is not None
    assert before is not None
    assert (trend.low, trend.high) == (now.low - before.high, now.high - before.low)
    assert trend.sample == 1000


@pytest.mark.parametrize("conversions", range(400, 800, 20))
def test_the_interval_of_a_difference_never_contradicts_the_verdict(conversions: int) -> None:
    facts = build_facts(with_k(conversions))
    trend = find(facts, "k_factor_trend")
    assert trend.low is not None
    assert trend.high is not None
    holds_zero = trend.low <= 0 <= trend.high
    assert holds_zero == (facts.k_factor_verdict == "no_clear_change")


def test_without_a_period_before_there_is_no_effect() -> None:
    trend = find(build_facts(before=NOTHING), "k_factor_trend")
    assert (trend.effect, trend.low, trend.high) == (None, None, None)


def test_a_rise_that_is_flagged_is_no_rise_and_who_is_credited_is_named() -> None:
    facts = build_attacked_facts()
    flagged, trend = find(facts, "clean_growth").text, find(facts, "k_factor_trend")
    assert flagged.endswith("Flagged conversions are credited to eve (150), mallory (40) and 1 other.")
    assert "flagged conversions account for +0.20" in trend.text
    assert "Honest growth: without flagged conversions, K was 0.55 and is now 0.54: no clear change" in trend.text
    assert (trend.effect, trend.low, trend.high) == (-0.006, None, None)


def test_a_loop_under_review_is_marked_and_never_ranked() -> None:
    loop = find(build_attacked_facts(), "top_loop").text
    assert loop.startswith("Parent share is the strongest loop: K 0.60")
    assert loop.endswith("Under review and not ranked: Buddy challenge.")
    alone = [format_loop("a", 9, 90, 50, 9, flagged=40)]
    assert find(build_attacked_facts(loops=alone), "top_loop").text == "All loops with invites are under review."


def test_honest_k_leads_where_it_is_known() -> None:
    first = write_insights(build_attacked_facts(honest_k=build_honest_k()))[0]
    assert first.text.startswith("Honest K is 0.42, 0.58 below the 1.00 at which growth carries itself.")
    assert "Every 100 users bring in 42 new ones within 28 days" in first.text
    assert first.text.endswith("The K-factor of this period is 0.74.")
    assert (first.effect, first.low, first.high, first.sample) == (0.42, 0.22, 0.64, 137)


@pytest.mark.parametrize(
    ("verdict", "shown"), [("up", "up"), ("down", "down"), ("no_clear_change", ""), ("too_few_to_say", "")]
)
def test_an_arrow_follows_the_verdict_of_the_honest_change(verdict: Verdict, shown: str) -> None:
    change = build_attacked_facts().change
    assert change is not None
    facts = build_attacked_facts(change=change.model_copy(update={"verdict": verdict}))
    arrows = {kpi.label: kpi.trend for kpi in build_kpis(facts)}
    assert (arrows["K clean, 7 days"], arrows["K-factor, 7 days"]) == (shown, "")
