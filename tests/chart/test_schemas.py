"""Helm and Kubernetes accept what the chart renders, and Helm refuses what it must not."""

import json
import re
import textwrap
from pathlib import Path

import pytest
import yaml

from metrics_api.settings.detection import DetectionSettings
from tests.chart import settings_files
from tests.chart.programs import CHART, ROOT, helm
from tests.chart.rendering import CI_VALUES, list_references, read_notes, read_values, refusal, render, render_ci
from tests.chart.schemas import VERSIONS, list_faults

# Their schemas come with the operator that defines them.
_CUSTOM = {"ServiceMonitor", "PodMonitor", "PrometheusRule", "HTTPRoute"}


@pytest.mark.parametrize("name", CI_VALUES)
def test_lint_has_nothing_to_say(name: str) -> None:
    done = helm("lint", "--strict", "--quiet", str(CHART), "--values", str(CHART / "ci" / f"{name}-values.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CI_VALUES)
def test_kubernetes_knows_every_field(name: str, version: str) -> None:
    objects = [item for item in render_ci(name).objects if item["kind"] not in _CUSTOM]
    faults = {f"{item['kind']} {item['metadata']['name']}": list_faults(item, version) for item in objects}
    assert len(faults) == len(objects) > 30
    assert {name: found for name, found in faults.items() if found} == {}


def test_schemas_find_a_field_that_does_not_exist() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"portz": []}}
    assert ["portz" in fault for fault in list_faults(service, VERSIONS[0])] == [True]


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("thresholds.fraudIpClickTreshold=20", "additional properties 'fraudIpClickTreshold' not allowed"),
        ("threshold.fraudIpClickThreshold=20", "additional properties 'threshold' not allowed"),
        ("featureFlags.emailDelivery.enable=true", "additional properties 'enable' not allowed"),
        ("thresholds.fraudIpClickThreshold=4", "minimum: got 4, want 5"),
        ("thresholds.fraudIpClickWindowDays=8", "maximum: got 8, want 7"),
        ("thresholds.conversionAnomalyThreshold=1.5", "maximum: got 1.5, want 1"),
        ("thresholds.botRapidClickThreshold=3.5", "got number, want integer"),
        ("config.queue.reportLeaseSeconds=0", "exclusiveMinimum: got 0, want 0"),
        ("config.log.logLevel=LOUD", "'LOUD' does not match pattern"),
        ("featureFlags.emailDelivery.rolloutPct=101", "maximum: got 101, want 100"),
        ("dashboard.replicas=0", "minimum: got 0, want 1"),
        ("reconciler.replicas=3", "maximum: got 3, want 2"),
    ],
)
def test_a_typo_or_a_value_out_of_range_is_refused_by_name(setting: str, says: str) -> None:
    # By JSON, since --set takes a number with a point for a text.
    name, _, value = setting.partition("=")
    error = refusal("--set-json", setting if value[0].isdigit() or value == "true" else f'{name}="{value}"')
    assert says in error
    path = setting.partition("=")[0].rpartition(".")[0] if "additional" in says else setting.partition("=")[0]
    assert f"'/{path.replace('.', '/')}'" in error or "at ''" in error


@pytest.mark.parametrize("name", DetectionSettings.model_fields)
def test_a_threshold_has_the_range_of_its_setting(name: str) -> None:
    own = DetectionSettings.model_json_schema()["properties"][name]
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["thresholds"]
    ours = schema["properties"][settings_files.camel_case(name)]
    limits = ("type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    assert [ours.get(limit) for limit in limits] == [own.get(limit) for limit in limits]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["ingress.dashboard.enabled=true"], "ingress.dashboard is enabled, but ingress.dashboard.host is empty"),
        (["ingress.metricsApi.enabled=true"], "ingress.metricsApi is enabled, but ingress.metricsApi.host is empty"),
        (
            ["ingress.dashboard.enabled=true", "ingress.dashboard.host=a.example.com"],
            "ingress.dashboard is enabled, but config.proxy.trustedProxies is empty",
        ),
        (
            [
                "ingress.metricsApi.enabled=true",
                "ingress.metricsApi.host=a.example.com",
                "config.proxy.trustedProxies=10.244.3.17/32",
            ],
            "ingress.metricsApi is enabled, but networkPolicy.metricsApiFrom is empty",
        ),
        (
            [
                "ingress.dashboard.enabled=true",
                "ingress.dashboard.host=a.example.com",
                "config.proxy.trustedProxies=10.244.3.17/32",
                "networkPolicy.dashboardFrom=null",
            ],
            "ingress.dashboard is enabled, but networkPolicy.dashboardFrom is empty",
        ),
        (
            ["monitoring.monitors.enabled=true", "networkPolicy.monitoringFrom=null"],
            "monitoring.monitors is enabled, but networkPolicy.monitoringFrom is empty",
        ),
        (
            [
                "config.singleSignOn.oidcIssuer=https://a.example.com",
                "config.dashboard.oidcIssuer=https://b.example.com",
            ],
            'config.singleSignOn.oidcIssuer is "https://a.example.com", but another group has "https://b.example.com"',
        ),
        (
            [f"secrets.emailWorkerToken.value={'x' * 32}"],
            "secrets.emailWorkerToken has a value, but secrets.existingSecret",
        ),
        (
            [
                "secrets.existingSecret=",
                f"secrets.emailWorkerToken.value={'x' * 32}",
                "secrets.emailWorkerToken.existingSecret=y",
            ],
            "secrets.emailWorkerToken has a value and names an existing Secret",
        ),
        (["secrets.existingSecret="], "must be set: give a value, or name an existing Secret"),
        (
            [
                "workers.batch.concurrency=50",
                "workers.batch.autoscaling.enabled=true",
                "workers.batch.autoscaling.maxReplicas=60",
            ],
            "maxReplicas is 60, but workers.batch.concurrency, the maximum of this queue, is 50",
        ),
        (
            ["workers.emailDelivery.autoscaling.enabled=true", "workers.emailDelivery.autoscaling.minReplicas=11"],
            "workers.emailDelivery.autoscaling.minReplicas is 11, above its maximum 1",
        ),
        (
            ["dashboard.autoscaling.enabled=true", "dashboard.autoscaling.minReplicas=7"],
            "dashboard.autoscaling.minReplicas is 7, above maxReplicas 6",
        ),
        (["thresholds.healthStatusGood=95"], "must fall in this order, but are [90 95 60 40]"),
    ],
)
def test_values_that_contradict_each_other_are_refused_by_a_sentence(settings: list[str], says: str) -> None:
    assert says in refusal(*(part for setting in settings for part in ("--set", setting)))


