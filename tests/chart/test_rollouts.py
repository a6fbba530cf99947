"""What a change of the values restarts, and how flags arrive in the processes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chart.rendering import Rendered, render, render_ci
from viral_contract.models.flags import FLAGS, Flag
from viral_runtime.flags.evaluate import Flags


def _pod_templates(rendered: Rendered) -> dict[str, Any]:
    return {name: item["spec"]["template"] for name, item in rendered.of("Deployment").items()}


def _changed(*arguments: str) -> set[str]:
    before, after = _pod_templates(render()), _pod_templates(render(*arguments))
    return {name for name in before if before[name] != after[name]}


def test_a_flag_restarts_nothing() -> None:
    toggle = ("--set", "featureFlags.emailDelivery.enabled=true")
    assert render(*toggle).of("ConfigMap")["flags"] != render().of("ConfigMap")["flags"]
    assert _changed(*toggle) == set()


@pytest.mark.parametrize(
    ("setting", "restarted"),
    [
        ("thresholds.fraudIpClickThreshold=20", {"metrics-api", "reconciler"}),
        ("config.dashboard.dashboardThreads=8", {"dashboard"}),
        ("config.ai.aiInsightsModel=other", {"worker-batch", "worker-default", "worker-performance-reports"}),
        ("metricsApi.replicas=3", set()),
        ("workers.batch.concurrency=10", set()),
    ],
)
def test_a_setting_restarts_what_reads_it(setting: str, restarted: set[str]) -> None:
    assert _changed("--set", setting) == restarted


def test_a_secret_in_the_values_restarts_what_reads_it() -> None:
    values = "helm/viral-engine/ci/secrets-values.yaml"
    other = render("--values", values, "--set", "secrets.identifierKey.value=another-key-for-tests-of-the-chart-only")
    before, after = _pod_templates(render("--values", values)), _pod_templates(other)
    assert {name for name in before if before[name] != after[name]} == {"metrics-api", "reconciler"}


def test_selectors_never_change_with_a_release() -> None:
    for deployment in render().of("Deployment").values():
        assert deployment["spec"]["selector"]["matchLabels"].keys() == {
            "app.kubernetes.io/name",
            "app.kubernetes.io/instance",
            "app.kubernetes.io/component",
        }


def _flags_of(rendered: Rendered, folder: Path) -> Flags:
    """The flags as a pod sees them: through the mounted folder's link, which Kubernetes moves at a change."""
    version = folder / "..version"
    version.mkdir()
    (version / "flags.json").write_text(rendered.of("ConfigMap")["flags"]["data"]["flags.json"])
    (folder / "..data").symlink_to(version.name)
    (folder / "flags.json").symlink_to("..data/flags.json")
    flags = Flags(folder / "flags.json")
    assert flags.describe("anybody").problem is None
    return flags


def test_the_chart_has_every_flag_with_its_default(tmp_path: Path) -> None:
    flags = _flags_of(render(), tmp_path)
    assert {flag: flags.is_on(flag, "anybody") for flag in Flag} == {flag: FLAGS[flag].default for flag in Flag}
    assert json.loads((tmp_path / "flags.json").read_text())["flags"].keys() == set(Flag)


def test_a_flag_can_be_on_for_a_share_and_for_named_people(tmp_path: Path) -> None:
    flags = _flags_of(render_ci("flags"), tmp_path)
    people = [f"person{number}@example.com" for number in range(2000)]

    def share(flag: Flag) -> float:
        return sum(flags.is_on(flag, person) for person in people) / len(people)

    assert share(Flag.GUARDRAIL_DASHBOARD) == pytest.approx(0.25, abs=0.03)
    assert share(Flag.PERFORMANCE_REPORTS) == 0
    assert share(Flag.EMAIL_DELIVERY) == pytest.approx(0.5, abs=0.03)
    assert share(Flag.AI_INSIGHTS) == 1
    named = {flag: flags.is_on(flag, "ana@example.com") for flag in (Flag.PERFORMANCE_REPORTS, Flag.EMAIL_DELIVERY)}
    assert set(named.values()) == {True}
    assert not flags.is_on(Flag.ALERT_NOTIFICATIONS, "ana@example.com"), "off is off, whoever is named"


def test_growing_shares_keep_who_has_it() -> None:
    """A person who has a feature keeps it when its share grows; the key of the buckets must not depend on the share."""
    on = "featureFlags.emailDelivery.enabled=true,featureFlags.emailDelivery.rolloutPct="
    documents = [render("--set", f"{on}{pct}").of("ConfigMap")["flags"]["data"]["flags.json"] for pct in (25, 50)]
    rules = [json.loads(text)["flags"]["email_delivery"]["targeting"]["fractional"] for text in documents]
    assert rules[0][0] == rules[1][0]
    assert [rule[1] for rule in rules] == [["on", 25], ["on", 50]]


@pytest.mark.parametrize("component", ["metrics-api", "reconciler"])
def test_flags_are_mounted_as_a_folder(component: str) -> None:
    (container,) = render().pods()[component]["spec"]["containers"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "flags"]
    assert "subPath" not in mount, "a single file would never change"
    assert render().config(component)["FLAGS_FILE"] == f"{mount['mountPath']}/flags.json"
