"""What the cards of the growth page say."""

from typing import Any

import pytest
from pydantic import BaseModel

from dashboard.components.card import Card
from dashboard.data import GrowthSnapshot
from dashboard.growth import cohorts, cycle_time, funnel, k_change, k_factor, k_timeline, loops, referrers
from metrics_api.growth.k_factor import Counts, compare_k
from tests.support.report_facts import GOOD_WEEK, NOTHING
from tests.unit.dashboard.growth_answers import (
    build_cohorts,
    build_cycle_time,
    build_funnel,
    build_k_factor,
    build_referrers,
    build_snapshot,
    build_timeline,
)
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.growth import FactorEffects, HonestChange, LoopEffect, LoopsAnswer, ReferrerCase


def draw(card: Card[GrowthSnapshot], **answers: BaseModel) -> Any:
    return card.build_body(build_snapshot(**answers))


def test_k_stands_with_its_trend_its_interval_and_what_is_left_without_flagged_traffic() -> None:
    body = draw(k_factor.CARD)
    assert text_of(find(body, "k-line")) == "0.74 ↑  Honest change +0.19"
    assert text_of(find(body, "kpi")) == "All conversions 0.74 K clean 0.70 Conversions removed 44"
    said = text_of(body)
    assert "95% interval 0.69 to 0.80 · previously 0.55 in 18–24 Mar 2026" in said
    assert "1,000 inviting users × 1.20 invites each × 0.62 conversions per invite" in said
    assert "0.26 below 1, the level of self-sustaining growth." in said


@pytest.mark.parametrize(
    ("verdict", "words", "look"),
    [
        ("up", "↑  Honest change +0.19", "trend-up"),
        ("down", "↓  Honest change +0.19", "trend-down"),
        ("no_clear_change", "No clear change", "trend-stable"),
        ("too_few_to_say", "Too few users to compare", "trend-stable"),
    ],
)
def test_k_has_an_arrow_and_a_color_only_where_its_honest_change_is_clear(verdict: str, words: str, look: str) -> None:
    answer = build_k_factor()
    assert answer.change
    change = answer.change.model_copy(update={"verdict": verdict})
    (trend,) = find(draw(k_factor.CARD, k_factor=answer.model_copy(update={"change": change})), "trend")
    assert (text_of(trend), trend.className) == (words, f"trend {look}")


def test_k_is_not_compared_with_dates_of_which_only_totals_are_kept() -> None:
    purged = Counts(900, 4000, 500, 0, 700, {}, purged_invites=900, purged_conversions=500)
    trend, change_pct = compare_k(GOOD_WEEK, purged)
    answer = build_k_factor(before=purged, trend=trend, change_pct=change_pct, change=None)
    assert text_of(find(draw(k_factor.CARD, k_factor=answer), "trend")) == "Not comparable"
    assert "previously not available: only totals are kept for 18–24 Mar 2026" in text_of(
        draw(k_factor.CARD, k_factor=answer)
    )
    assert "K can't be compared" in text_of(draw(k_change.CARD, k_factor=answer))
    assert "the K-factor is not available" in text_of(draw(k_factor.CARD, k_factor=build_k_factor(now=purged)))


def test_k_over_time_is_a_table_for_screen_readers() -> None:
    assert rows_of(draw(k_timeline.CARD, timeline=build_timeline(0.5, 1.2))) == [
        ["Date", "K", "K clean", "Invites", "Conversions"],
        ["25 Mar", "0.50", "0.25", "10", "4"],
        ["26 Mar", "1.20", "0.60", "10", "4"],
    ]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("up", "K rose by more than chance alone would explain"),
        ("down", "K fell by more than chance alone would explain"),
        ("no_clear_change", "No clear change"),
        ("too_few_to_say", "Not enough data"),
    ],
)
def test_a_change_is_called_one_only_where_it_is(verdict: str, words: str) -> None:
    answer = build_k_factor()
    assert answer.change
    change = answer.change.model_copy(update={"verdict": verdict})
    assert words in text_of(draw(k_change.CARD, k_factor=answer.model_copy(update={"change": change})))


