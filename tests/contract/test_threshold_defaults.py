"""Every threshold has the default and the range that the requirements give it."""

import pytest
from pydantic import ValidationError

from metrics_api.settings.detection import DetectionSettings

# Setting, default, values that are just allowed, values that are just not.
THRESHOLDS: list[tuple[str, float, list[float], list[float]]] = [
    ("FRAUD_IP_CLICK_THRESHOLD", 10, [5, 10_000], [4]),
    ("FRAUD_IP_CLICK_WINDOW_DAYS", 1, [1, 7], [0, 8]),
    ("FRAUD_IPV6_PREFIX", 64, [48, 128], [47, 129]),
    ("BOT_RAPID_CLICK_THRESHOLD", 3, [2, 10], [1, 11]),
    ("BOT_RAPID_CLICK_WINDOW_SECONDS", 5, [3, 10], [2, 11]),
    ("CONVERSION_ANOMALY_THRESHOLD", 0.8, [0, 1], [-0.1, 1.1]),
    ("HEALTH_SCORE_FRAUD_DEDUCTION", 2, [1, 3], [-1]),
    ("HEALTH_SCORE_BOT_DEDUCTION", 2, [1, 3], [-1]),
    ("HEALTH_SCORE_FRAUD_SHARE_POINTS", 1, [0, 100], [-1, 101]),
    ("HEALTH_SCORE_BOT_SHARE_POINTS", 1, [0, 100], [-1, 101]),
    ("HEALTH_SCORE_COPPA_MULTIPLIER", 0.333, [0.25, 0.5], [-0.1]),
    ("COPPA_COMPLIANCE_TARGET", 0.99, [0, 1], [-0.1, 1.1]),
    ("CONVERSION_ANOMALY_DAILY_THRESHOLD", 10, [1], [0]),
    ("CONVERSION_ANOMALY_MIN_CLICKS", 5, [1], [0]),
    ("HEALTH_SCORE_OPT_OUT_MULTIPLIER", 20, [0, 50], [-1]),
    ("HEALTH_SCORE_FRAUD_MAX", 30, [0, 100], [-1, 101]),
    ("HEALTH_SCORE_BOT_MAX", 20, [0, 100], [-1, 101]),
    ("HEALTH_SCORE_OPT_OUT_MAX", 20, [0, 100], [-1, 101]),
    ("HEALTH_SCORE_COPPA_MAX", 30, [0, 100], [-1, 101]),
    ("HEALTH_STATUS_EXCELLENT", 90, [100, 76], [101, 74]),
    ("HEALTH_STATUS_GOOD", 75, [90, 60], [91, 59]),
    ("HEALTH_STATUS_FAIR", 60, [75, 40], [76, 39]),
    ("HEALTH_STATUS_WARNING", 40, [60, 0], [61, -1]),
    ("ALERT_FRAUD_IPS", 5, [0], [-1]),
    ("ALERT_BOT_DEVICES", 3, [0], [-1]),
    ("ALERT_OPT_OUT_RATE", 0.3, [0, 1], [-0.1]),
    ("ALERT_EVENT_PII", 0, [0, 5], [-1]),
    ("DATA_STALE_MINUTES", 60, [0, 1], [-1]),
]
every_threshold = pytest.mark.parametrize(("name", "default", "allowed", "refused"), THRESHOLDS)


@every_threshold
def test_a_threshold_has_its_default_and_its_range(
    monkeypatch: pytest.MonkeyPatch, name: str, default: float, allowed: list[float], refused: list[float]
) -> None:
    monkeypatch.delenv(name, raising=False)
    assert getattr(DetectionSettings(), name.lower()) == default
    for value in allowed:
        monkeypatch.setenv(name, str(value))
        assert getattr(DetectionSettings(), name.lower()) == value
    for wrong in [*map(str, refused), "nan", "inf", "many"]:
        monkeypatch.setenv(name, wrong)
        with pytest.raises(ValidationError):
            DetectionSettings()


def test_the_fraud_rule_is_one_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DetectionSettings().fraud_rule == "network_aware"
    monkeypatch.setenv("FRAUD_RULE", "plain")
    assert DetectionSettings().fraud_rule == "plain"
    monkeypatch.setenv("FRAUD_RULE", "strict")
    with pytest.raises(ValidationError):
        DetectionSettings()


def test_the_score_is_by_count_unless_it_is_set_to_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEALTH_SCORE_BASIS", raising=False)
    assert DetectionSettings().health_score_basis == "count"
    monkeypatch.setenv("HEALTH_SCORE_BASIS", "share")
    assert DetectionSettings().health_score_basis == "share"
    monkeypatch.setenv("HEALTH_SCORE_BASIS", "clicks")
    with pytest.raises(ValidationError):
        DetectionSettings()


@pytest.mark.parametrize("wrong", ["", "6-30", "13-01", "06-32", "06-30;12-20", "06-30,", "June 30"])
def test_term_ends_are_days_of_the_year(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("TERM_ENDS", "02-29,11-30")
    assert DetectionSettings().term_ends == "02-29,11-30"
    with pytest.raises(ValidationError):
        DetectionSettings(term_ends=wrong)


def test_no_threshold_is_missing_here() -> None:
    assert {name.lower() for name, *_ in THRESHOLDS} == set(DetectionSettings.model_fields) - {
        "fraud_rule",
        "health_score_basis",
        "term_ends",
    }
