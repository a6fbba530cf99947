"""The life of an alert, from the evaluation that opens it to the one that ends it, and what people do between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, text

from metrics_api.access.identifiers import References
from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.api.routing import ROW_ID
from metrics_api.context import Context
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import IDENTIFIER_KEY, Api, change_settings
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.content_builders import EMAIL, PHONE, build_reel, build_share, save_reels, save_shares
from viral_contract.models.evaluations import Evaluation
from viral_contract.models.people import Scope

LIMIT = 5
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
Evaluate = Callable[..., Evaluation]


@pytest.fixture
def evaluate(context: Context) -> Evaluate:
    """One evaluation at a moment, at which old events alone open no alert."""

    def run(now: datetime = NOON, **settings: Any) -> Evaluation:
        detection = DetectionSettings(**{"data_stale_minutes": 0, **settings})
        return evaluate_guardrails(change_settings(context, detection=detection), now=now)

    return run


def flag(api: Api, *hosts: int, at: datetime = NOON) -> None:
    """Let these addresses click more often than the threshold on one day."""
    for host in hosts:
        api.post_events(*build_clicks(11, at=at, apart=60, ip_address=f"203.0.113.{host}"))


def noon_today() -> datetime:
    """Far from midnight, so that minutes around it lie on one date; what people do is dated by the real clock."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def fetch_only(api: Api, status: str = "open") -> dict[str, Any]:
    """The one alert of a status."""
    (alert,) = api.read("/v1/alerts", status=status)["alerts"]
    return dict(alert)


def act(api: Api, alert_id: int, action: str, **body: Any) -> dict[str, Any]:
    """The alert after an action that must succeed."""
    response = api.send("POST", f"/v1/alerts/{alert_id}/{action}", json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())


def test_an_alert_opens_above_the_limit_with_its_numbers_and_evidence(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    assert len(evaluate(NOON + MINUTE).opened_alerts) == 1
    alert = fetch_only(api)
    assert {name: alert[name] for name in ("type", "severity", "status", "acknowledged_by", "opened_at")} == {
        "type": "fraud_detection",
        "severity": "high",
        "status": "open",
        "acknowledged_by": None,
        "opened_at": "2026-03-04T12:01:00Z",
    }
    assert alert["message"] == "6 IP addresses had more than 10 clicks in one day (UTC). Threshold: 5."
    evidence = alert["evidence"]
    assert (evidence["count"], evidence["threshold"], len(evidence["rows"])) == (6, LIMIT, 6)
    first = evidence["rows"][0]
    assert (first["label"], first["unit"], first["day"]) == ("203.0.113.0", "clicks", "2026-03-04")
    assert evidence["link"] == "/dashboard/guardrails?days=7&panel=fraud"


def test_exactly_at_the_limit_no_alert_opens(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT))
    assert evaluate().opened_alerts == []
    assert api.read("/v1/alerts", status="all")["total_alerts"] == 0


