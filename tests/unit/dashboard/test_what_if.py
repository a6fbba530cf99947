"""What the page says about other thresholds, and how often it asks."""

from typing import Any

import httpx
import pytest

from dashboard.guardrails.thresholds import KNOBS, build_thresholds
from dashboard.guardrails.what_if import build_result, compare, format_figures, format_summary
from dashboard.guardrails.what_if_page import try_thresholds
from dashboard.shared_views import SharedViews
from tests.support.answers import build_item
from tests.support.what_if_answers import CONFIGURED, build_outcome, build_what_if
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.people import Role
from viral_contract.models.what_if import NotApplicable, RaisedAlert

PATH = "/v1/guardrails/what-if"
BOTS = RaisedAlert(type="bot_detection", severity="medium", message="4 devices")


BETTER = build_outcome(
    80.5,
    health_status="good",
    deduction_items=[build_item("fraud", 11.5), build_item("bot_behavior", 8, cap=20)],
    total_flagged_ips=1,
    total_flagged_devices=6,
    compliance_target_met=True,
    alerts=[BOTS],
)


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.name)
def test_every_slider_reaches_the_configured_value_and_nothing_that_a_request_may_not_try(knob: Any) -> None:
    low, high = knob.limits
    assert low <= CONFIGURED[knob.name] <= (knob.high or high) <= high
    assert knob.purpose


def test_every_threshold_has_a_number_and_a_slider_that_say_which_it_is() -> None:
    form = build_thresholds(CONFIGURED, lambda name, part: {"name": name, "part": part})
    controls = [each for each in walk(form) if isinstance(getattr(each, "id", None), dict)]
    assert [(each.id["name"], each.id["part"]) for each in controls] == [
        (knob.name, part) for knob in KNOBS for part in ("number", "slider")
    ]
    assert [each.value for each in controls] == [CONFIGURED[each.id["name"]] for each in controls]
    names = [getattr(each, "label", None) or each.thumbLabel for each in controls]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(10, 12, "2 more"), (10, 9.5, "0.5 fewer"), (10, 10, "the same"), (0.1 + 0.2, 0.3, "the same")],
)
def test_differences_are_words(before: float, after: float, words: str) -> None:
    assert compare(before, after, "more", "fewer") == words


def test_configured_and_changed_stand_side_by_side() -> None:
    assert format_figures(build_what_if(BETTER)) == [
        ("Health Score", "72.0", "80.5", "8.5 higher"),
        ("Status", "Fair", "Good", "better"),
        ("Score by share of clicks", "64.5", "64.5", "the same"),
        ("fraud, points", "−20.0", "−11.5", "8.5 fewer"),
        ("bot_behavior, points", "−8.0", "−8.0", "the same"),
        ("Flagged IPs", "10", "1", "9 fewer"),
        ("Flagged devices", "4", "6", "2 more"),
        ("Flagged referrers", "0", "0", "the same"),
        ("COPPA target", "Missed", "Met", "would be met"),
    ]


def test_a_status_can_become_worse() -> None:
    worse = build_outcome(30, health_status="critical")
    assert format_figures(build_what_if(worse))[1] == ("Status", "Fair", "Critical", "worse")


def test_by_share_the_other_score_is_that_by_count() -> None:
    changed, configured = build_outcome(81, basis="share"), build_outcome(basis="share")
    rows = format_figures(build_what_if(changed, configured=configured))
    assert rows[2] == ("Score by count", "72.0", "81.0", "9 higher")


def test_alerts_that_would_open_or_close_are_named() -> None:
    answer = build_what_if(BETTER)
    said = [" ".join(text_of(each).split()) for each in find(build_result(answer, "/", "/draft"), "check")]
    assert said == ["Bot-like devices would open", "Click fraud suspected would close"]
    assert format_summary(answer) == ("Health Score 72.0 → 80.5: 8.5 higher. 1 alert would open. 1 alert would close.")


def test_alerts_that_stay_are_named_apart() -> None:
    said = text_of(build_result(build_what_if(), "/", "/draft"))
    assert "No alerts would open or close." in said
    assert "Stay open: Click fraud suspected" in said


def test_what_can_be_applied_can_be_copied_and_the_rest_is_explained() -> None:
    refused = NotApplicable(name="bot_rapid_click_window_seconds", value=2, allowed="3 to 10")
    body = build_result(
        build_what_if(helm_values="thresholds:\n  alertFraudIps: 9\n", not_applicable=[refused]), "/", "/draft"
    )
    [values] = find(body, "example")
    [copy] = [each for each in walk(body) if hasattr(each, "data-copy")]
    assert text_of(values) == "thresholds:\n  alertFraudIps: 9\n"
    assert getattr(copy, "data-copy") == values.id
    assert "bot_rapid_click_window_seconds = 2 can be previewed but not applied. Allowed: 3 to 10." in text_of(body)


def test_without_a_change_there_is_nothing_to_copy() -> None:
    body = build_result(build_what_if(), "/", "/draft")
    assert find(body, "example") == []
    assert "No changes yet." in text_of(body)


def test_a_period_without_data_has_no_comparison() -> None:
    body = build_result(build_what_if(has_data=False), "/", "/draft")
    assert rows_of(body) == []
    assert "No data in this period" in text_of(body)


@pytest.fixture
def views(api: FakeApi, view_as: Any) -> SharedViews:
    view_as(Role.VIEWER)
    api.answers["GET", PATH] = build_what_if()
    return SharedViews(api.connect(), seconds=60)


def test_opening_the_page_asks_once_and_draws_the_form(api: FakeApi, views: SharedViews) -> None:
    drawn = try_thresholds(views, "?days=14", None)
    assert [dict(request.url.params) for request in api.asked] == [{"days": "14"}]
    assert drawn["configured"] == CONFIGURED
    assert len(find(drawn["form"], "knob")) == len(KNOBS)
    assert find(drawn["result"], "button")[-1].href == "/dashboard/guardrails/what-if?days=14"


def test_a_change_asks_once_and_leaves_the_form_alone(api: FakeApi, views: SharedViews) -> None:
    drawn = try_thresholds(views, "?days=14&alert_fraud_ips=9&other=1", CONFIGURED)
    assert [dict(request.url.params) for request in api.asked] == [{"days": "14", "alert_fraud_ips": "9"}]
    assert "form" in drawn
    assert find(drawn["form"], "knob") == []


def test_a_deep_link_learns_the_configured_values_too(api: FakeApi, views: SharedViews) -> None:
    drawn = try_thresholds(views, "?alert_fraud_ips=9", None)
    assert api.count(PATH) == 2
    assert drawn["configured"] == CONFIGURED


def test_values_that_do_not_exist_are_explained(api: FakeApi, views: SharedViews) -> None:
    errors = [{"pointer": "?alert_fraud_ips", "detail": "must be at least 0"}]
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "Nothing was changed", "errors": errors}
    api.answers["GET", PATH] = httpx.Response(422, json=problem)
    said = text_of(try_thresholds(views, "?alert_fraud_ips=-1", None)["result"])
    assert "In the address, alert_fraud_ips must be at least 0." in said


@pytest.mark.parametrize(
    ("search", "is_down", "words"),
    [("?days=0", False, "Invalid period"), ("?days=7", True, "Data is temporarily unavailable")],
)
def test_what_went_wrong_is_told_in_words(
    api: FakeApi, views: SharedViews, search: str, is_down: bool, words: str
) -> None:
    api.is_down = is_down
    assert words in text_of(try_thresholds(views, search, None)["result"])
