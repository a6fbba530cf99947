"""Drafts and rule quality: what they say, and what their buttons do."""

import json
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from dashboard.drafts import list_page, quality_page
from dashboard.drafts.changes import build_figures, build_lists, find_finding, format_split
from dashboard.drafts.curve import draw_curve, show_curve
from dashboard.drafts.editing import fill, save
from dashboard.drafts.page import act, build_view, list_changes, show_draft
from dashboard.drafts.settings import format_change
from dashboard.lists.view import show, submit
from tests.support.answers import NOW, PERIOD
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.drafts import (
    CurveAnswer,
    CurvePoint,
    Difference,
    Draft,
    DraftAnswer,
    DraftCreated,
    DraftDay,
    DraftsAnswer,
    ReplayedEntity,
    VerdictSplit,
)
from viral_contract.models.growth import Interval
from viral_contract.models.people import Role
from viral_contract.models.quality import Power, QualityAnswer, RuleQuality

DRAFT = Draft(
    id=7,
    name="Less noise",
    status="done",
    settings={"fraud_ip_click_threshold": 15},
    period=PERIOD,
    shadow_since=None,
    done_days=7,
    total_days=7,
    created_at=NOW,
    created_by="ana@example.com",
)


def difference(**split: int) -> Difference:
    """As many networks as the split counts."""
    rows = [
        ReplayedEntity(kind="network", entity="203.0.113.7", ref="ref_1", peak=12, verdict="legitimate")
        for _ in range(sum(split.values()))
    ]
    return Difference(count=len(rows), by_verdict=VerdictSplit(**split), first=rows)