def test_a_lasting_alert_is_updated_and_stays_the_same(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    flag(api, 100)
    again = evaluate(NOON + MINUTE)
    alert = fetch_only(api)
    assert (again.opened_alerts, again.resolved_alerts, alert["id"]) == ([], [], opened)
    assert (alert["opened_at"], alert["updated_at"]) == ("2026-03-04T12:00:00Z", "2026-03-04T12:01:00Z")
    assert alert["message"].startswith("7 IP addresses")


def test_an_alert_resolves_by_itself_when_it_is_over_and_is_a_new_one_when_it_comes_back(
    api: Api, evaluate: Evaluate
) -> None:
    flag(api, *range(LIMIT + 1))
    (first,) = evaluate().opened_alerts
    assert evaluate(NOON + 6 * DAY).resolved_alerts == []
    assert evaluate(NOON + 7 * DAY).resolved_alerts == [first]
    ended = fetch_only(api, "resolved")
    assert (ended["id"], ended["resolved_at"], ended["resolved_by"]) == (first, "2026-03-11T12:00:00Z", None)
    flag(api, *range(LIMIT + 1), at=NOON + 8 * DAY)
    (second,) = evaluate(NOON + 8 * DAY).opened_alerts
    assert second != first
    assert fetch_only(api)["id"] == second


def test_an_acknowledged_alert_stays_acknowledged_while_it_lasts_for_everybody(
    api: Api, evaluate: Evaluate, holder_of: Callable[..., Api]
) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    act(holder_of(Scope.ALERTS_WRITE, name="ana@example.com"), opened, "acknowledge", note="The new click farm")
    evaluate(NOON + MINUTE)
    seen = fetch_only(holder_of(Scope.METRICS_READ))
    assert (seen["status"], seen["acknowledged_by"], seen["note"]) == (
        "acknowledged",
        "ana@example.com",
        "The new click farm",
    )
    assert evaluate(NOON + 7 * DAY).resolved_alerts == [opened]


@pytest.mark.parametrize(("action", "status"), [("acknowledge", "acknowledged"), ("resolve", "resolved")])
def test_an_action_that_wants_nothing_needs_no_body(api: Api, evaluate: Evaluate, action: str, status: str) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    response = api.send("POST", f"/v1/alerts/{opened}/{action}")
    assert (response.status_code, response.get_json()["status"]) == (200, status)


def test_an_action_without_the_body_it_wants_names_what_is_missing(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    problem = api.refuse(422, "POST", f"/v1/alerts/{opened}/snooze")
    assert problem["errors"] == [{"pointer": "/until", "detail": "is required"}]
    api.refuse(415, "POST", f"/v1/alerts/{opened}/acknowledge", data=b"{}")


def test_a_snoozed_alert_is_open_again_from_its_time_on(api: Api, evaluate: Evaluate) -> None:
    later = noon_today() + DAY
    flag(api, *range(LIMIT + 1), at=later - 2 * DAY)
    (opened,) = evaluate(later - MINUTE).opened_alerts
    act(api, opened, "snooze", until=later.isoformat())
    assert api.read("/v1/alerts")["total_alerts"] == 0
    evaluate(later - timedelta(seconds=1))
    assert fetch_only(api, "snoozed")["snoozed_until"] == later.isoformat().replace("+00:00", "Z")
    evaluate(later)
    alert = fetch_only(api)
    assert (alert["id"], alert["status"], alert["snoozed_until"]) == (opened, "open", None)


def test_a_snoozed_alert_that_is_over_resolves(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    act(api, opened, "snooze", until=(datetime.now(UTC) + DAY).isoformat())
    assert evaluate(NOON + 7 * DAY).resolved_alerts == [opened]


def test_a_false_positive_stays_closed_until_something_else_is_flagged(api: Api, evaluate: Evaluate) -> None:
    today = noon_today()
    flag(api, *range(LIMIT + 1), at=today - 2 * DAY)
    (judged,) = evaluate(today).opened_alerts
    act(api, judged, "resolve", false_positive=True, note="A school")
    assert evaluate(today + MINUTE).opened_alerts == []
    flag(api, 100, at=today - DAY)
    (opened,) = evaluate(today + 2 * MINUTE).opened_alerts
    assert opened != judged
    assert fetch_only(api, "false_positive")["id"] == judged


def test_a_false_positive_covers_only_the_dates_that_were_judged(
    api: Api, evaluate: Evaluate, connection: Connection
) -> None:
    today = noon_today()
    flag(api, *range(LIMIT + 1), at=today - DAY)
    (judged,) = evaluate(today).opened_alerts
    act(api, judged, "resolve", false_positive=True)
    connection.execute(
        text("""INSERT INTO clicks_per_ip_day (day, ip_address, clicks)
            SELECT :day, '203.0.113.0'::inet + host, 11 FROM generate_series(0, 5) AS host"""),
        {"day": (today + 3 * DAY).date()},
    )
    assert evaluate(today + 6 * DAY).opened_alerts == []
    assert len(evaluate(today + 7 * DAY).opened_alerts) == 1


def test_an_alert_resolved_by_hand_opens_anew_while_its_cause_lasts(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    (first,) = evaluate().opened_alerts
    assert act(api, first, "resolve", note="Blocked at the gateway")["status"] == "resolved"
    (second,) = evaluate(NOON + MINUTE).opened_alerts
    assert second != first


def test_ten_evaluations_at_once_open_one_alert(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    with ThreadPoolExecutor(10) as pool:
        evaluations = list(pool.map(lambda _: evaluate(), range(10)))
    assert sorted(len(evaluation.opened_alerts) for evaluation in evaluations) == [0] * 9 + [1]
    assert api.read("/v1/alerts", status="all")["total_alerts"] == 1


def test_a_silent_feed_opens_an_alert_after_its_minutes(api: Api, evaluate: Evaluate) -> None:
    api.post_events(build_event())
    assert evaluate(NOON + 60 * MINUTE, data_stale_minutes=60).opened_alerts == []
    assert len(evaluate(NOON + 61 * MINUTE, data_stale_minutes=60).opened_alerts) == 1
    alert = fetch_only(api)
    assert (alert["type"], alert["severity"]) == ("no_data", "high")
    assert alert["message"] == "Last event received 2026-03-04 12:00 UTC, 61 minutes ago. Threshold: 60 minutes."
    act(api, alert["id"], "resolve", false_positive=True)
    assert evaluate(NOON + 90 * MINUTE, data_stale_minutes=60).opened_alerts == []


def test_a_database_that_never_had_an_event_is_not_silent(api: Api, evaluate: Evaluate) -> None:
    evaluate(data_stale_minutes=60)
    assert api.read("/v1/alerts")["alerts"] == []


def test_every_action_is_kept_with_who_when_and_why(
    api: Api, evaluate: Evaluate, holder_of: Callable[..., Api]
) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    until = (datetime.now(UTC) + DAY).isoformat()
    act(holder_of(Scope.ALERTS_WRITE, name="ana@example.com"), opened, "acknowledge", note="Looking")
    act(holder_of(Scope.ALERTS_WRITE, name="ben@example.com"), opened, "snooze", until=until)
    act(holder_of(Scope.ALERTS_WRITE, name="ana@example.com"), opened, "resolve", note="A school", false_positive=True)
    actions = api.read(f"/v1/alerts/{opened}")["actions"]
    assert [(action["actor"], action["action"], action["note"]) for action in actions] == [
        ("ana@example.com", "acknowledge_alert", "Looking"),
        ("ben@example.com", "snooze_alert", None),
        ("ana@example.com", "call_alert_false_positive", "A school"),
    ]
    assert datetime.fromisoformat(actions[1]["until"]) == datetime.fromisoformat(until)


@pytest.mark.parametrize("false_positive", [False, True])
def test_an_ended_alert_refuses_every_action(api: Api, evaluate: Evaluate, false_positive: bool) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    act(api, opened, "resolve", false_positive=false_positive)
    until = (datetime.now(UTC) + DAY).isoformat()
    for action, body in (("acknowledge", {}), ("snooze", {"until": until}), ("resolve", {})):
        problem = api.refuse(409, "POST", f"/v1/alerts/{opened}/{action}", json=body)
        assert problem["code"] == "alert_ended"
    assert len(api.read(f"/v1/alerts/{opened}")["actions"]) == 1


@pytest.mark.parametrize("alert_id", ["7", "0", str(2**63 - 1), str(2**63), "9" * 40, "x", "-1"])
def test_an_unknown_alert_is_not_found(api: Api, alert_id: str) -> None:
    api.refuse(404, "GET", f"/v1/alerts/{alert_id}")
    api.refuse(404, "POST", f"/v1/alerts/{alert_id}/acknowledge", json={})


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, "/until"),
        ("snooze", {"until": "2999-01-01T00:00:00"}, "/until"),
        ("snooze", {"until": 4102444800}, "/until"),
        ("snooze", {}, "/until"),
        ("acknowledge", {"note": "a\x00b"}, "/note"),
        ("acknowledge", {"note": "n" * 1001}, "/note"),
        ("resolve", {"false_positive": "perhaps"}, "/false_positive"),
        ("resolve", {"why": "because"}, "/why"),
    ],
)
def test_a_wrong_action_says_what_is_wrong(
    api: Api, evaluate: Evaluate, action: str, body: dict[str, Any], pointer: str
) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    problem = api.refuse(422, "POST", f"/v1/alerts/{opened}/{action}", json=body)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_only_holders_of_alerts_write_act_and_evaluate(
    api: Api, evaluate: Evaluate, holder_of: Callable[..., Api]
) -> None:
    flag(api, *range(LIMIT + 1))
    (opened,) = evaluate().opened_alerts
    viewer = holder_of(Scope.METRICS_READ)
    viewer.refuse(403, "POST", f"/v1/alerts/{opened}/acknowledge", json={})
    viewer.refuse(403, "POST", "/v1/guardrails/evaluations")
    assert fetch_only(viewer)["status"] == "open"


def test_the_most_severe_come_first_and_pages_follow_one_another(api: Api, evaluate: Evaluate) -> None:
    for host in range(LIMIT + 1):
        device = {"ip_address": f"203.0.113.{host}", "device_fingerprint": f"device-{host}"}
        api.post_events(*build_clicks(11, **device))
    evaluate(NOON + 2 * timedelta(hours=1), data_stale_minutes=60)
    whole = api.read("/v1/alerts")
    assert [alert["type"] for alert in whole["alerts"]] == ["no_data", "fraud_detection", "bot_detection"]
    assert whole["total_alerts"] == 3
    pages, cursor = [], None
    while not pages or cursor:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = api.read("/v1/alerts", **query)
        pages.append([alert["type"] for alert in page["alerts"]])
        assert page["total_alerts"] == 3
        cursor = page["next_cursor"]
    assert pages == [["no_data"], ["fraud_detection"], ["bot_detection"]]
    api.refuse(422, "GET", "/v1/alerts?status=closed")
    api.refuse(422, "GET", "/v1/alerts?cursor=nonsense")


def test_the_alerts_come_with_the_score_of_the_same_dates(api: Api) -> None:
    flag(api, 1, 2, 3, at=noon_today() - DAY)
    answer, health = api.read("/v1/alerts"), api.read("/v1/guardrails/health")
    assert (answer["health_score"], answer["health_status"]) == (94, "excellent")
    assert (answer["health_score"], answer["health_status"]) == (health["health_score"], health["health_status"])


def test_the_score_beside_the_alerts_is_that_of_the_evaluation_they_come_from(api: Api, evaluate: Evaluate) -> None:
    flag(api, 1, at=noon_today() - DAY)
    evaluate(datetime.now(UTC))
    flag(api, 2, at=noon_today() - DAY)
    assert (api.read("/v1/alerts")["health_score"], api.read("/v1/guardrails/health")["health_score"]) == (98, 96)


def test_a_score_that_no_evaluation_renewed_lately_is_computed(api: Api, evaluate: Evaluate) -> None:
    flag(api, 1, at=noon_today() - DAY)
    evaluate(datetime.now(UTC) - 6 * MINUTE)
    flag(api, 2, at=noon_today() - DAY)
    assert api.read("/v1/alerts")["health_score"] == 96


def test_the_quality_counts_false_positives_by_type(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    for number in range(4):
        (opened,) = evaluate(NOON + number * MINUTE).opened_alerts
        act(api, opened, "resolve", false_positive=number == 3)
    quality = {entry.pop("type"): entry for entry in api.read("/v1/alerts/quality")["types"]}
    assert quality["fraud_detection"] == {"opened": 4, "false_positives": 1, "false_positive_rate": 0.25}
    assert quality["no_data"] == {"opened": 0, "false_positives": 0, "false_positive_rate": 0}
    assert len(quality) == 9


def test_stored_evidence_never_holds_a_whole_identifier(
    api: Api, holder_of: Callable[..., Api], evaluate: Evaluate, connection: Connection
) -> None:
    for host in range(LIMIT + 1):
        fields = {"ip_address": f"203.0.113.{host}", "device_fingerprint": f"fingerprint-{host}"}
        api.post_events(*build_clicks(11, **fields))
    evaluate()
    viewer = holder_of(Scope.METRICS_READ)
    stored = viewer.get("/v1/alerts", status="all").get_data(as_text=True)
    stored += str(connection.execute(text("SELECT evidence FROM alerts")).scalars().all())
    assert "203.0.113.*" in stored
    assert "finger…" in stored
    assert "203.0.113.1" not in stored
    assert "fingerprint-1" not in stored
    ref = next(a for a in api.read("/v1/alerts")["alerts"] if a["type"] == "bot_detection")["evidence"]["refs"][0]
    assert References(IDENTIFIER_KEY).to_identifier(ref).startswith("fingerprint-")


def _count(event: str) -> float:
    return REGISTRY.get_sample_value("viral_engine_events_total", {"event": f"viral_engine.guardrails.{event}"}) or 0


def test_evaluations_are_counted_and_reads_are_not(api: Api) -> None:
    flag(api, *range(LIMIT + 1), at=noon_today() - DAY)
    events = ("health_score", "fraud_detected", "bot_detected", "alert_opened")
    before = [_count(event) for event in events]
    api.read("/v1/guardrails/health")
    api.read("/v1/guardrails/fraud")
    api.read("/v1/alerts")
    assert [_count(event) for event in events] == before
    assert api.send("POST", "/v1/guardrails/evaluations").status_code == 200
    assert [_count(event) - known for event, known in zip(events, before, strict=True)][:3] == [1, 1, 1]
    assert _count("alert_opened") > before[3]
    assert REGISTRY.get_sample_value("viral_engine_flagged_ips") == LIMIT + 1
    assert REGISTRY.get_sample_value("viral_engine_health_score") == 88


def test_a_violation_opens_the_critical_alert_which_its_false_positive_ends(api: Api, evaluate: Evaluate) -> None:
    save_shares(api, build_share("share-7", EMAIL), build_share("share-8"))
    (opened,) = evaluate().opened_alerts
    alert = fetch_only(api)
    assert (alert["type"], alert["severity"]) == ("coppa_violation", "critical")
    assert "share-7" in alert["evidence"]["rows"][0]["label"]
    assert "john@example.com" not in api.get("/v1/alerts").get_data(as_text=True)
    (violation,) = api.read("/v1/guardrails/coppa/violations", start="2026-03-04", end="2026-03-04")["violations"]
    body = {"resolution": "false_positive", "note": "A made-up address"}
    path = f"/v1/guardrails/coppa/violations/{violation['id']}/resolve"
    assert api.send("POST", path, json=body).status_code == 200
    assert evaluate(NOON + MINUTE).resolved_alerts == [opened]
    save_reels(api, build_reel("reel-1", PHONE))
    (again,) = evaluate(NOON + 2 * MINUTE).opened_alerts
    assert again != opened


def test_a_judged_violation_does_not_hide_the_next_one(api: Api, evaluate: Evaluate) -> None:
    today = noon_today() - DAY
    save_shares(api, build_share("share-7", EMAIL, inserted_at=today.isoformat()))
    (judged,) = evaluate(today).opened_alerts
    act(api, judged, "resolve", false_positive=True)
    assert evaluate(today + MINUTE).opened_alerts == []
    api.send("DELETE", "/v1/parent-shares/share-7")
    save_shares(api, build_share("share-9", PHONE, inserted_at=today.isoformat()))
    assert len(evaluate(today + 2 * MINUTE).opened_alerts) == 1


def test_opt_outs_and_anomalies_open_alerts(api: Api, evaluate: Evaluate) -> None:
    save_shares(api, *(build_share(f"share-{number}", view_count=number % 2) for number in range(4)))
    api.post_events(*(build_event("conversion", referrer_id="maria") for _ in range(11)))
    evaluate()
    alerts = api.read("/v1/alerts")["alerts"]
    assert [(alert["type"], alert["evidence"]["count"]) for alert in alerts] == [
        ("conversion_anomaly", 1),
        ("high_opt_out", 0.5),
    ]
    assert alerts[0]["evidence"]["refs"] == ["maria"]


def test_evidence_is_whole_for_who_may_see_it_and_told_apart_by_everybody(
    api: Api, holder_of: Callable[..., Api], evaluate: Evaluate
) -> None:
    flag(api, *range(LIMIT + 10))
    evaluate()
    whole, masked = fetch_only(api), holder_of(Scope.METRICS_READ).read("/v1/alerts")["alerts"][0]
    assert len(whole["evidence"]["rows"]) == LIMIT + 10
    assert {row["label"] for row in whole["evidence"]["rows"]} == {f"203.0.113.{host}" for host in range(LIMIT + 10)}
    assert {row["label"] for row in masked["evidence"]["rows"]} == {"203.0.113.*"}
    aliases = [row["alias"] for row in masked["evidence"]["rows"]]
    assert len(set(aliases)) == LIMIT + 10
    assert aliases == [row["alias"] for row in whole["evidence"]["rows"]]


def test_an_alert_can_be_put_off_until_its_period_has_passed(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    evaluate()
    alert = fetch_only(api)
    put_off = api.send("POST", f"/v1/alerts/{alert['id']}/resolve", json={"until_period_passed": True}).get_json()
    assert put_off["status"] == "snoozed"
    assert evaluate(NOON + MINUTE).opened_alerts == []
    both = {"until_period_passed": True, "false_positive": True}
    api.refuse(422, "POST", f"/v1/alerts/{alert['id']}/resolve", json=both)


def test_a_false_positive_can_be_taken_back(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    evaluate()
    alert = fetch_only(api)
    path = f"/v1/alerts/{alert['id']}"
    api.refuse(409, "POST", f"{path}/reopen", json={})
    api.send("POST", f"{path}/resolve", json={"false_positive": True})
    reopened = api.send("POST", f"{path}/reopen", json={"note": "it was fraud"}).get_json()
    assert (reopened["status"], reopened["resolved_at"]) == ("open", None)
    assert [action["action"] for action in reopened["actions"]] == ["call_alert_false_positive", "reopen_alert"]


def test_ended_alerts_are_found_by_type_period_and_text(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    evaluate()
    api.send("POST", f"/v1/alerts/{fetch_only(api)['id']}/resolve", json={"note": "the school's 50% sale"})

    def count(**query: str) -> int:
        return int(api.read("/v1/alerts", status="all", **query)["total_alerts"])

    assert count() == count(type="fraud_detection") == count(q="50% SALE") == 1
    assert count(start="2026-03-01", end="2026-03-04") == 1
    assert count(type="no_data") == count(q="50_") == count(start="2025-01-01", end="2025-01-31") == 0


def test_alerts_are_sorted_page_by_page_and_found_by_severity(
    api: Api, evaluate: Evaluate, connection: Connection
) -> None:
    for minute, severity in enumerate(("medium", "critical", "high")):
        flag(api, *range(LIMIT + 1))
        evaluate(NOON + minute * MINUTE)
        opened = fetch_only(api)
        act(api, opened["id"], "resolve")
        changed = text("UPDATE alerts SET severity = :severity WHERE id = :id")
        connection.execute(changed, {"severity": severity, "id": opened["id"]})
        connection.commit()

    def walk(sort: str, order: str) -> list[str]:
        found, cursor = [], None
        for _ in range(3):
            page = api.read("/v1/alerts", status="all", limit=1, sort=sort, order=order, cursor=cursor)
            found += [alert["severity"] for alert in page["alerts"]]
            cursor = page["next_cursor"]
        assert cursor is None
        return found

    assert walk("severity", "desc") == walk("severity", "asc")[::-1] == ["critical", "high", "medium"]
    assert walk("opened", "asc") == walk("opened", "desc")[::-1] == ["medium", "critical", "high"]
    assert walk("type", "asc") == walk("type", "desc") == ["high", "critical", "medium"]
    assert api.read("/v1/alerts", status="all", severity="high")["total_alerts"] == 1


def test_ended_is_resolved_or_a_false_positive(api: Api, evaluate: Evaluate) -> None:
    flag(api, *range(LIMIT + 1))
    evaluate()
    first = fetch_only(api)
    assert api.read("/v1/alerts", status="ended")["alerts"] == []
    act(api, first["id"], "resolve")
    evaluate(NOON + MINUTE)
    second = fetch_only(api)
    act(api, second["id"], "resolve", false_positive=True)
    ended = [alert["status"] for alert in api.read("/v1/alerts", status="ended")["alerts"]]
    assert ended == ["false_positive", "resolved"]


def test_a_look_at_whole_evidence_is_audited_once_a_caller_route_and_hour(
    api: Api, holder_of: Callable[..., Api], evaluate: Evaluate, connection: Connection
) -> None:
    flag(api, *range(LIMIT + 1))
    evaluate()
    watchers = [
        holder_of(Scope.METRICS_READ, Scope.IDENTIFIERS_READ, Scope.ALERTS_WRITE, name=name) for name in ("ana", "bo")
    ]
    blind = holder_of(Scope.METRICS_READ, name="blind")
    alert_id = watchers[0].read("/v1/alerts")["alerts"][0]["id"]
    for watcher in (*watchers, blind):
        for path in ("/v1/alerts", f"/v1/alerts/{alert_id}", "/v1/alerts"):
            watcher.read(path)
    for note in ("first", "second"):
        act(watchers[0], alert_id, "acknowledge", note=note)
    looks = text("SELECT actor, subject FROM audit_entries WHERE action = 'look_at_identifiers' AND actor <> 'test'")
    one = f"/v1/alerts/<{ROW_ID}:alert_id>"
    assert sorted((row.actor, row.subject) for row in connection.execute(looks)) == [
        ("ana", "/v1/alerts"),
        ("ana", one),
        ("ana", f"{one}/acknowledge"),
        ("bo", "/v1/alerts"),
        ("bo", one),
    ]