def test_the_examples_of_the_guide_render(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", guide, flags=re.DOTALL)
    production, monitoring = [next(b for b in blocks if b.strip().startswith(k)) for k in ("image:", "monitoring:")]
    values = tmp_path / "production.yaml"
    values.write_text(textwrap.dedent(f"   {production.strip()}") + "\n")
    watched = tmp_path / "monitoring.yaml"
    watched.write_text(monitoring)
    # The second file's networkPolicy is merged into the first's.
    rendered = render("--values", str(values), "--values", str(watched))
    assert {"PodMonitor", "ServiceMonitor", "PrometheusRule"} <= {item["kind"] for item in rendered.objects}
    assert rendered.config("worker-email-delivery")["SMTP_HOST"] == "smtp.example.com"
    assert "guardrails.example.com" in str(rendered.of("Ingress")["dashboard"])


def test_generated_files_are_those_of_todays_settings() -> None:
    values = (CHART / "values.yaml").read_text()
    assert settings_files.format_values(values) == values, "run make chart"
    assert settings_files.format_schema(values) == (CHART / "values.schema.json").read_text(), "run make chart"
    assert settings_files.format_process_settings() == (CHART / "files" / "settings.yaml").read_text(), "run make chart"
    assert settings_files.format_defaults() == (CHART / "files" / "defaults.yaml").read_text(), "run make chart"
    assert settings_files.format_formats(values) == (CHART / "files" / "formats.yaml").read_text(), "run make chart"
    assert settings_files.format_shared_settings() == (CHART / "files" / "shared.yaml").read_text(), "run make chart"


def test_rules_and_dashboards_are_those_of_the_files() -> None:
    rendered = render_ci("monitoring")
    (rule,) = rendered.of("PrometheusRule").values()
    rules = CHART / "files" / "rules.yaml"
    assert rule["spec"] == (yaml.safe_load(rules.read_text()) if rules.exists() else {"groups": []})
    made = [item for item in rendered.of("ConfigMap").values() if "grafana_dashboard" in item["metadata"]["labels"]]
    texts = {name: json.loads(text) for item in made for name, text in item["data"].items()}
    assert texts == {path.name: json.loads(path.read_text()) for path in (CHART / "files/dashboards").glob("*.json")}


@pytest.mark.parametrize(
    ("alone", "warning"),
    [
        ("rules", "alerts are on, but monitoring.monitors is off"),
        ("dashboards", "dashboards are on, but monitoring.rules"),
    ],
)
def test_whoever_watches_without_what_it_looks_at_is_told_so(alone: str, warning: str) -> None:
    assert f"WARNING: {warning}" in read_notes("--set", f"monitoring.{alone}.enabled=true")
    assert warning not in read_notes("--values", str(CHART / "ci" / "monitoring-values.yaml"))


def test_names_stay_short_enough_and_fit_each_other_whatever_the_release_is_called() -> None:
    rendered = render("--set", f"fullnameOverride={'long-' * 12}", "--set", f"image.tag={'9' * 80}")
    made = {(item["kind"], item["metadata"]["name"]) for item in rendered.objects}
    assert max(len(name) for _, name in made) <= 63
    for pod in rendered.pods().values():
        needed = set(list_references(pod["spec"])) - {("Secret", "viral-engine-secrets")}
        assert needed | {("ServiceAccount", pod["spec"]["serviceAccountName"])} <= made
    versions = {item["metadata"]["labels"]["app.kubernetes.io/version"] for item in rendered.objects}
    assert {len(version) for version in versions} == {63}


def test_every_value_is_used() -> None:
    templates = "".join(path.read_text() for path in (CHART / "templates").rglob("*") if path.is_file())
    looped_over = {"thresholds", "config", "secrets", "featureFlags"}
    values = {key: value for key, value in read_values().items() if key not in looped_over}
    used = [name for name in _list_names(values) if f".{name}" in templates or f'"{name}"' in templates]
    assert set(used) == _list_names(values)


def _list_names(values: dict[str, object]) -> set[str]:
    """The last names of all values; in resources, labels and security contexts every name is free."""
    names = set()
    for name, value in values.items():
        free = not isinstance(value, dict) or not value or name in ("resources", "labels") or name.endswith("Context")
        names |= {name} if free else _list_names(value)
    return names