def answer(**changes: Any) -> DraftAnswer:
    """What a draft changes: four legitimate ones are no longer flagged, nine frauds still are."""
    return DraftAnswer(
        **{
            **DRAFT.model_dump(),
            "replayed": PERIOD,
            "live_settings": {"fraud_ip_click_threshold": 10},
            "computed_at": NOW,
            "newly_flagged": difference(),
            "no_longer_flagged": difference(legitimate=4, none=4),
            "unchanged": difference(fraud=9, legitimate=1, none=3),
            "alerts": [],
            "live_alerts": [],
            "cases_per_week": 9,
            "live_cases_per_week": 11,
            "days": [
                DraftDay(
                    date=PERIOD.end,
                    health_score=92,
                    k_factor_clean=0.55,
                    live_health_score=67.3,
                    live_k_factor_clean=0.54,
                )
            ],
            "helm_values": "thresholds:\n  fraudIpClickThreshold: 15\n",
            "not_applicable": [],
            "is_live": False,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("changes", "text", "tone"),
    [
        ({}, "This draft keeps all 9 judged fraud and drops 4 of the 5 judged legitimate.", "good"),
        ({"no_longer_flagged": difference(fraud=2)}, "This draft loses 2 of 11 judged fraud.", "warning"),
        (
            {"no_longer_flagged": difference(none=3), "unchanged": difference(none=1)},
            "0 would be newly flagged, 3 no longer. None of them has a verdict yet.",
            "neutral",
        ),
        ({"is_live": True}, "The live settings are those of this draft.", "neutral"),
    ],
)
def test_says_what_the_draft_means_for_what_was_judged(changes: dict[str, Any], text: str, tone: str) -> None:
    assert find_finding(answer(**changes)) == (text, tone)


def test_shows_the_figures_beside_the_live_ones() -> None:
    said = " ".join(text_of(build_figures(answer())).split())
    assert "No longer flagged 8 4 legitimate · 4 no verdict" in said
    assert "Cases a week 9 instead of 11" in said
    assert format_split(VerdictSplit()) == "Nobody"


def test_lists_who_changes_with_the_way_to_each() -> None:
    lists = build_lists(answer(no_longer_flagged=difference(legitimate=1), unchanged=difference()), "?days=7")
    said = " ".join(text_of(lists).split())
    assert "No longer flagged 1" in said
    assert "203.0.113.7 Network 12 clicks in a day Legitimate" in said
    [link] = [each.href for each in walk(lists) if hasattr(each, "href")]
    assert link == "/dashboard/investigations?days=7&kind=ip_address&id=ref_1"


def test_says_that_nobody_is_flagged() -> None:
    nobody = answer(no_longer_flagged=difference(), unchanged=difference())
    assert "Nobody is flagged" in text_of(build_lists(nobody, ""))


def test_rates_are_percentages() -> None:
    assert format_change("conversion_anomaly_threshold", 0.8) == "Max. conversion rate 80%"
    assert format_change("fraud_rule", "network_aware") == "Fraud rule network aware"


LOADED = {
    "id": 7,
    "name": "Less noise",
    "shadow": True,
    "start": "2026-03-25",
    "end": "2026-03-31",
    "until": "2026-04-02",
    "settings": {"fraud_ip_click_threshold": 15},
    "live": {"fraud_ip_click_threshold": 10, "conversion_anomaly_threshold": 0.8, "alert_bot_devices": 0},
}


def test_settings_have_the_live_value_beside_them() -> None:
    filled = fill(LOADED)
    name = "fraud_ip_click_threshold"
    assert (filled["live"][name], filled["values"][name], filled["hidden"][name]) == ("10", 15, False)
    assert filled["looks"][name].endswith("changed")
    assert (filled["values"]["alert_bot_devices"], filled["hidden"]["alert_bot_devices"]) == ("", True)
    assert (
        fill({**LOADED, "settings": {"conversion_anomaly_threshold": 0.9}})["values"]["conversion_anomaly_threshold"]
        == 90
    )


def test_what_is_entered_changes_the_draft_and_leaves_the_rest_as_it_is(api: FakeApi) -> None:
    api.answers["PUT", "/v1/drafts/7"] = httpx.Response(204)
    given = {"fraud_ip_click_threshold": 20, "conversion_anomaly_threshold": 80, "alert_bot_devices": ""}
    saved = save(api.connect(), LOADED, given)
    assert saved["said"].startswith("Saved.")
    body = json.loads(api.asked[-1].content)
    assert {name: value for name, value in body["settings"].items() if value is not None} == {
        "fraud_ip_click_threshold": 20
    }
    assert (body["start"], body["end"], body["shadow"]) == ("2026-03-25", "2026-03-31", True)


def test_what_is_out_of_range_is_said_at_its_field(api: FakeApi) -> None:
    refused = save(api.connect(), LOADED, {"fraud_ip_click_threshold": 0, "conversion_anomaly_threshold": 101})
    assert refused["errors"] == {
        "fraud_ip_click_threshold": "At least 1",
        "conversion_anomaly_threshold": "At most 100",
    }
    assert api.asked == []


def test_the_curve_names_both_values() -> None:
    curve = CurveAnswer(
        period=PERIOD,
        computed_at=NOW,
        setting="fraud_ip_click_threshold",
        kind="network",
        live_value=10,
        points=[
            CurvePoint(value=10, flagged=21, by_verdict=VerdictSplit(fraud=9, none=12)),
            CurvePoint(value=15, flagged=13, by_verdict=VerdictSplit(fraud=9, none=4)),
        ],
    )
    drawn = draw_curve(curve, 15)
    assert (drawn["at"], drawn["last"], draw_curve(curve, None)["at"], draw_curve(curve, 40)["at"]) == (1, 1, 0, 1)
    assert drawn["steps"] == {
        "setting": "fraud_ip_click_threshold",
        "live": "10",
        "steps": [{"x": "10", "value": 10, "flagged": 21}, {"x": "15", "value": 15, "flagged": 13}],
    }
    said = " ".join(text_of(drawn["table"]).split())
    assert "Value Flagged Judged fraud Judged legitimate No verdict 10 21 9 0 12" in said


def test_the_curve_asks_for_the_drafts_dates_and_not_for_the_draft(api: FakeApi) -> None:
    point = CurvePoint(value=10, flagged=0, by_verdict=VerdictSplit())
    setting = "fraud_ip_click_threshold"
    api.answers["GET", "/v1/drafts/curve"] = CurveAnswer(
        period=PERIOD, computed_at=NOW, setting=setting, kind="network", live_value=10, points=[point]
    )
    shown = show_curve(api.connect(), LOADED, setting)
    assert shown["about"].endswith("No networks would be flagged at any value.")
    [request] = api.asked
    assert dict(request.url.params) == {"setting": setting, "start": "2026-03-25", "end": "2026-04-02"}


@pytest.fixture
def drafted(api: FakeApi, view_as: Any) -> FakeApi:
    view_as(Role.ANALYST)
    api.answers["GET", "/v1/drafts/7"] = answer()
    return api


def test_an_analyst_sees_the_draft_and_its_buttons(drafted: FakeApi) -> None:
    shown = show_draft(drafted.connect(), 7, None)
    assert "Less noise" in text_of(shown["head"])
    again = show_draft(drafted.connect(), 7, 7, shown["loaded"])
    assert again["loaded"] != shown["loaded"]
    assert (shown["actions"], shown["rests"], shown["shadow"]) == (False, True, "Run as shadow")


def test_what_would_change_is_a_file(drafted: FakeApi) -> None:
    lines = list(list_changes(drafted.connect(), 7))
    assert [line["change"] for line in lines] == ["no_longer_flagged"] * 8 + ["unchanged"] * 13
    assert lines[0]["entity"] == "203.0.113.7"
    assert drafted.asked[-1].url.params["rows"] == "10000"


def test_a_viewer_gets_no_buttons(drafted: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    assert show_draft(drafted.connect(), 7, None)["actions"] is True


def test_a_replay_shows_its_progress_and_is_polled(drafted: FakeApi) -> None:
    drafted.answers["GET", "/v1/drafts/7"] = answer(status="replaying", done_days=3)
    shown = show_draft(drafted.connect(), 7, None)
    assert "Replaying 3 of 7 days" in text_of(shown["head"])
    assert shown["rests"] is False


def test_a_failed_refresh_leaves_the_draft_where_it_was(drafted: FakeApi) -> None:
    drafted.is_down = True
    assert show_draft(drafted.connect(), 7, 7)["problem_hidden"] is False
    assert "temporarily unavailable" in text_of(show_draft(drafted.connect(), 7, None)["view"])


def test_a_draft_that_is_gone_says_so(drafted: FakeApi) -> None:
    drafted.answers["GET", "/v1/drafts/7"] = httpx.Response(
        404, json={"code": "not_found", "detail": "There is no draft 7.", "status": 404}
    )
    assert "Draft not found" in text_of(show_draft(drafted.connect(), 7, 7)["view"])


def test_a_shadow_begins_and_ends_with_the_draft_as_it_is(drafted: FakeApi) -> None:
    drafted.answers["PUT", "/v1/drafts/7"] = httpx.Response(204)
    assert act(drafted.connect(), 7, "draft-shadow")["said"].startswith("Runs as a shadow")
    sent = json.loads(drafted.asked[-1].content)
    assert (sent["name"], sent["shadow"], sent["start"]) == ("Less noise", True, PERIOD.start.isoformat())
    assert sent["settings"]["fraud_ip_click_threshold"] == 15

    drafted.answers["GET", "/v1/drafts/7"] = answer(shadow_since=date(2026, 3, 31))
    assert act(drafted.connect(), 7, "draft-shadow")["said"] == "No longer runs as a shadow."
    assert json.loads(drafted.asked[-1].content)["shadow"] is False


def test_a_discarded_draft_leads_back_to_the_list(drafted: FakeApi) -> None:
    drafted.answers["DELETE", "/v1/drafts/7"] = httpx.Response(204)
    assert act(drafted.connect(), 7, "draft-discard") == {"said": "Discarded.", "path": "/dashboard/rules"}


def test_says_why_a_promotion_is_refused(drafted: FakeApi) -> None:
    drafted.answers["POST", "/v1/drafts/7/promote"] = httpx.Response(
        403, json={"code": "forbidden", "detail": "Your role does not allow this.", "status": 403}
    )
    assert "does not allow" in act(drafted.connect(), 7, "draft-promote")["said"]


def test_helm_values_can_be_copied() -> None:
    view = build_view(answer())
    assert [getattr(each, "data-copy") for each in walk(view) if hasattr(each, "data-copy")] == ["draft-helm"]


@pytest.fixture
def listed(api: FakeApi, view_as: Any) -> FakeApi:
    view_as(Role.ANALYST)
    shadow = DRAFT.model_copy(update={"id": 8, "name": "Shadow", "shadow_since": date(2026, 3, 31)})
    api.answers["GET", "/v1/drafts"] = DraftsAnswer(drafts=[shadow, DRAFT], total_drafts=2, next_cursor=None)
    return api


def test_lists_drafts_with_shadows_first(listed: FakeApi) -> None:
    bodies = show(list_page.LISTED, listed.connect(), "", now=NOW)["bodies"]
    assert "Shadow since 31 Mar" in text_of(bodies["shadows"])
    said = " ".join(text_of(bodies["list"]).split())
    assert "2 drafts, newest first" in said
    assert "Less noise Clicks per IP per day 15" in said


def test_creates_a_draft_of_the_fields_that_are_filled_in(listed: FakeApi) -> None:
    listed.answers["POST", "/v1/drafts"] = DraftCreated(id=9)
    given = {"name": " Less noise ", "dates": [None, None], "fraud_ip_click_threshold": 15, "alert_fraud_ips": ""}
    done = submit(list_page.LISTED, listed.connect(), "form", given)
    sent = json.loads(listed.asked[-1].content)
    assert {name: value for name, value in sent["settings"].items() if value is not None} == {
        "fraud_ip_click_threshold": 15
    }
    assert date.fromisoformat(sent["end"]) - date.fromisoformat(sent["start"]) == timedelta(days=29)
    assert [each.href for each in walk(done["once"]) if hasattr(each, "href")] == ["/dashboard/rules/drafts/9"]


def test_a_draft_needs_a_name(listed: FakeApi) -> None:
    assert submit(list_page.LISTED, listed.connect(), "form", {"name": " ", "dates": None})["said"] == "Enter a name."


def test_shows_precision_and_what_the_power_meter_found(api: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    api.answers["GET", "/v1/guardrails/quality"] = QualityAnswer(
        rules=[
            RuleQuality(rule="farm", decided=10, fraud=9, precision=0.9, interval=Interval(low=0.596, high=0.982)),
            RuleQuality(rule="ring", decided=0, fraud=0, precision=None, interval=None),
        ],
        power=[Power(plant="farm", size=20, planted=20, found=19, found_share=0.95)],
        power_date=date(2026, 3, 30),
        computed_at=NOW,
    )
    bodies = show(quality_page.LISTED, api.connect(), "", now=NOW)["bodies"]
    said = " ".join(text_of(bodies["precision"]).split())
    assert "Farm 10 9 90% 59.6% to 98.2%" in said
    assert "Ring 0 0 Not judged yet –" in said
    assert "A farm of 20 devices 95%" in " ".join(text_of(bodies["power"]).split())
    assert find(bodies["power"], "bar")
