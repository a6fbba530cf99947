"""Helm values that keep other thresholds, and which values cannot be kept."""

import pytest

from metrics_api.alerts.what_if import find_not_applicable, format_helm_values
from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.thresholds import Overrides

CONFIGURED = DetectionSettings()


def format_changed(*, leave_out: frozenset[str] = frozenset(), **changed: float) -> str:
    return format_helm_values(CONFIGURED, CONFIGURED.model_copy(update=changed), leave_out=set(leave_out))


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"fraud_ip_click_threshold": 20}, "  fraudIpClickThreshold: 20\n"),
        ({"fraud_rule": "plain"}, "  fraudRule: plain\n"),
        ({"fraud_ip_click_threshold": 100_000}, "  fraudIpClickThreshold: 100000\n"),
        ({"bot_rapid_click_window_seconds": 7}, "  botRapidClickWindowSeconds: 7\n"),
        ({"health_score_coppa_multiplier": 0.5}, "  healthScoreCoppaMultiplier: 0.5\n"),
        ({"health_score_bot_deduction": 3.0}, "  healthScoreBotDeduction: 3\n"),
        ({"alert_opt_out_rate": 0.00001}, "  alertOptOutRate: 0.00001\n"),
        ({"alert_fraud_ips": 0}, "  alertFraudIps: 0\n"),
    ],
)
def test_what_differs_is_written_under_its_camel_case_name(changed: dict[str, float], line: str) -> None:
    assert format_changed(**changed) == "thresholds:\n" + line


def test_several_values_keep_the_order_of_the_settings() -> None:
    text = format_changed(data_stale_minutes=30, fraud_ip_click_threshold=20)

    assert text == "thresholds:\n  fraudIpClickThreshold: 20\n  dataStaleMinutes: 30\n"


@pytest.mark.parametrize("changed", [{}, {"fraud_ip_click_threshold": 10}, {"health_score_fraud_max": 30.0}])
def test_nothing_is_written_where_nothing_differs(changed: dict[str, float]) -> None:
    assert format_changed(**changed) == ""


def test_what_is_left_out_is_not_written() -> None:
    assert format_changed(fraud_ip_click_threshold=3, leave_out=frozenset({"fraud_ip_click_threshold"})) == ""


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("fraud_ip_click_threshold", 4, "5 or more"),
        ("bot_rapid_click_window_seconds", 2, "3 to 10"),
        ("bot_rapid_click_window_seconds", 11, "3 to 10"),
    ],
)
def test_a_value_outside_the_settings_range_is_named_with_the_range(name: str, value: int, allowed: str) -> None:
    (found,) = find_not_applicable(CONFIGURED.model_copy(update={name: value}))

    assert (found.name, found.value, found.allowed) == (name, value, allowed)


def test_every_value_that_cannot_be_kept_is_named() -> None:
    changed = {"fraud_ip_click_threshold": 1, "bot_rapid_click_window_seconds": 60}

    assert {item.name for item in find_not_applicable(CONFIGURED.model_copy(update=changed))} == set(changed)


def test_values_at_the_edge_of_their_range_can_be_kept() -> None:
    changed = {"fraud_ip_click_threshold": 5, "bot_rapid_click_window_seconds": 3, "conversion_anomaly_threshold": 0}

    assert find_not_applicable(CONFIGURED.model_copy(update=changed)) == []


def test_the_environment_does_not_stand_in_for_a_tried_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_IP_CLICK_THRESHOLD", "50")

    (found,) = find_not_applicable(CONFIGURED.model_copy(update={"fraud_ip_click_threshold": 4}))

    assert found.value == 4


def test_every_setting_but_those_of_facts_and_periods_can_be_overridden() -> None:
    assert set(DetectionSettings.model_fields) - set(Overrides.model_fields) == {
        "fraud_ip_click_window_days",
        "fraud_ipv6_prefix",
        "health_score_basis",
        "term_ends",
    }
