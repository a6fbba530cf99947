"""Prometheus rules: tested by promtool, and each alert leads to what to do."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.monitoring.operations_files import ROOT, RULES, find_recorded, list_alerts, list_rules

_ALERT_HEADING = re.compile(r"^## (ViralEngine.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def promtool() -> str:
    """The path of promtool; without it the tests are skipped, or fail under REQUIRE_PROMTOOL=1."""
    path = shutil.which("promtool")
    if path:
        return path
    advice = "no promtool is installed: RUNLEVEL=1 apt-get install prometheus"
    if os.environ.get("REQUIRE_PROMTOOL") == "1":
        pytest.fail(advice)
    pytest.skip(advice)


@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", str(RULES)), ("test", "rules", str(Path(__file__).with_name("rules.test.yaml")))],
    ids=["check", "test"],
)
def test_promtool_finds_nothing_wrong(promtool: str, arguments: tuple[str, ...]) -> None:
    result = subprocess.run([promtool, *arguments], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_is_tested() -> None:
    tested = (Path(__file__).with_name("rules.test.yaml")).read_text()
    assert [alert["alert"] for alert in list_alerts() if f"alertname: {alert['alert']}\n" not in tested] == []


def test_every_alert_has_a_severity_a_summary_and_a_section_in_the_runbook() -> None:
    page = ROOT / "docs/runbook.md"
    anchors = {f"docs/runbook.md#{heading.lower()}" for heading in _ALERT_HEADING.findall(page.read_text())}
    for alert in list_alerts():
        assert alert["labels"]["severity"] in ("warning", "critical"), alert
        assert alert["annotations"]["summary"].endswith("."), alert
    assert {alert["annotations"]["runbook_url"] for alert in list_alerts()} == anchors


def test_every_recorded_series_that_is_looked_at_is_recorded_and_the_other_way_round() -> None:
    assert find_recorded() == {rule["record"] for rule in list_rules() if "record" in rule}
