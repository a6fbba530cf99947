"""Releases and kubectl on one cluster: what an upgrade keeps, takes back and says, with the real Helm and kubectl.

The cluster of these tests runs nothing, so hooks are left out, and it has no schemas to check objects against.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.chart.cluster import Cluster, run_cluster
from tests.chart.programs import CHART, ROOT, wheels
from tests.chart.rendering import render
from viral_cli import main

_WITHOUT_CLUSTER = ("--no-hooks", "--disable-openapi-validation")
_FORCED = ("--server-side=true", "--force-conflicts")
_FLAGS = "viral-engine-flags"
_WORKER = "viral-engine-worker-batch"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    with run_cluster(tmp_path) as running:
        monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig))
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("PATH", f"{wheels()}:/usr/bin:/bin")
        (tmp_path / "production.yaml").write_text("workers: {batch: {concurrency: 6}}\n")
        assert _upgrade(tmp_path).returncode == 0
        yield running


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)


def _upgrade(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    values = str(folder / "production.yaml")
    given = ("-n", "viral-engine", "-f", values, *_WITHOUT_CLUSTER, *options)
    return _run("helm", "upgrade", "--install", "viral-engine", str(CHART), *given)


def _kubectl(*arguments: str) -> None:
    ran = _run("kubectl", "-n", "viral-engine", *arguments)
    assert ran.returncode == 0, ran.stderr


def _set(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["flags", "set", *arguments, "-n", "viral-engine"])


def _flag(cluster: Cluster, name: str = "email_delivery") -> str:
    flags = json.loads(cluster.read("configmaps", _FLAGS)["data"]["flags.json"])["flags"]
    return str(flags[name]["defaultVariant"])


def _edit_flags() -> None:
    document = {"flags": {"email_delivery": {"variants": {"on": True, "off": False}, "defaultVariant": "on"}}}
    _kubectl("patch", "configmap", _FLAGS, "--patch", json.dumps({"data": {"flags.json": json.dumps(document)}}))


def test_an_upgrade_says_what_it_takes_back(cluster: Cluster, tmp_path: Path) -> None:
    assert _set("email_delivery", "on", "--percent", "25").exit_code == 0
    _kubectl("scale", f"deployment/{_WORKER}", "--replicas=8")
    options = ("--set-json", "thresholds.conversionAnomalyThreshold=0.75", *_FORCED)
    for run in (("--dry-run=server",), ()):
        notes = _upgrade(tmp_path, *options, *run).stdout.partition("CHANGED by this upgrade.")[2]
        assert [line.strip() for line in notes.splitlines() if "->" in line] == [
            "flag email_delivery: on for 25 % -> off",
            "CONVERSION_ANOMALY_THRESHOLD: 0.8 -> 0.75",
            "pods of worker-batch: 8 -> 6",
        ]
    assert (_flag(cluster), cluster.read("deployments", _WORKER)["spec"]["replicas"]) == ("off", 6)
    assert "CHANGED by" not in _upgrade(tmp_path, *options).stdout


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "null", '{"flags": [1]}', '{"flags": {"email_delivery": {"targeting": 1}}}']
)
def test_flags_that_were_broken_by_hand_are_in_no_upgrades_way(cluster: Cluster, tmp_path: Path, broken: str) -> None:
    _kubectl("patch", "configmap", _FLAGS, "--patch", json.dumps({"data": {"flags.json": broken}}))
    upgraded = _upgrade(tmp_path, *_FORCED)
    assert upgraded.returncode == 0, upgraded.stderr
    assert "-> off" in upgraded.stdout
    assert _flag(cluster) == "off"


def test_what_the_values_file_says_stays(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "production.yaml").write_text(
        "featureFlags: {emailDelivery: {enabled: true}}\nthresholds: {conversionAnomalyThreshold: 0.75}\n"
    )
    for tag in ("1.1.0", "1.2.0"):
        assert _upgrade(tmp_path, "--set", f"image.tag={tag}", *_FORCED).returncode == 0
        assert _flag(cluster) == "on"
        thresholds = cluster.read("configmaps", "viral-engine-thresholds")["data"]
        assert thresholds["CONVERSION_ANOMALY_THRESHOLD"] == "0.75"


def test_the_documented_upgrade_and_roll_back_meet_no_conflict(cluster: Cluster, tmp_path: Path) -> None:
    _edit_flags()
    _kubectl("scale", f"deployment/{_WORKER}", "--replicas=8")
    refused = _upgrade(tmp_path)
    assert 'conflict with "kubectl' in refused.stderr, "the cluster of the tests must refuse as Kubernetes does"
    assert _upgrade(tmp_path, *_FORCED).returncode == 0
    assert _flag(cluster) == "off"
    _edit_flags()
    rollback = ("helm", "rollback", "viral-engine", "1", "-n", "viral-engine", "--no-hooks")
    assert 'conflict with "kubectl' in _run(*rollback).stderr
    assert _run(*rollback, *_FORCED).returncode == 0
    assert _flag(cluster) == "off"


def test_a_flag_set_by_our_command_is_in_no_upgrades_way(cluster: Cluster, tmp_path: Path) -> None:
    """It writes as Helm does, so even an upgrade without force goes through."""
    assert _set("email_delivery", "on").exit_code == 0
    assert _flag(cluster) == "on"
    assert _upgrade(tmp_path).returncode == 0
    assert _flag(cluster) == "off"


def _start_pods(cluster: Cluster) -> None:
    for name, pod in render().pods().items():
        metadata = {"name": name, "labels": pod["metadata"]["labels"]}
        manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]}
        cluster.create(("viral-engine", "pods", name), manifest, ("tests", "Update"))


def test_a_flag_wakes_the_pods_that_read_it_and_says_how(cluster: Cluster) -> None:
    _start_pods(cluster)
    ran = _set("email_delivery", "on", "--percent", "25")
    assert ran.exit_code == 0, ran.output
    woken = {name for name in cluster.names("pods") if cluster.read("pods", name)["metadata"].get("annotations")}
    mounted = {
        name
        for name, pod in render().pods().items()
        if any(volume.get("configMap", {}).get("name") == _FLAGS for volume in pod["spec"].get("volumes", ()))
    }
    assert woken == mounted == {"metrics-api", "reconciler"}
    commands = [line.split()[3:5] for line in ran.output.splitlines() if line.startswith("kubectl ")]
    assert [command[0] for command in commands] == ["get", "apply", "annotate"]
    assert "featureFlags: {emailDelivery: {enabled: true, rolloutPct: 25}}" in ran.output


def test_a_dry_run_prints_the_commands_and_changes_nothing(cluster: Cluster) -> None:
    _start_pods(cluster)
    before = cluster.read("configmaps", _FLAGS)["metadata"]["resourceVersion"]
    ran = _set("email_delivery", "on", "--dry-run")
    assert ran.exit_code == 0, ran.output
    assert "annotate pods" in ran.output
    assert "Nothing was changed (--dry-run)." in ran.output
    assert cluster.read("configmaps", _FLAGS)["metadata"]["resourceVersion"] == before
    assert not any("annotations" in cluster.read("pods", name)["metadata"] for name in cluster.names("pods"))


def test_several_releases_and_none_are_told_apart(cluster: Cluster) -> None:
    other = render("--set", "fullnameOverride=other").of("ConfigMap")["flags"]
    other["metadata"]["labels"]["app.kubernetes.io/instance"] = "other"
    cluster.create(("viral-engine", "configmaps", "other-flags"), other, ("tests", "Update"))
    assert "has several releases: other, viral-engine. Choose one with --release." in _set("ai_insights", "on").output
    assert _set("ai_insights", "on", "--release", "other").exit_code == 0
    assert _flag(cluster, "ai_insights") == "off"
    nothing = CliRunner().invoke(main, ["flags", "set", "ai_insights", "on", "-n", "elsewhere"])
    assert "Namespace elsewhere has no Viral Guardrails flags" in nothing.output


def test_kubectls_refusal_is_passed_on(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    ran = _set("ai_insights", "on")
    assert (ran.exit_code, "kubectl get failed: " in ran.output) == (1, True)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "kubectl was not found on the PATH" in _set("ai_insights", "on").output
    assert _flag(cluster, "ai_insights") == "off"


def test_uninstalling_leaves_only_what_the_document_names(cluster: Cluster) -> None:
    assert _run("helm", "uninstall", "viral-engine", "-n", "viral-engine", "--no-hooks").returncode == 0
    kinds = ("configmaps", "deployments", "services", "networkpolicies", "poddisruptionbudgets", "secrets")
    assert {kind: cluster.names(kind) for kind in kinds} == {kind: set() for kind in kinds}
