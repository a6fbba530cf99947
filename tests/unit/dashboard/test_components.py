"""What the cards say, read from their component trees."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.components.card import Card, build_skeleton
from dashboard.data import Snapshot
from dashboard.guardrails import bots, deductions, fraud, health_score, key_figures
from dashboard.guardrails.page import CARDS
from dashboard.live.view import build_summary
from tests.support.answers import (
    NOW,
    build_basis_score,
    build_bots,
    build_components,
    build_fraud,
    build_health,
    build_item,
    build_traffic,
)
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.guardrails import DeductionItem, FlaggedShare, FraudAnswer, HealthAnswer


def draw(card: Card[Snapshot], health: HealthAnswer) -> Any:
    return card.build_body(build_snapshot("?days=14", health=health))


def test_every_card_has_its_heading_before_its_data() -> None:
    headings = [text_of(find(build_skeleton(card), "card-heading")) for card in CARDS]
    assert headings == [
        "Health Score",
        "Set up Viral Guardrails",
        "What is lowering the score",
        "Key figures",
        "Top culprits",
        "Active alerts",
        "Score history",
        "Fraud Detection",
        "Bot Detection",
        "Conversion Anomalies",
        "Flagged by day",
        "Filtered traffic",
        "Opt-Out Rates",
        "COPPA Compliance",
    ]


@pytest.mark.parametrize(
    ("score", "status", "word", "hint"),
    [
        (100, "excellent", "Excellent", "Highest status"),
        (89.9, "good", "Good", "Excellent starts at 90"),
        (75, "good", "Good", "Excellent starts at 90"),
        (60, "fair", "Fair", "Good starts at 75"),
        (40, "warning", "Warning", "Fair starts at 60"),
        (0, "critical", "Critical", "Warning starts at 40"),
    ],
)
def test_the_score_comes_with_its_word_and_the_way_to_better(score: float, status: str, word: str, hint: str) -> None:
    body = draw(health_score.CARD, build_health(score, status))
    assert text_of(find(body, "score")) == f"{score:.1f}"
    assert text_of(find(body, "status")) == word
    assert text_of(find(body, "hint")) == hint


def test_the_gauge_reads_as_one_sentence() -> None:
    [image] = [
        each for each in walk(draw(health_score.CARD, build_health(75.7, "good"))) if getattr(each, "role", None)
    ]
    assert image.role == "img"
    assert getattr(image, "aria-label") == "Health score 75.7 out of 100: good"


def test_the_waterfall_falls_step_by_step_to_the_score() -> None:
    items = [build_item("fraud", 12.4), build_item("bot_behavior", 6.1, cap=20), build_item("opt_out_rate", 0, cap=20)]
    steps = deductions.format_steps(build_health(81.5, "good", deduction_items=items))
    assert [(step.value, step.notes, step.card) for step in steps] == [
        ("100", (), None),
        ("−12.4", ("1 network × 2", "max. 30"), "fraud"),
        ("−6.1", ("1 device × 2", "max. 20"), "bots"),
        ("0", ("1.0% × 20", "max. 20"), "opt-outs"),
        ("81.5", (), None),
    ]
    assert [(step.low, step.high) for step in steps] == [
        (0, 100),
        pytest.approx((87.6, 100)),
        pytest.approx((81.5, 87.6)),
        pytest.approx((81.5, 81.5)),
        (0, 81.5),
    ]


def test_a_deduction_by_share_is_of_percent_points() -> None:
    (item,) = [build_item("fraud", 28).model_copy(update={"quantity": 40.0})]
    assert deductions.format_measure(item, build_health(basis="share")) == "40 × 0.7"


def test_each_column_leads_to_its_card() -> None:
    links = find(draw(deductions.CARD, build_health()), "waterfall-label")
    named = {text_of(link): getattr(link.children, "href", None) for link in links}
    assert named == {"Start": None, "fraud": "#fraud-heading", "bot_behavior": "#bots-heading", "Score": None}
    assert {f"{card.slug}-heading" for card in CARDS} >= {"fraud-heading", "bots-heading", "opt-outs-heading"}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([build_item("fraud", 2)], "fraud costs most: 1 flagged network made 1% of all clicks of people."),
        (
            [build_item("opt_out_rate", 5)],
            "opt_out_rate costs most: 1.0% of parent shares and links were never opened.",
        ),
        ([build_item("fraud", 0)], ""),
    ],
)
def test_the_largest_deduction_is_explained(items: list[DeductionItem], expected: str) -> None:
    body = draw(deductions.CARD, build_health(deduction_items=items))
    assert " ".join(text_of(find(body, "largest-deduction")).split()) == expected


def test_the_key_figures_say_how_much_is_flagged() -> None:
    health = build_health(flagged_share=FlaggedShare(clicks=0.415, conversions=0.32))
    snapshot = build_snapshot(health=health, traffic=build_traffic({"human": 900, "known_bot": 100}))
    shown = [text_of(part) for part in find(key_figures.CARD.build_body(snapshot), "strip")[0].children]
    assert shown[:3] == [
        "Clicks of people 900 100 others filtered",
        "Clicks flagged 41.5% 1 network",
        "Conversions flagged 32.0% left out of K clean",
    ]
    assert shown[3].startswith("COPPA Compliance")
    assert shown[4] == "Honest K – not available"


def test_the_waterfall_does_not_fall_below_its_floor() -> None:
    items = [build_item("fraud", 70), build_item("bot_behavior", 70)]
    steps = deductions.format_steps(build_health(0, "critical", deduction_items=items))
    assert min(step.low for step in steps) == 0


def test_the_waterfall_is_a_table_for_screen_readers() -> None:
    body = draw(deductions.CARD, build_health())
    assert rows_of(find(body, "visually-hidden")) == [
        ["Deduction", "Measured", "Formula", "Points", "Max."],
        ["fraud", "1 found", "2 × 1", "−2.0", "30"],
        ["bot_behavior", "1 found", "2 × 1", "−2.0", "20"],
    ]
    assert {getattr(plot, "aria-hidden") for plot in find(body, "waterfall-plot")} == {"true"}


def test_fraud_lists_the_worst_rows_and_leads_to_all() -> None:
    body = draw(fraud.CARD, build_health(components=build_components(fraud=build_fraud(rows=10))))
    rows = rows_of(body)
    assert rows[0][:4] == ["Network", "Finding", "Date", "Clicks"]
    assert rows[1][0] == "10 flagged · cost points, raise alerts, leave K clean"
    assert rows[2] == ["203.0.113.1", "Flagged", "31 Mar 2026", "11", "1", "–", "–", "–"]
    assert len(rows) == 2 + 9
    assert find(body, "link-to-all")[0].href == "/dashboard/guardrails/fraud?days=14"
    assert "more than 10 clicks of people in one day (UTC)" in text_of(body)


def build_mixed(**fields: Any) -> FraudAnswer:
    """A farm, a rotating network and a school, each with its evidence."""
    farm, rotating, school = build_fraud(rows=3).suspicious_ips
    evidence = {
        "devices": 4,
        "clicks_per_device": 31.75,
        "referrers": 1,
        "top_referrer_share": 0.99,
        "new_device_share": 0.75,
    }
    flagged = [
        {**farm.model_dump(), "evidence": evidence},
        {**rotating.model_dump(), "verdict": "rotating", "ip_address": "2001:db8:7a:4::/64", "evidence": evidence},
    ]
    of_school = {**evidence, "devices": 81, "clicks_per_device": 1.4, "referrers": 19, "top_referrer_share": 0.12}
    proposal = {"cidr": "192.0.2.77/32", "reason": "School", "expires_at": "2026-06-19T00:00:00Z"}
    shared = {
        **school.model_dump(),
        "ip_address": "192.0.2.77",
        "verdict": "shared_network",
        "hint": "shared_network",
        "evidence": of_school,
        "proposal": proposal,
    }
    given = {"suspicious_ips": flagged, "shared_networks": [shared], "total_shared_networks": 1, "total_flagged_ips": 2}
    return build_fraud(**{**given, **fields})


def test_shared_networks_stand_apart_with_their_evidence() -> None:
    body = draw(fraud.CARD, build_health(components=build_components(fraud=build_mixed())))
    rows = rows_of(body)
    assert rows[1][0] == "2 flagged · cost points, raise alerts, leave K clean"
    assert [row[:2] for row in rows[2:4]] == [["203.0.113.1", "Flagged"], ["2001:db8:7a:4::/64", "Rotating"]]
    assert rows[2][3:] == ["11", "4", "31.8", "1", "99.0%"]
    assert rows[4][0] == "1 shared network · many people behind one address; no points, no alert"
    assert rows[5][0].startswith("192.0.2.77")
    assert rows[5][1:] == ["Shared", "31 Mar 2026", "13", "81", "1.4", "19", "12.0%"]
    assert [each.children for each in find(body, "finding-rotating")] == ["Rotating"]


def test_a_school_can_be_trusted_with_one_click_until_the_end_of_the_term() -> None:
    body = draw(fraud.CARD, build_health(components=build_components(fraud=build_mixed())))
    assert text_of(find(body, "proposal")) == "192.0.2.77 looks like a school.  Trust until 18 Jun"
    [button] = find(body, "link-button")
    assert button.id == {"page": "guardrails", "action": "trust", "row": "192.0.2.77/32"}


def test_who_sees_a_school_masked_is_not_offered_to_trust_it() -> None:
    [school] = build_mixed().shared_networks
    masked = build_mixed(shared_networks=[{**school.model_dump(), "ip_address": "192.0.2.*"}])
    assert find(draw(fraud.CARD, build_health(components=build_components(fraud=masked))), "proposal") == []


def test_the_score_is_shown_on_both_bases_the_one_in_use_first() -> None:
    body = draw(health_score.CARD, build_health(67.3, "fair"))
    assert (
        text_of(find(body, "bases")).split() == "By count · in use Fair 67.3 By share of clicks Excellent 98.5".split()
    )
    by_share = build_health(98.5, basis="share", by_count=build_basis_score(67.3, "fair"))
    bases = text_of(find(draw(health_score.CARD, by_share), "bases"))
    assert bases.split() == "By share of clicks · in use Excellent 98.5 By count Fair 67.3".split()


def test_a_maximum_that_is_reached_is_named_with_what_it_hides() -> None:
    none = build_health(by_count=build_basis_score(96, fraud=2))
    by_share = build_basis_score(61.3, "fair", fraud=30)
    by_share.deduction_items[0].quantity = 43.7
    assert health_score.format_cap_note(none) == ""
    assert health_score.format_cap_note(none.model_copy(update={"by_share": by_share})) == (
        "By share, fraud is at the maximum of 30: 43.7% of clicks are flagged."
    )
    capped = build_health(by_count=build_basis_score(70, "fair", fraud=30), by_share=build_basis_score(48.2, "warning"))
    assert health_score.format_cap_note(capped) == (
        "The count has reached its maximum of 30. More flagged networks no longer lower the score. By share it is 48.2."
    )


def test_flagged_rows_lead_to_their_investigation() -> None:
    rows = [*draw(fraud.CARD, build_health()), *draw(bots.CARD, build_health())]
    assert [each.href for each in find(rows, "identifier")] == [
        "/dashboard/investigations?days=14&kind=ip_address&id=ip-1",
        "/dashboard/investigations?days=14&kind=device&id=ref-1",
    ]


def draw_fraud(answer: FraudAnswer) -> list[Any]:
    return draw(fraud.CARD, build_health(components=build_components(fraud=answer)))


def build_school(address: str) -> list[Any]:
    school = {"ip_address": address, "devices": 28, "hint": "shared_network"}
    flagged = [row.model_copy(update=school) for row in build_fraud().suspicious_ips]
    return draw_fraud(build_fraud(suspicious_ips=flagged))


def test_a_row_that_looks_like_a_school_offers_to_trust_it() -> None:
    rows = build_school("2001:db8:1::7")
    said = text_of(find(rows, "row-note")).split()
    assert " ".join(said) == "28 devices. Possibly a school or a family. Trust this network"
    hrefs = [each.href for each in walk(find(rows, "row-note")) if hasattr(each, "href")]
    assert hrefs == ["/dashboard/lists?add=allow&add_kind=network&value=2001%3Adb8%3A1%3A%3A7"]


def test_a_masked_address_cannot_be_trusted() -> None:
    assert (
        text_of(find(build_school("203.0.113.*"), "row-note")).strip() == "28 devices. Possibly a school or a family."
    )


def test_what_is_trusted_is_shown_apart_and_with_its_reason() -> None:
    trusted = {"date": NOW.date(), "ip_address": "192.0.2.77", "ref": "ip-77", "click_count": 28}
    school = {**trusted, "cidr": "192.0.2.0/24", "reason": "Lakeside School"}
    [details] = find(draw_fraud(build_fraud(rows=0, trusted_ips=[school])), "trusted")
    assert text_of(details).startswith("Trusted, not flagged (1) 192.0.2.0/24: Lakeside School")
    assert rows_of(details)[1] == ["192.0.2.77", "31 Mar 2026", "28"]
    assert find(draw_fraud(build_fraud()), "trusted") == []


def test_bots_say_the_rule_and_how_fast_each_device_was() -> None:
    body = draw(bots.CARD, build_health())
    assert "3 clicks within 5 s of one person" in text_of(body)
    assert rows_of(body) == [["Device", "Clicks", "Fastest burst (s)"], ["device-1", "1,234", "0.42"]]


@pytest.mark.parametrize("card", [fraud.CARD, bots.CARD])
def test_a_detector_that_found_nothing_says_so(card: Card[Snapshot]) -> None:
    components = build_components(fraud=build_fraud(rows=0), bots=build_bots(rows=0))
    body = draw(card, build_health(100, components=components))
    assert "No flagged traffic in this period" in text_of(body)
    assert "View all" not in text_of(body)


def test_an_empty_product_has_no_score_and_nothing_to_judge() -> None:
    health = build_health(100, has_data=False, last_event_at=None)
    assert text_of(find(draw(health_score.CARD, health), "no-data")) == "No data yet"
    assert find(draw(health_score.CARD, health), "score") == []
    for card in (deductions.CARD, fraud.CARD, bots.CARD):
        assert text_of(draw(card, health)) == "No data in this period"


def test_an_empty_period_leads_to_the_newest_events() -> None:
    health = build_health(100, has_data=False, last_event_at=datetime(2015, 5, 20, 21, 5, tzinfo=UTC))
    body = draw(health_score.CARD, health)
    assert text_of(find(body, "no-data")) == "No data yet"
    assert "20 May 2015" in text_of(body)
    assert find(body, "button")[0].href == "/dashboard/guardrails?start=2015-05-14&end=2015-05-20"
    assert text_of(draw(deductions.CARD, health)) == "No data in this period"


def test_what_users_send_stays_text() -> None:
    [device] = build_bots().bot_like_devices
    hostile = build_bots(bot_like_devices=[device.model_copy(update={"device_fingerprint": "<b>"})])
    body = draw(bots.CARD, build_health(components=build_components(bots=hostile)))
    assert "<b>" in text_of(body)
    assert not [each for each in walk(body) if getattr(each, "dangerously_allow_html", False)]


def test_the_header_tells_how_old_everything_is() -> None:
    summary = text_of(build_summary(build_snapshot("?days=14", health=build_health()), 30))
    assert summary == ("25–31 Mar 2026 · last event 4 minutes ago Last updated 10:28:15 UTC · refreshes every 30 s")
    assert "no events yet" in text_of(
        build_summary(build_snapshot("?days=14", health=build_health(last_event_at=None)), 30)
    )
