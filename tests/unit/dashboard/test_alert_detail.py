"""What the page of one alert says."""

import json
from datetime import timedelta
from typing import Any

import pytest
from dash import no_update

from dashboard.alerts.actions import build_actions
from dashboard.alerts.detail import build_detail
from dashboard.alerts.page import act, show_alert
from tests.support.answers import NOW, build_alert
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.alerts import AlertDetail, AlertQuality
from viral_contract.models.people import Role

QUALITY = AlertQuality.model_validate(
    {"types": [{"type": "fraud_detection", "opened": 4, "false_positives": 1, "false_positive_rate": 0.25}]}
)


def draw(*actions: dict[str, Any], **fields: Any) -> list[Any]:
    alert = AlertDetail.model_validate({**build_alert(7, **fields).model_dump(), "actions": list(actions)})
    return build_detail(alert, QUALITY, now=NOW)


def test_the_evidence_leads_to_the_investigation_of_its_dates() -> None:
    body = draw()
    assert rows_of(body)[1:] == [["203.0.113.*", "–", "130"]]
    hrefs = [getattr(part, "href", None) for part in walk(body)]
    assert "/dashboard/investigations?start=2026-03-25&end=2026-03-31&kind=ip_address&id=ref_1" in hrefs


def test_it_says_how_often_alerts_of_its_kind_were_false() -> None:
    assert "Alerts of this type: 4 · False positives: 1" in text_of(draw())


def test_the_history_names_who_did_what_with_their_note() -> None:
    action = {"at": NOW, "actor": "ana", "action": "acknowledge_alert", "note": "a click farm", "until": None}
    said = text_of(draw(action, status="acknowledged", acknowledged_by="ana"))
    assert "ana acknowledged it" in said
    assert "a click farm" in said


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "open"}, "Open"),
        ({"status": "acknowledged", "acknowledged_by": "ana"}, "Acknowledged by ana"),
        ({"status": "snoozed", "snoozed_until": NOW + timedelta(hours=1)}, "Snoozed until 31 Mar 11:28 UTC"),
        ({"status": "resolved", "resolved_at": NOW}, "Resolved automatically"),
        ({"status": "resolved", "resolved_by": "ana"}, "Resolved by ana"),
        ({"status": "false_positive"}, "False positive"),
    ],
)
def test_the_state_is_said_in_words(fields: dict[str, Any], words: str) -> None:
    assert words in text_of(find(draw(**fields), "alert-facts"))


def hrefs_of(node: Any) -> list[str]:
    return [part.href for part in walk(node) if hasattr(part, "href")]


DATES = "start=2026-03-25&end=2026-03-31"


def build_evidence(rows: int = 1, **fields: Any) -> dict[str, Any]:
    """Evidence with so many rows of 1 to n clicks, each of its own date."""
    row = {"label": "203.0.113.*", "alias": "calm-fox", "ref": "ref_1", "unit": "clicks", "day": "2026-03-30"}
    given = build_alert().evidence.model_dump()
    return {**given, "unit": "items", "rows": [{**row, "value": 1000 + number} for number in range(rows)], **fields}


def test_rows_say_their_date_and_unit_and_are_told_apart_by_their_alias() -> None:
    body = draw(evidence=build_evidence())
    assert rows_of(body)[1:] == [["203.0.113.* · calm-fox", "30 Mar 2026", "1,000"]]


def test_a_rate_is_a_percentage_and_a_count_is_none() -> None:
    row = {"label": "maria", "ref": "maria", "value": 0.925, "unit": "rate"}
    rate = draw(type="conversion_anomaly", evidence=build_evidence(rows=0) | {"count": 1, "rows": [row]})
    assert rows_of(rate)[1:] == [["maria", "–", "92.5%"]]
    assert [text_of(kpi) for kpi in find(rate, "kpi")] == ["Flagged IP addresses 1", "Threshold > 5"]
    share = {"count": 0.421, "threshold": 0.3, "unit": "rate", "rows": []}
    opt_out = draw(type="high_opt_out", evidence=build_evidence() | share)
    assert [text_of(kpi) for kpi in find(opt_out, "kpi")] == ["Flagged IP addresses 42.1%", "Threshold > 30%"]


def test_each_type_of_alert_names_its_own_columns() -> None:
    heads = {kind: rows_of(draw(type=kind, evidence=build_evidence()))[0] for kind in ("bot_detection", "no_data")}
    assert heads == {"bot_detection": ["Device", "Date", "Clicks"], "no_data": ["Last event", "Date", "Age"]}


def test_a_silence_is_said_in_its_largest_unit() -> None:
    row = {"label": "2015-05-20 21:05 UTC", "ref": "x", "value": 4_762_702, "unit": "minutes"}
    silence = {"count": 4_762_702, "threshold": 60, "unit": "minutes", "what": "time since last event", "rows": [row]}
    body = draw(type="no_data", evidence=build_evidence() | silence)
    assert rows_of(body)[1:] == [["2015-05-20 21:05 UTC", "–", "9 years"]]
    assert [text_of(kpi) for kpi in find(body, "kpi")] == ["Time since last event 9 years", "Threshold > 60 minutes"]