def flag(flagged: float, **fields: Any) -> HonestChange:
    """A change of K, so much of which is flagged."""
    answer = build_k_factor()
    assert answer.change
    return answer.change.model_copy(update={"flagged": flagged, "honest": answer.change.raw - flagged, **fields})


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (flag(0.0), "K rose, and it is real: +0.194"),
        (flag(0.1746), "0.55 → 0.74: 90% of it is flagged"),
        (flag(0.25, verdict="no_clear_change"), "0.55 → 0.74: all of it is flagged"),
        (flag(0.05, verdict="no_clear_change"), "No clear change"),
        (flag(0.05, raw=-0.2, honest=-0.25, verdict="down"), "K fell, and it is real: −0.250"),
    ],
)
def test_what_moved_k_is_said_with_what_is_flagged_first(change: HonestChange, finding: str) -> None:
    body = draw(k_change.CARD, k_factor=build_k_factor().model_copy(update={"change": change}))
    assert text_of(find(body, "change")) == finding
    assert rows_of(find(body, "effects"))[0][0] == "Flagged conversions"


def test_the_effects_add_up_to_the_change_and_to_what_is_honest_of_it() -> None:
    effects = [LoopEffect(source=f"loop-{n}", name=f"Loop {n}", effect=0.144 / 8) for n in range(8)]
    change = flag(
        0.05, honest=0.144, by_loop=effects, by_factor=FactorEffects(invites_per_user=0.1, conversions_per_invite=0.044)
    )
    for parts in (k_change.split_by_factor(change.by_factor), k_change.split_by_loop(effects)):
        assert sum(part.effect for part in parts) == pytest.approx(change.honest)
    body = draw(k_change.CARD, k_factor=build_k_factor().model_copy(update={"change": change}))
    whole, by_factor, by_loop = [each for each in walk(body) if type(each).__name__ == "Table"]
    assert rows_of(whole)[-1] == ["Total", "", "+0.194"]
    assert rows_of(by_factor)[-1] == rows_of(by_loop)[-1] == ["Total", "", "+0.144"]
    assert [row[0] for row in rows_of(by_loop)][-2:] == ["2 other loops", "Total"]


def test_bars_are_gray_unless_the_change_is_clear() -> None:
    for verdict, looks in (("up", {"flagged", "up", "down"}), ("no_clear_change", {"flagged", "unclear"})):
        body = draw(k_change.CARD, k_factor=build_k_factor().model_copy(update={"change": flag(0.05, verdict=verdict)}))
        drawn = {fill.className.split("effect-")[-1] for fill in find(body, "effect-fill")}
        assert drawn <= looks
        assert "flagged" in drawn


@pytest.mark.parametrize(("share", "left", "width"), [(1, "50.00%", "50.00%"), (-0.5, "25.00%", "25.00%")])
def test_an_effect_is_drawn_to_its_side_of_the_middle(share: float, left: str, width: str) -> None:
    table = k_change.build_effects(
        "By factor", [k_change.Effect("this", share), k_change.Effect("most", 1)], 1, is_clear=True
    )
    assert find(table, "effect-fill")[0].style == {"left": left, "width": width}


def test_the_funnel_begins_with_the_invites_and_tells_both_rates() -> None:
    bars = funnel.format_bars(build_funnel(4000, 3000, 1200, 600, 300, invites=1200))
    assert [(bar.label, bar.value) for bar in bars] == [
        ("Invites sent", "1,200"),
        ("Clicked", "4,000"),
        ("Visited", "3,000"),
        ("Signed up", "1,200"),
        ("Converted", "600"),
        ("Activated", "300"),
    ]
    assert bars[3].note == "40.0% of previous step (10.0% to 20.0%) · 30.0% of total"
    assert [bar.share for bar in bars[:3]] == [0.3, 1, 0.75]


def test_a_loop_is_drawn_against_a_k_of_1() -> None:
    body = draw(loops.CARD)
    assert rows_of(body) == [
        ["Loop", "Conversions", "Rate", "K"],
        ["Buddy challenge 500 invites · 2,400 clicks", "900", "37.5%", "2.00"],
        ["Parent share 20 invites · 80 clicks", "10", "12.5%", "1.00"],
        ["Prep pack 0 invites · 9 clicks", "0", "0.0%", "0.00"],
    ]
    carries, just_does, brings_nobody = find(body, "meter")
    assert [part.style for part in carries.children] == [{"width": "100.00%"}, {"left": "50.00%"}]
    assert "meter-weak" not in just_does.className
    assert "meter-weak" in brings_nobody.className


