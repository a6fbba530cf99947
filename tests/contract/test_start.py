"""A service with bad settings does not start, and says everything that is wrong at once."""

import os
import subprocess
import sys

import pytest

GOOD = {
    "DATABASE_URL": "postgresql://localhost/db",
    "REDIS_URL": "redis://localhost",
    "IDENTIFIER_KEY": "k" * 32,
    "PATH": os.environ["PATH"],
}


def _start(service: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *service]
    return subprocess.run(command, env={**GOOD, **settings}, capture_output=True, text=True, timeout=60, check=False)


def test_every_bad_setting_is_listed_with_its_range() -> None:
    refused = _start(
        ["metrics_api", "web"],
        FRAUD_IP_CLICK_THRESHOLD="4",
        BOT_RAPID_CLICK_WINDOW_SECONDS="11",
        CONVERSION_ANOMALY_THRESHOLD="many",
        METRICS_API_PORT="0",
    )
    assert refused.returncode == os.EX_CONFIG
    for sentence in (
        "FRAUD_IP_CLICK_THRESHOLD is '4'; allowed: 5 or more",
        "BOT_RAPID_CLICK_WINDOW_SECONDS is '11'; allowed: 3 to 10",
        "CONVERSION_ANOMALY_THRESHOLD is 'many'; allowed: 0 to 1",
        "METRICS_API_PORT is '0'; allowed: 1 to 65535",
    ):
        assert sentence in refused.stderr


def test_status_limits_that_do_not_fall_are_refused_in_words() -> None:
    refused = _start(["metrics_api", "web"], HEALTH_STATUS_GOOD="95")
    assert refused.returncode == os.EX_CONFIG
    assert "must fall" in refused.stderr


def test_a_secret_is_not_printed_when_it_is_wrong() -> None:
    refused = _start(["metrics_api", "web"], IDENTIFIER_KEY="a short secret")
    assert "IDENTIFIER_KEY is not valid" in refused.stderr
    assert "a short secret" not in refused.stderr


@pytest.mark.parametrize(
    ("service", "missing"), [(["metrics_api", "web"], "DATABASE_URL"), (["dashboard"], "DASHBOARD_TOKEN")]
)
def test_a_missing_setting_is_named(service: list[str], missing: str) -> None:
    refused = _start(service, **{missing: ""})
    assert refused.returncode == os.EX_CONFIG
    assert f"{missing} is missing" in refused.stderr
