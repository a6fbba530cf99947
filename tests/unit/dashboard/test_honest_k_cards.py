"""What the cards of honest K, its weeks and its spread say."""

from typing import Any

import pytest

from dashboard.components.card import Card
from dashboard.data import GrowthSnapshot
from dashboard.growth import cohort_k, honest_k, spread
from dashboard.growth.cohort_weeks import format_figure
from metrics_api.growth.k_factor import Counts
from tests.unit.dashboard.growth_answers import build_cohort_k, build_k_factor, build_snapshot, build_spread
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.cohort_k import CohortKAnswer
from viral_contract.models.growth import Interval

PURGED = Counts(900, 4000, 500, 0, 700, {}, purged_invites=900, purged_conversions=500)


def draw(card: Card[GrowthSnapshot], **answers: Any) -> Any:
    return card.build_body(build_snapshot(**answers))


def build_weeks(**headline: Any) -> CohortKAnswer:
    return build_cohort_k(0.44, 0.41, 0.3, **headline)


def test_honest_k_says_what_it_is_and_how_sure() -> None:
    body = draw(honest_k.CARD, cohort_k=build_weeks())
    assert text_of(find(body, "k-line")) == "0.44 No clear change  from 0.36"
    said = text_of(body)
    assert "Referred signups per user within 28 days · 526 users who signed up 2 Mar – 15 Mar · flagged" in said
    assert "95%: 0.37–0.52" in said
    [scale] = find(body, "scale")
    assert getattr(scale, "aria-label").startswith("0.44, 95%: 0.37–0.52 on a scale from 0 to 1.2")


@pytest.mark.parametrize(
    ("verdict", "words", "look"),
    [
        ("up", "↑  +0.08 from 0.36", "trend-up"),
        ("down", "↓  +0.08 from 0.36", "trend-down"),
        ("no_clear_change", "No clear change  from 0.36", "trend-stable"),
        ("too_few_to_say", "Too few users to compare  from 0.36", "trend-stable"),
    ],
)
def test_honest_k_has_an_arrow_and_a_color_only_where_its_change_is_clear(verdict: str, words: str, look: str) -> None:
    trend = find(draw(honest_k.CARD, cohort_k=build_weeks(verdict=verdict)), "trend")[0]
    assert (text_of(trend), trend.className) == (words, f"trend {look}")


def test_the_first_weeks_of_all_have_none_before_them() -> None:
    body = draw(honest_k.CARD, cohort_k=build_weeks(previous=None))
    assert text_of(find(body, "trend")) == "No earlier weeks to compare with"
    assert rows_of(body)[3][1:] == ["0.10", "–"]


def test_the_other_readings_stand_with_their_window_and_their_value_before() -> None:
    assert rows_of(draw(honest_k.CARD, cohort_k=build_weeks())) == [
        ["Other readings", "Now", "Before"],
        ["K-factor · raw, 7 days", "0.74", "0.55"],
        ["K clean · raw without 44 flagged", "0.70", "0.55"],
        ["Conversions per user · 28 days", "0.10", "0.08"],
    ]


def test_of_dates_with_totals_only_there_is_no_reading() -> None:
    rows = rows_of(draw(honest_k.CARD, k_factor=build_k_factor(before=PURGED, change=None)))
    assert [row[1:] for row in rows[1:3]] == [["0.74", "–"], ["0.70", "–"]]


def test_before_the_first_week_has_matured_the_card_says_when_it_will() -> None:
    body = draw(honest_k.CARD, cohort_k=build_cohort_k(None, 0.2, matured=0))
    assert text_of(find(body, "change")) == "From 13 Apr: the first signups need 28 days"
    assert rows_of(body)[1][1:] == ["0.74", "0.55"]
    assert find(body, "scale") == []


def test_without_signups_there_is_nothing_to_wait_for() -> None:
    nobody = build_cohort_k(None, None)
    assert text_of(find(draw(honest_k.CARD, cohort_k=nobody), "change")) == "No signups in the 2 weeks to 31 Mar"
    assert text_of(draw(cohort_k.CARD, cohort_k=nobody)) == "No signups in the 2 weeks to 31 Mar"


@pytest.mark.parametrize(("high", "is_apart"), [(0.5, False), (1.3, True)])
def test_labels_near_one_another_stand_on_two_sides(high: float, is_apart: bool) -> None:
    scale = honest_k.build_scale(0.4, Interval(low=0.3, high=high))
    assert ("scale-apart" in scale.className) is is_apart