def test_a_week_that_is_not_over_stays_blank_in_the_heat_map() -> None:
    body = draw(cohorts.CARD, cohorts=build_cohorts((0, [None] * 3), (50, [1.0, 0.404, None]), (20, [None, None])))
    assert rows_of(body) == [
        ["Signup week", "Users", "W0", "W1"],
        ["9 Mar", "50", "100%", "40%"],
        ["16 Mar", "20", "", ""],
    ]
    [cell] = find(body, "heat")
    assert cell.style == {"--share": "0.404"}


@pytest.mark.parametrize(("hours", "words"), [(47.94, "47.9 h"), (48.0, "2.0 days"), (0.0, "0.0 h")])
def test_a_cycle_is_told_in_hours_then_in_days(hours: float, words: str) -> None:
    assert words in text_of(draw(cycle_time.CARD, cycle_time=build_cycle_time(median_hours=hours)))


def test_every_referrer_leads_to_its_investigation_over_the_period() -> None:
    body = draw(referrers.CARD, referrers=build_referrers(next_cursor="more"))
    hrefs = [part.href for part in walk(body) if hasattr(part, "href")]
    assert hrefs == [
        "/dashboard/investigations?days=7&kind=referrer&id=a%26b-1",
        "/dashboard/investigations?days=7&kind=referrer&id=a%26b-2",
        "/dashboard/growth/referrers?days=7",
    ]
    assert rows_of(body)[1] == ["a&b-1 3 invites · 41 clicks", "11", "26.8%", "0.045"]


def test_who_is_under_a_case_stands_below_the_ranking_and_leads_to_it() -> None:
    first, second = build_referrers().referrers
    flagged = first.model_copy(update={"case": ReferrerCase(id=7, strength="flags", verdict=None)})
    looks = second.model_copy(update={"case": ReferrerCase(id=8, strength="looks", verdict=None)})
    body = draw(referrers.CARD, referrers=build_referrers(referrers=[flagged, looks]))
    assert [row[0] for row in rows_of(body)[1:]] == [
        "a&b-2 Worth a look 3 invites · 41 clicks",
        "Not ranked: under a case",
        "a&b-1 Under review 3 invites · 41 clicks",
    ]
    assert {"/dashboard/cases/7", "/dashboard/cases/8"} <= {part.href for part in walk(body) if hasattr(part, "href")}


EMPTY: dict[str, BaseModel] = {
    "k_factor": build_k_factor(NOTHING, NOTHING),
    "timeline": build_timeline().model_copy(update={"points": []}),
    "funnel": build_funnel(0, 0, 0, 0, 0, invites=0),
    "loops": LoopsAnswer.model_validate(
        {**build_timeline().model_dump(), "loops": [], "total_loops": 0, "next_cursor": None}
    ),
    "cohorts": build_cohorts((0, [None])),
    "cycle_time": build_cycle_time(median_hours=None, p75_hours=None, pairs=0, open=3),
    "referrers": build_referrers(rows=0),
}


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (k_factor.CARD, "No invites in this period"),
        (k_timeline.CARD, "No invites in this period"),
        (k_change.CARD, "No invites in this period or the previous one"),
        (funnel.CARD, "No invites or clicks in this period"),
        (loops.CARD, "No loop activity in this period"),
        (cohorts.CARD, "No signups in the last 8 weeks"),
        (cycle_time.CARD, "No referred signups in this period · 3 users with no referred signup yet"),
        (referrers.CARD, "No referrer activity in this period"),
    ],
)
def test_an_empty_period_is_told_in_words(card: Card[GrowthSnapshot], words: str) -> None:
    body = draw(card, **EMPTY)
    assert words in text_of(find(body, "nothing"))
    assert rows_of(body) == []


def test_the_first_invites_of_all_explain_the_change() -> None:
    body = draw(k_change.CARD, k_factor=build_k_factor(GOOD_WEEK, NOTHING))
    assert "From 0.00 to 0.74: +0.744" in text_of(body)
