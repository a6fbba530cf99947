"""An upgrade with an autoscaler keeps the pods that run, as Helm sees them in the cluster."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.chart.cluster import run_cluster
from tests.chart.programs import helm
from tests.chart.rendering import RELEASE, Rendered, render_ci

_ON = ("--values", "helm/viral-engine/ci/autoscaling-values.yaml")
_KEYS = ("metrics-api", "dashboard", "worker-default", "worker-batch")
_SCALED = {"f:spec": {"f:replicas": {}}}
_HELM_APPLIES = {"manager": "helm", "operation": "Apply", "fieldsV1": {"f:spec": {"f:selector": {}}}}
_HELM_UPDATES = {"manager": "helm", "operation": "Update", "fieldsV1": _SCALED}
_AUTOSCALER = {
    "manager": "kube-controller-manager",
    "operation": "Update",
    "subresource": "scale",
    "fieldsV1": _SCALED,
}
# The controllers' own account of what they see, which sets no number.
_STATUS = {
    "manager": "kube-controller-manager",
    "operation": "Update",
    "subresource": "status",
    "fieldsV1": {"f:status": {"f:replicas": {}}},
}


def _live(component: str, replicas: int, *managers: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": f"viral-engine-{component}", "namespace": "viral-engine", "managedFields": list(managers)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": replicas}}


def _upgrade(live: list[dict[str, Any]], *arguments: str) -> dict[str, int | None]:
    """The number of pods of each Deployment, as Helm renders it while these run."""
    with tempfile.TemporaryDirectory() as folder, run_cluster(Path(folder)) as cluster:
        for item in live:
            cluster.create(("viral-engine", "deployments", item["metadata"]["name"]), item, ("tests", "Update"))
        server = ("--dry-run=server", "--kubeconfig", str(cluster.kubeconfig), "--disable-openapi-validation")
        done = helm("template", *RELEASE, *server, "--is-upgrade", *arguments)
    assert done.returncode == 0, done.stderr
    return {name: item["spec"].get("replicas") for name, item in Rendered(done.stdout).of("Deployment").items()}


@pytest.mark.parametrize("component", _KEYS)
@pytest.mark.parametrize("running", [2, 3, 7])
def test_switching_it_on_keeps_the_pods_that_run(component: str, running: int) -> None:
    numbers = _upgrade([_live(component, running, {**_HELM_APPLIES, "fieldsV1": _SCALED}, _STATUS)], *_ON)
    assert numbers[component] == running
    assert {numbers[name] for name in _KEYS if name != component} == {None}, "what does not run yet has no number"


@pytest.mark.parametrize("manager", [_HELM_UPDATES, _HELM_APPLIES])
def test_the_next_upgrades_keep_what_the_autoscaler_has_not_changed(manager: dict[str, Any]) -> None:
    """With the number gone from its manifest, Helm would take it away, which makes 1 of it."""
    assert _upgrade([_live("metrics-api", 4, manager, _STATUS)], *_ON)["metrics-api"] == 4


def test_what_the_autoscaler_has_changed_is_left_to_it() -> None:
    """With server-side apply; else the older manifest may still hold a number, and Helm would take it away."""
    assert _upgrade([_live("dashboard", 4, _HELM_APPLIES, _AUTOSCALER)], *_ON)["dashboard"] is None
    assert _upgrade([_live("dashboard", 4, _HELM_UPDATES, _AUTOSCALER)], *_ON)["dashboard"] == 4


def test_what_was_stopped_starts_with_the_least() -> None:
    """An autoscaler leaves a Deployment at 0 alone, so nothing else would start it."""
    assert _upgrade([_live("worker-batch", 0, _HELM_APPLIES, _AUTOSCALER)], *_ON)["worker-batch"] == 2


def test_without_an_autoscaler_the_values_say_the_number() -> None:
    assert _upgrade([_live("metrics-api", 5, _HELM_APPLIES)], "--set", "metricsApi.replicas=3")["metrics-api"] == 3


def test_without_a_cluster_there_is_no_number() -> None:
    """As for tools that render by themselves and apply later: a number of ours would fight the autoscaler's."""
    deployments = render_ci("autoscaling").of("Deployment")
    assert all("replicas" not in deployments[name]["spec"] for name in _KEYS)
