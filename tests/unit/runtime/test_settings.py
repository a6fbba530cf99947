"""Bad settings are told all at once."""

import pytest

from metrics_api.settings.api import ApiSettings
from metrics_api.settings.detection import DetectionSettings
from viral_runtime.settings.base import InvalidSettingsError, load_settings

NOT_FALLING = "HEALTH_STATUS_EXCELLENT, _GOOD, _FAIR and _WARNING must fall in this order, but are 90, 95, 60, 40"
TOO_LOW = "FRAUD_IP_CLICK_THRESHOLD is '4'; allowed: 5 or more"


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"HEALTH_STATUS_GOOD": "95"}, [NOT_FALLING]),
        ({"HEALTH_STATUS_GOOD": "95", "FRAUD_IP_CLICK_THRESHOLD": "4"}, [TOO_LOW, NOT_FALLING]),
        ({"HEALTH_STATUS_GOOD": "195"}, ["HEALTH_STATUS_GOOD is '195'; allowed: 0 to 100"]),
    ],
)
def test_status_limits_that_do_not_fall_are_told_beside_the_other_bad_settings(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], problems: list[str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettingsError) as refused:
        load_settings(DetectionSettings)
    assert refused.value.problems == problems


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_an_address_without_its_scheme_does_not_tell_its_password(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"DATABASE_URL": "postgresql://u:p@h/n", "REDIS_URL": "redis://h", "IDENTIFIER_KEY": "k" * 32}
    for key, value in (good | {name: "user:hunter2@host:5432/name"}).items():
        monkeypatch.setenv(key, value)
    with pytest.raises(InvalidSettingsError) as raised:
        load_settings(ApiSettings)
    assert name in str(raised.value.problems)
    assert "hunter2" not in str(raised.value.problems)
