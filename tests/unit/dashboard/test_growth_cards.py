"""What the cards of the growth page say."""

from typing import Any

import pytest
from pydantic import BaseModel

from dashboard.components.card import Card
from dashboard.data import GrowthSnapshot
from dashboard.growth import cohorts, cycle_time, funnel, k_change, loops, referrers
from metrics_api.growth.k_factor import Counts
from metrics_api.growth.loops import format_loop
from tests.support.report_facts import GOOD_WEEK, NOTHING
from tests.unit.dashboard.growth_answers import (
    COMMON,
    build_cohorts,
    build_cycle_time,
    build_funnel,
    build_k_factor,
    build_referrers,
    build_snapshot,
)
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.growth import Culprit, FactorEffects, HonestChange, LoopEffect, LoopsAnswer, ReferrerCase


def draw(card: Card[GrowthSnapshot], **answers: BaseModel) -> Any:
    return card.build_body(build_snapshot(**answers))


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


def test_k_is_not_explained_of_dates_of_which_only_totals_are_kept() -> None:
    purged = Counts(900, 4000, 500, 0, 700, {}, purged_invites=900, purged_conversions=500)
    answer = build_k_factor(before=purged, change=None)
    assert "K can't be compared" in text_of(draw(k_change.CARD, k_factor=answer))


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


ATTACKED = flag(
    0.1746,
    verdict="no_clear_change",
    flagged_conversions=20,
    culprits=[Culprit(referrer_id="usr_1", conversions=11), Culprit(referrer_id="usr_2", conversions=6)],
    total_culprits=3,
    open_cases=3,
    previous_k_factor_clean=0.55,
    k_factor_clean=0.57,
)


def test_who_is_behind_what_is_flagged_is_named_and_leads_to_the_cases() -> None:
    body = draw(k_change.CARD, k_factor=build_k_factor().model_copy(update={"change": ATTACKED}))
    assert text_of(find(body, "change")) == "0.55 → 0.74: 90% of it is flagged Flagged"
    assert rows_of(body)[0][0] == "Flagged conversions usr_1: 11 usr_2: 6 1 other referrer"
    said = text_of(body)
    assert "Raw 0.55 → 0.74. Without 20 flagged conversions: 0.55 → 0.57." in said
    assert "Gray: no clear change" in said
    [link] = find(body, "link-to-all")
    assert (text_of(link), link.href) == ("Review the 3 cases", "/dashboard/cases?strength=flags")


def test_without_a_case_there_is_none_to_review() -> None:
    change = ATTACKED.model_copy(update={"open_cases": 0, "flagged": 0.0, "verdict": "up"})
    body = draw(k_change.CARD, k_factor=build_k_factor().model_copy(update={"change": change}))
    assert find(body, "link-to-all") == find(body, "rule-chip") == []
    assert "Gray" not in text_of(body)


def test_the_effects_add_up_to_the_change_and_to_what_is_honest_of_it() -> None:
    effects = [LoopEffect(source=f"loop-{n}", name=f"Loop {n}", effect=0.144 / 8) for n in range(8)]
    change = flag(
        0.05, honest=0.144, by_loop=effects, by_factor=FactorEffects(invites_per_user=0.1, conversions_per_invite=0.044)
    )
    for parts in (k_change.split_by_factor(change.by_factor), k_change.split_by_loop(effects)):
        assert sum(part.effect for part in parts) == pytest.approx(change.honest)
    body = draw(k_change.CARD, k_factor=build_k_factor().model_copy(update={"change": change}))
    whole, by_factor, by_loop = [each for each in walk(body) if type(each).__name__ == "Table"]
    assert rows_of(whole)[-1] == ["Together", "", "+0.194"]
    assert [row[0] for row in rows_of(by_factor)] == ["Invites per user", "Conversions per invite"]
    assert [row[0] for row in rows_of(by_loop)] == ["Loop 0", "Loop 1", "Loop 2", "Loop 3", "4 other loops"]