def test_weeks_are_drawn_hollow_until_they_are_over() -> None:
    body = draw(cohort_k.CARD, cohort_k=build_cohort_k(None, 0.44, None, 0.3, matured=2))
    assert [text_of(value) for value in find(body, "plot-value")] == ["0.44", "0.30"]
    assert len(find(body, "plot-hollow")) == 1
    assert text_of(find(body, "plot-zone")) == "28 days not over yet"
    [plot] = find(body, "cohort-plot")
    assert getattr(plot, "aria-label") == "Honest K by signup week: 9 Mar 0.44; 2 not complete"


def test_the_weeks_are_a_table_too() -> None:
    assert rows_of(draw(cohort_k.CARD, cohort_k=build_cohort_k(0.44, 0.3, matured=1))) == [
        ["Signup week", "Users", "Inviting", "Invites each", "Signups", "Conversions", "K", "95% interval"],
        ["2 Mar", "100", "25.0%", "3.2", "44", "10", "0.44", "0.34–0.54"],
        ["9 Mar", "100", "25.0%", "3.2", "30", "10", "0.30 so far", "0.20–0.40"],
    ]


def test_matured_weeks_alone_have_no_shaded_zone() -> None:
    body = draw(cohort_k.CARD, cohort_k=build_cohort_k(0.4, 0.5))
    assert find(body, "plot-zone") == []
    assert "hollow" not in text_of(find(body, "hint"))


@pytest.mark.parametrize(("highest", "ticks"), [(0.2, [0, 0.3, 0.6, 0.9, 1.2]), (3.1, [0, 1, 2, 3, 4]), (0.0, 5)])
def test_the_axis_has_round_steps_and_room_for_1(highest: float, ticks: list[float] | int) -> None:
    found = cohort_k.list_ticks(highest)
    assert (len(found) if isinstance(ticks, int) else found) == ticks
    assert found[-1] >= max(highest, 1)


def test_spread_says_from_how_few_half_comes_and_what_remains() -> None:
    body = draw(spread.CARD)
    assert text_of(find(body, "change")) == "Half of the conversions come from 5 users"
    said = text_of(body)
    assert "If the strongest 5% stopped, it would be 0.22." in said
    assert "0.31 (0.24–0.40):  below 1 means a few users do most of the inviting" in said
    assert [(bar.label, bar.value) for bar in spread.format_bars(build_spread())] == [
        ("All users, 100", "0.44"),
        ("Without the strongest one", "0.43"),
        ("Without the top 1%, 1 user", "0.43"),
        ("Without the top 5%, 5 users", "0.22"),
    ]
    assert rows_of(body)[1:] == [["5.0%", "50.0%"], ["44.0%", "100.0%"], ["100.0%", "100.0%"]]
    [chart] = find(body, "spread-chart")
    assert getattr(chart, "aria-label") == "5% of the inviting users bring half of the conversions"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"referrers": 29}, "Too few referrers to tell 29 users invited in this period; 30 are needed."),
        ({"curve": [], "mean": 0.0, "half_from": 0}, "No conversions that count in this period"),
    ],
)
def test_too_few_referrers_and_no_conversions_have_no_spread(given: dict[str, Any], words: str) -> None:
    body = draw(spread.CARD, spread=build_spread(**given))
    assert text_of(body) == words


@pytest.mark.parametrize(
    ("dispersion", "interval", "words"),
    [
        (0.8, Interval(low=0.3, high=9), "not clear whether a few users do most of it"),
        (3.0, Interval(low=1.2, high=9), "inviting is spread over many"),
        (None, None, "has no value: only chance tells the users apart"),
    ],
)
def test_the_dispersion_says_no_more_than_its_interval(
    dispersion: float | None, interval: Interval | None, words: str
) -> None:
    assert words in text_of(draw(spread.CARD, spread=build_spread(dispersion_k=dispersion, interval=interval)))


@pytest.mark.parametrize(
    ("answer", "figure"),
    [
        (build_weeks(), ("0.44", "95%: 0.37–0.52 · no clear change from 0.36")),
        (build_weeks(verdict="up"), ("0.44", "95%: 0.37–0.52 · up from 0.36")),
        (build_weeks(previous=None), ("0.44", "95%: 0.37–0.52 · too few users to compare")),
        (build_cohort_k(0.2, matured=0), ("–", "From 6 Apr: the first signups need 28 days")),
        (None, ("–", "not available")),
    ],
)
def test_the_guardrails_page_has_honest_k_in_one_figure(answer: CohortKAnswer | None, figure: tuple[str, str]) -> None:
    assert format_figure(answer) == figure


def test_every_reading_explains_itself() -> None:
    terms = [part for part in walk(draw(honest_k.CARD)) if "term" in (getattr(part, "className", "") or "").split()]
    assert [text_of(term) for term in terms] == ["K-factor", "K clean", "Conversions per user"]
