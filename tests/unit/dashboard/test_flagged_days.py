"""Flagged by day: each date as high as its share, and a link to the networks of the date."""

from dashboard.guardrails.flagged_days import CARD, describe
from tests.support.answers import build_flagged_days
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import find, text_of, walk


def test_a_period_without_a_flagged_network_says_so() -> None:
    assert text_of(CARD.build_body(build_snapshot())) == "No network was flagged in this period"


def test_a_day_is_as_high_as_its_share_and_leads_to_its_networks() -> None:
    body = CARD.build_body(build_snapshot(flagged_days=build_flagged_days(20, 40)))
    assert [part.style["height"] for part in find(body, "flagged-part")] == ["50.00%", "100.00%"]
    links = find(body, "stack-link")
    assert [link.href.partition("?")[2] for link in links] == [
        "start=2026-03-30&end=2026-03-30",
        "start=2026-03-31&end=2026-03-31",
    ]
    assert links[1].title == "31 Mar: 2 networks flagged, 40.0% of 100 clicks"
    assert text_of(find(links[1], "visually-hidden")) == links[1].title


def test_a_day_without_a_flagged_network_leads_nowhere() -> None:
    body = CARD.build_body(build_snapshot(flagged_days=build_flagged_days(20)))
    assert len(find(body, "stack-column")) == 7
    assert len([part for part in walk(body) if getattr(part, "href", None)]) == 1


def test_the_chart_is_said_in_one_sentence() -> None:
    assert describe(build_flagged_days(20, 0, 40)) == (
        "Networks were flagged on 2 days of 25–31 Mar 2026; most on 31 Mar: 40.0% of clicks"
    )