def test_bars_are_gray_unless_the_change_is_clear() -> None:
    for verdict, looks in (
        ("up", {"flagged", "whole", "up", "down"}),
        ("no_clear_change", {"flagged", "whole", "unclear"}),
    ):
        body = draw(k_change.CARD, k_factor=build_k_factor().model_copy(update={"change": flag(0.05, verdict=verdict)}))
        drawn = {fill.className.split("effect-")[-1] for fill in find(body, "effect-fill")}
        assert drawn <= looks
        assert "flagged" in drawn


def test_all_effects_of_the_card_are_drawn_on_one_scale() -> None:
    scale = k_change.Scale.fit([0.3, -0.1, 0.05])
    assert scale.place(0.3) == {"left": "25.00%", "width": "75.00%"}
    assert scale.place(-0.1) == {"left": "0.00%", "width": "25.00%"}
    assert k_change.Scale.fit([0.0, 0.0]).place(0.0) == {"left": "50.00%", "width": "0.00%"}


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


def test_loops_are_ranked_by_what_counts_and_one_with_much_flagged_is_under_review() -> None:
    assert rows_of(draw(loops.CARD)) == [
        ["Loop", "Conversions", "Flagged", "K clean", "Raw K"],
        ["Buddy challenge Under review 500 invites", "270", "630", "0.60", "2.00"],
        ["Parent share 20 invites", "10", "0", "1.00", "1.00"],
        ["Prep pack 0 invites", "0", "0", "0.00", "0.00"],
    ]


@pytest.mark.parametrize(("flagged", "is_under_review"), [(0, False), (4, False), (5, True), (100, True)])
def test_a_loop_is_under_review_from_a_share_on(flagged: int, is_under_review: bool) -> None:
    assert format_loop("a", 50, 400, 100, 50, flagged=flagged).is_under_review is is_under_review


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
    assert rows_of(body)[1] == ["a&b-1", "9", "22.0%", "0.037"]
    assert "99 referrers, 700 conversions that count" in text_of(body)


def test_who_is_under_a_case_stands_below_the_ranking_and_its_rules_lead_to_it() -> None:
    first, second, third = build_referrers(3).referrers
    clean = {"flagged_conversions": 0}
    looks = ReferrerCase(id=8, strength="looks", verdict=None, rules=["too_good"])
    flags = ReferrerCase(id=7, strength="flags", verdict=None, rules=["farm", "ring"])
    ranked = first.model_copy(update={"case": looks, **clean})
    accused = second.model_copy(update={"case": flags, "k_contribution_clean": 0.0})
    caught = third.model_copy(update={"case": looks})
    body = draw(referrers.CARD, referrers=build_referrers(referrers=[ranked], not_ranked=[accused, caught]))
    assert [row[0] for row in rows_of(body)[1:]] == [
        "a&b-1 Too good",
        "Not ranked: under a case",
        "a&b-2 Farm, Ring",
        "a&b-3 Too good 2 flagged",
    ]
    assert rows_of(body)[3][1:] == ["11", "26.8%", "0"]
    looks_of = [chip.className.split()[-1] for chip in find(body, "rule-chip")]
    assert looks_of == ["rule-looks", "rule-flags", "rule-looks", "rule-flags"]
    assert {"/dashboard/cases/7", "/dashboard/cases/8"} <= {part.href for part in walk(body) if hasattr(part, "href")}


EMPTY: dict[str, BaseModel] = {
    "k_factor": build_k_factor(NOTHING, NOTHING),
    "funnel": build_funnel(0, 0, 0, 0, 0, invites=0),
    "loops": LoopsAnswer(**COMMON, loops=[], total_loops=0, next_cursor=None),
    "cohorts": build_cohorts((0, [None])),
    "cycle_time": build_cycle_time(median_hours=None, p75_hours=None, pairs=0, open=3),
    "referrers": build_referrers(rows=0),
}


@pytest.mark.parametrize(
    ("card", "words"),
    [
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
    assert "Raw 0.00 → 0.74. Nothing is flagged." in text_of(body)
