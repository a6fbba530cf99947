"""k8s/ is what the chart renders, builds with kustomize, and keeps the promises of the chart."""

import json
import shutil
from functools import cache
from pathlib import Path

import pytest

from tests.chart import manifests
from tests.chart.pods import CONCURRENCY, check_restricted
from tests.chart.programs import ROOT, kubectl
from tests.chart.rendering import Rendered, list_references
from tests.chart.schemas import VERSIONS, list_faults
from viral_contract.models.flags import Flag
from viral_runtime.flags.document import build_evaluator

OVERLAYS = ("production", "development")


@cache
def _build(overlay: str) -> Rendered:
    return _build_folder(ROOT / "k8s" / "overlays" / overlay)


def _build_folder(folder: Path) -> Rendered:
    done = kubectl("kustomize", str(folder))
    assert done.returncode == 0, done.stderr
    return Rendered(done.stdout)


def _workers(rendered: Rendered) -> dict[str, int]:
    found = rendered.of("Deployment").items()
    return {name: item["spec"]["replicas"] for name, item in found if name.startswith("worker-")}


def test_the_base_is_what_the_chart_renders() -> None:
    assert manifests.read_files() == manifests.list_files(), "run make chart"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_knows_every_field_of_an_overlay(overlay: str, version: str) -> None:
    objects = _build(overlay).objects
    assert len(objects) > 40
    faults = {f"{item['kind']} {item['metadata']['name']}": list_faults(item, version) for item in objects}
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_of_an_overlay_fits_its_restricted_namespace(overlay: str) -> None:
    (namespace,) = [item for item in _build(overlay).objects if item["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    makers = [item for item in _build(overlay).objects if item["kind"] in ("Deployment", "Job")]
    assert len(makers) >= 10
    for maker in makers:
        assert maker["metadata"]["namespace"] == namespace["metadata"]["name"]
        check_restricted(maker["spec"]["template"]["spec"])


def test_production_has_the_promised_concurrency_and_development_one_each() -> None:
    promised = {f"worker-{queue.replace('_', '-')}": number for queue, number in CONCURRENCY.items()}
    assert _workers(_build("production")) == promised
    assert _workers(_build("development")) == dict.fromkeys(promised, 1)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_config_and_secret_that_a_pod_names_is_there(overlay: str) -> None:
    rendered = _build(overlay)
    made = {(item["kind"], item["metadata"]["name"]) for item in rendered.objects}
    made |= {("Secret", "viral-engine-secrets")} if overlay == "production" else set()
    for pod in rendered.pods().values():
        assert set(list_references(pod["spec"])) <= made


def test_production_says_what_belongs_to_its_ingress_and_its_mail_server() -> None:
    production = _build("production")
    (host,) = [rule["host"] for rule in production.of("Ingress")["dashboard"]["spec"]["rules"]]
    assert production.config("metrics-api")["PUBLIC_DASHBOARD_URL"] == f"https://{host}"
    assert production.config("dashboard")["TRUSTED_PROXIES"]
    assert production.config("worker-email-delivery")["SMTP_HOST"] != "127.0.0.1"


def test_production_flags_are_ones_that_the_product_accepts() -> None:
    document = json.loads(_build("production").of("ConfigMap")["flags"]["data"]["flags.json"])
    build_evaluator(document)
    assert document["flags"].keys() == set(Flag)


def _change(folder: Path, file: str, old: str, new: str) -> Rendered:
    shutil.copytree(ROOT / "k8s", folder)
    path = folder / "overlays" / "production" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return _build_folder(path.parent)


def test_a_threshold_in_an_overlay_restarts_pods_and_a_flag_does_not(tmp_path: Path) -> None:
    before = {name: item["spec"]["template"] for name, item in _build("production").of("Deployment").items()}
    stricter = _change(
        tmp_path / "a", "kustomization.yaml", "FRAUD_IP_CLICK_THRESHOLD=10", "FRAUD_IP_CLICK_THRESHOLD=20"
    )
    toggled = _change(tmp_path / "b", "flags.json", '"defaultVariant": "off"', '"defaultVariant": "on"')
    changed = {name: item["spec"]["template"] != before[name] for name, item in stricter.of("Deployment").items()}
    assert {name for name, is_changed in changed.items() if is_changed} == {"metrics-api", "reconciler"}
    assert {name: item["spec"]["template"] for name, item in toggled.of("Deployment").items()} == before
    assert toggled.of("ConfigMap")["flags"] != _build("production").of("ConfigMap")["flags"]
