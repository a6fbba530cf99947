"""Cards that are one line on a phone: their key figures, and what folds."""

from typing import Any

import pytest

from dashboard.components.card import Card, build_skeleton
from dashboard.data import Snapshot
from dashboard.guardrails import anomalies, bots, coppa, filtered_traffic, flagged_days, fraud, opt_outs
from dashboard.guardrails.page import CARDS
from tests.support.answers import (
    COMMON,
    build_bots,
    build_components,
    build_flagged_days,
    build_fraud,
    build_health,
    build_traffic,
)
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.guardrails import Components

MODULES = (fraud, bots, anomalies, flagged_days, filtered_traffic, opt_outs, coppa)
SHARES = {"total": 450, "never_viewed": 160, "opt_out_rate": 0.3556}
LINKS = {"total": 1286, "zero_clicks": 311, "opt_out_rate": 0.2418}
OPT_OUTS = {
    **COMMON,
    "parent_shares": SHARES,
    "attribution_links": LINKS,
    "study_sessions": {"total": 0, "avg_participants": 0},
}
ITEMS = {"total_checked": 450, "violations_found": 10, "compliance_rate": 0.978}
COPPA = {
    **COMMON,
    "parent_shares": ITEMS,
    "progress_reels": {"total_checked": 0, "violations_found": 0, "compliance_rate": 1},
    "overall_compliance_rate": 0.978,
    "open_violations": 10,
    "target_rate": 0.99,
    "target_met": False,
}


def draw_figure(card: Card[Snapshot], components: Components, **fields: Any) -> str:
    assert card.format_figure is not None
    health = build_health(components=components, **fields.pop("health", {}))
    return card.format_figure(build_snapshot(health=health, **fields))


def test_the_cards_below_the_alerts_fold_and_no_others() -> None:
    folding = [card.slug for card in CARDS if find(build_skeleton(card), "fold")]
    assert folding == [module.CARD.slug for module in MODULES]


def test_the_line_is_the_heading_of_its_card_and_opens_by_the_keyboard() -> None:
    [details] = find(build_skeleton(fraud.CARD), "fold")
    summary, body = details.children
    assert (type(details).__name__, type(summary).__name__) == ("Details", "Summary")
    assert text_of(summary) == "Fraud Detection"
    assert "fraud-figure" in [getattr(each, "id", None) for each in walk(summary)]
    assert body.id == "fraud-body"


def test_the_line_has_the_figure_that_matters() -> None:
    shared = build_fraud(rows=9, total_shared_networks=3)
    given = build_components(fraud=shared, bots=build_bots(rows=4)).model_dump()
    given["anomalies"]["total_flagged"] = 2
    components = Components.model_validate({**given, "opt_outs": OPT_OUTS, "coppa": COPPA})
    traffic = build_traffic({"human": 773, "preview": 227})
    flagged = build_flagged_days(20, 40)
    figures = [draw_figure(module.CARD, components, traffic=traffic, flagged_days=flagged) for module in MODULES]
    assert figures == [
        "9 flagged, 3 shared",
        "4 flagged",
        "2 referrers",
        "2 of 7 days",
        "22.7% of clicks",
        "35.6% · 24.2%",
        "97.8%, missed",
    ]


@pytest.mark.parametrize("health", [{"has_data": False}, {"is_partial": True}])
def test_what_is_not_known_is_no_zero(health: dict[str, Any]) -> None:
    figures = [draw_figure(module.CARD, build_components(), health=health) for module in MODULES]
    assert figures == ["No data"] * len(MODULES)


def test_a_refresh_brings_the_figures(browser: Browser) -> None:
    browser.resume("viewer1")
    drawn = call(browser, "guardrails-summary.children", {"url.search": "?days=7", "guardrails-shown.data": None})
    assert drawn["fraud-figure"] == {"children": "1 flagged, 0 shared"}