@pytest.mark.parametrize(
    ("kind", "href"),
    [
        ("fraud_detection", f"/dashboard/guardrails/fraud?{DATES}"),
        ("bot_detection", f"/dashboard/guardrails/bots?{DATES}"),
        ("conversion_anomaly", f"/dashboard/guardrails/anomalies?{DATES}"),
        ("coppa_violation", f"/dashboard/guardrails/violations?{DATES}"),
        ("pii_in_events", f"/dashboard/guardrails/event-pii?{DATES}"),
    ],
)
def test_every_list_of_evidence_leads_to_all_of_its_rows(kind: str, href: str) -> None:
    body = draw(type=kind, evidence=build_evidence(rows=100, count=250))
    folded = find(body, "more-rows")
    assert (len(rows_of(body)), len(rows_of(folded))) == (1 + 20 + 1 + 80, 1 + 80)
    assert "Show 80 more rows" in text_of(folded)
    assert "Showing the top 100." in text_of(body)
    assert href in hrefs_of(body)


def test_nothing_is_said_of_a_cut_where_all_rows_are_shown() -> None:
    leaks = draw(type="pii_in_events", evidence=build_evidence(rows=2, count=250, unit="events"))
    assert "Showing the top" not in text_of(leaks)
    body = draw(evidence=build_evidence(rows=9))
    assert "Showing the top" not in text_of(body)
    assert find(body, "more-rows") == []


def test_an_ended_alert_leads_to_the_dates_of_then() -> None:
    evidence = build_evidence(link="/dashboard/guardrails?days=7&panel=fraud")
    assert "/dashboard/guardrails?days=7&panel=fraud" in hrefs_of(draw(evidence=evidence))
    ended = hrefs_of(draw(evidence=evidence, status="resolved", resolved_at=NOW))
    assert f"/dashboard/guardrails?{DATES}&panel=fraud" in ended


def test_it_leads_to_the_history_of_its_kind() -> None:
    assert "/dashboard/alerts?type=fraud_detection" in hrefs_of(draw())


def test_each_way_to_end_it_says_before_what_follows() -> None:
    form = build_actions()
    parts = {getattr(part, "id", None): part for part in walk(form)}
    told = {
        text_of(part): text_of(parts[getattr(part, "aria-describedby")])
        for part in walk(form)
        if getattr(part, "aria-describedby", None)
    }
    assert told.keys() == {"Resolve", "Resolve until the period has passed", "Mark as false positive"}
    assert "If the cause is still there, the next evaluation opens a new one." in told["Resolve"]
    assert "Requires a note." in told["Mark as false positive"]


@pytest.fixture
def acting(api: FakeApi, view_as: Any) -> FakeApi:
    """An API at which an analyst acts on alert 7."""
    view_as(Role.ANALYST)
    api.answers[("GET", "/v1/alerts/quality")] = QUALITY
    return api


def answer(api: FakeApi, action: str, **fields: Any) -> None:
    alert = AlertDetail.model_validate({**build_alert(7, **fields).model_dump(), "actions": []})
    api.answers[("POST", f"/v1/alerts/7/{action}")] = alert


def sent_to(api: FakeApi) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(next(request.content for request in api.asked if request.method == "POST"))
    return sent


@pytest.mark.parametrize(
    ("button", "flags"),
    [
        ("alert-resolve", (False, False)),
        ("alert-resolve-period", (False, True)),
        ("alert-false-positive", (True, False)),
    ],
)
def test_each_way_to_end_it_is_sent_as_such(acting: FakeApi, button: str, flags: tuple[bool, bool]) -> None:
    answer(acting, "resolve", status="false_positive" if flags[0] else "resolved", resolved_at=NOW)
    shown = act(acting.connect(), button, " why ", "24", "?id=7")
    sent = sent_to(acting)
    assert (sent["note"], sent["false_positive"], sent["until_period_passed"]) == ("why", *flags)
    assert (shown["actions_hidden"], shown["undo_hidden"], shown["note"]) == (True, not flags[0], "")


@pytest.mark.parametrize("note", ["", " \n"])
def test_a_false_positive_without_a_note_is_refused_beside_the_note(acting: FakeApi, note: str) -> None:
    shown = act(acting.connect(), "alert-false-positive", note, "24", "?id=7")
    assert acting.asked == []
    assert shown["said"] == "Nothing was changed. Add a note explaining why this is a false positive."
    assert shown["note_error"] == "Add a note explaining why this is a false positive"
    assert (shown["view"], shown["note"]) == (no_update, note)


def test_a_false_positive_is_reopened(acting: FakeApi) -> None:
    answer(acting, "reopen")
    shown = act(acting.connect(), "alert-reopen", "", "24", "?id=7")
    assert (shown["said"], shown["actions_hidden"], shown["undo_hidden"]) == ("Reopened.", False, True)


@pytest.mark.parametrize(("role", "hidden"), [(Role.VIEWER, True), (Role.ANALYST, False)])
def test_only_who_may_act_can_undo(acting: FakeApi, view_as: Any, role: Role, hidden: bool) -> None:
    view_as(role)
    alert = AlertDetail.model_validate({**build_alert(7, status="false_positive").model_dump(), "actions": []})
    acting.answers[("GET", "/v1/alerts/7")] = alert
    assert show_alert(acting.connect(), "?id=7")["undo_hidden"] is hidden


def test_an_action_that_fails_is_told_in_words_and_keeps_alert_and_note() -> None:
    api = FakeApi()
    api.is_down = True
    shown = act(api.connect(), "alert-resolve", "a click farm", "24", "?id=7")
    assert shown == {
        "view": no_update,
        "actions_hidden": no_update,
        "undo_hidden": no_update,
        "said": "Nothing was changed: the metrics API is not responding. Try again in a minute.",
        "note": "a click farm",
        "note_error": None,
    }
