"""What other thresholds would change; and that every guardrail read takes every one of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.api.routing import Operation
from metrics_api.app import RESOURCES
from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks, build_event
from viral_contract.models.guardrails import Answer
from viral_contract.models.people import Scope
from viral_contract.models.thresholds import Overrides

PATH = "/v1/guardrails/what-if"
PERIOD = {"start": (NOON - timedelta(days=6)).date().isoformat(), "end": NOON.date().isoformat()}
READS = [
    operation
    for resource in RESOURCES
    for operation in resource.operations
    if operation.rule.startswith("/v1/guardrails/")
    and any(model and issubclass(model, Answer) for model in operation.answers.values())
]


def types_of(outcome: dict[str, Any]) -> set[str]:
    """The types of the alerts, but for that of the feed, which does not depend on the period."""
    return {alert["type"] for alert in outcome["alerts"]} - {"no_data"}


@pytest.fixture
def fraud(api: Api) -> Api:
    """Seven addresses with 12 clicks, two devices with a burst, and a referrer who converts at every click."""
    for number in range(7):
        api.post_events(*build_clicks(12, apart=60, ip_address=f"203.0.113.{number}"))
    for device in ("fast", "faster"):
        api.post_events(*build_clicks(3, apart=1, device_fingerprint=device))
    credited = {"referrer_id": "maria", "at": NOON + timedelta(hours=1)}
    api.post_events(*[build_event(kind, **credited) for kind in ["click", "conversion"] * 6])
    return api


def test_without_overrides_nothing_changes(fraud: Api) -> None:
    answer = fraud.read(PATH, **PERIOD)

    assert answer["configured"] == answer["changed"]
    assert (answer["helm_values"], answer["not_applicable"], answer["has_data"]) == ("", [], True)


def test_shows_score_flags_and_alerts_before_and_after(fraud: Api) -> None:
    answer = fraud.read(PATH, **PERIOD, fraud_ip_click_threshold=12, conversion_anomaly_threshold=1)

    before, after = answer["configured"], answer["changed"]
    assert (before["total_flagged_ips"], after["total_flagged_ips"]) == (7, 0)
    assert (before["total_flagged_referrers"], after["total_flagged_referrers"]) == (1, 0)
    assert before["total_flagged_devices"] == after["total_flagged_devices"] == 2
    assert (before["health_score"], after["health_score"]) == (82, 96)
    assert (before["health_status"], after["health_status"]) == ("good", "excellent")
    assert (before["deductions"]["fraud"], after["deductions"]["fraud"]) == (14, 0)
    assert answer["helm_values"] == "thresholds:\n  fraudIpClickThreshold: 12\n  conversionAnomalyThreshold: 1\n"
    assert answer["thresholds"]["fraud_ip_click_threshold"] == 12


@pytest.mark.parametrize(
    ("override", "appears", "disappears"),
    [
        ({"fraud_ip_click_threshold": 12}, set(), {"fraud_detection"}),
        ({"alert_fraud_ips": 7}, set(), {"fraud_detection"}),
        ({"alert_bot_devices": 1}, {"bot_detection"}, set()),
        ({"conversion_anomaly_threshold": 1}, set(), {"conversion_anomaly"}),
    ],
)
def test_alerts_follow_the_overrides(
    fraud: Api, override: dict[str, float], appears: set[str], disappears: set[str]
) -> None:
    answer = fraud.read(PATH, **PERIOD, **override)

    assert types_of(answer["configured"]) == {"fraud_detection", "conversion_anomaly"}
    assert types_of(answer["changed"]) == (types_of(answer["configured"]) | appears) - disappears


def test_what_a_request_may_try_but_a_setting_not_is_named_and_left_out(fraud: Api) -> None:
    answer = fraud.read(PATH, **PERIOD, fraud_ip_click_threshold=3, bot_rapid_click_window_seconds=8)

    assert answer["not_applicable"] == [{"name": "fraud_ip_click_threshold", "value": 3, "allowed": "5 or more"}]
    assert answer["helm_values"] == "thresholds:\n  botRapidClickWindowSeconds: 8\n"
    assert answer["changed"]["total_flagged_ips"] == 7


def test_points_and_status_limits_change_only_the_score(fraud: Api) -> None:
    answer = fraud.read(PATH, **PERIOD, health_score_fraud_deduction=0, health_status_excellent=97)

    assert (answer["changed"]["health_score"], answer["changed"]["health_status"]) == (96, "good")
    assert answer["changed"]["total_flagged_ips"] == answer["configured"]["total_flagged_ips"]


def test_without_data_says_so(api: Api) -> None:
    answer = api.read(PATH, **PERIOD, fraud_ip_click_threshold=20)

    assert (answer["has_data"], answer["changed"]["health_score"]) == (False, 100)


@pytest.mark.parametrize(
    "query", [{"health_status_excellent": 10}, {"fraud_ip_click_threshold": 0}, {"threshold": 5}, {"days": 400}]
)
def test_impossible_thresholds_are_refused(api: Api, query: dict[str, object]) -> None:
    assert api.refuse(422, "GET", PATH, query_string=query)["code"] == "invalid"


def test_nothing_is_stored_and_nobody_looks_at_identifiers(fraud: Api, connection: Connection) -> None:
    fraud.read(PATH, **PERIOD, fraud_ip_click_threshold=5, alert_fraud_ips=0)

    for table in ("alerts", "health_history", "audit_entries"):
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_a_viewer_may_try_thresholds(holder_of: Callable[..., Api]) -> None:
    assert holder_of(Scope.METRICS_READ).get(PATH).status_code == 200
    assert holder_of(Scope.EVENTS_WRITE).get(PATH).status_code == 403


def test_the_reads_of_guardrails_are_known() -> None:
    names = {operation.rule.removeprefix("/v1/guardrails/") for operation in READS}

    assert names >= {"fraud", "bots", "opt-outs", "coppa", "conversion-anomalies", "health", "what-if"}


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.rule)
def test_every_guardrail_read_takes_every_threshold(api: Api, operation: Operation) -> None:
    assert operation.query is not None
    assert set(Overrides.model_fields) <= set(operation.query.model_fields)

    given = {name: 7 for name in Overrides.model_fields if _is_count(name)} | {"alert_opt_out_rate": 0.7}
    used = api.read(operation.rule, **PERIOD, **given)["thresholds"]

    assert all(used[name] == value for name, value in given.items() if name in used)


def _is_count(name: str) -> bool:
    schema = Overrides.model_json_schema()["properties"][name]
    return any(option.get("maximum") in (10, 60, 100_000) for option in schema["anyOf"])


@pytest.mark.parametrize(
    ("override", "component", "total"),
    [
        ({"fraud_ip_click_threshold": 12}, "fraud", "total_flagged_ips"),
        ({"bot_rapid_click_window_seconds": 1}, "bots", "total_flagged_devices"),
    ],
)
def test_health_applies_an_override_to_score_and_component_alike(
    fraud: Api, override: dict[str, float], component: str, total: str
) -> None:
    before, after = (
        fraud.read("/v1/guardrails/health", **PERIOD),
        fraud.read("/v1/guardrails/health", **PERIOD, **override),
    )

    removed = before["components"][component][total] - after["components"][component][total]
    assert removed > 0
    assert after["health_score"] == before["health_score"] + 2 * removed
