"""Every pod is locked down, looked after, and gets the settings it reads and no secret more."""

import math
import os
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.chart.pods import COMPONENTS, check_restricted
from tests.chart.processes import (
    LOCAL_ONLY,
    PRODUCTION_DEFAULTS,
    ROOT,
    SET_BY_CHART,
    all_groups,
    camel_case,
    find_groups,
    groups_of_processes,
    is_secret,
    list_plain,
    name_group,
)
from tests.chart.programs import CHART
from tests.chart.rendering import CI_VALUES, read_values, render, render_ci
from viral_cli.settings import StandaloneSettings
from viral_runtime.settings.base import load_settings
from viral_runtime.web.health_check import OLDEST_HEARTBEAT_SECONDS
from viral_runtime.work.queues import JOB_TIMEOUT_SECONDS, JobName

_TMP = "/tmp"  # noqa: S108 - a pod's own.
_ANY_SECRET = "a-secret-that-is-long-enough-for-all"
_SECRETS = {"DATABASE_URL": "postgresql://db/app", "REDIS_URL": "redis://cache", "ADMIN_EMAIL": "admin@example.com"}


# One of them leaves users to the platform, and more.
@pytest.mark.parametrize("name", sorted(set(CI_VALUES) - {"overrides"}))
def test_every_pod_is_restricted(name: str) -> None:
    pods = render_ci(name).pods()
    assert len(pods) >= len(COMPONENTS)
    for pod in pods.values():
        check_restricted(pod["spec"])


def test_every_pod_lives_in_utc_and_may_write_to_tmp() -> None:
    rendered = render()
    for component in COMPONENTS:
        assert rendered.config(component)["TZ"] == "UTC"
        (container,) = rendered.pods()[component]["spec"]["containers"]
        assert _TMP in [mount["mountPath"] for mount in container["volumeMounts"]]


@pytest.mark.parametrize("component", sorted(COMPONENTS.keys() - {"migrate"}))
def test_every_process_is_probed(component: str) -> None:
    (container,) = render().pods()[component]["spec"]["containers"]
    live, ready = container["livenessProbe"], container.get("readinessProbe")
    if component in ("metrics-api", "dashboard"):
        assert live["httpGet"]["path"] == "/healthz"
        assert ready["httpGet"]["path"] == "/readyz"
    elif component == "reconciler":
        assert live["httpGet"] == {"path": "/metrics", "port": "metrics"}
    else:
        heartbeat = render().config(component)["HEARTBEAT_FILE"]
        assert heartbeat.startswith(f"{_TMP}/")
        assert live["exec"]["command"][:2] == ["find", heartbeat]


@pytest.mark.parametrize(
    ("age", "status"), [(0, 0), (OLDEST_HEARTBEAT_SECONDS - 10, 0), (OLDEST_HEARTBEAT_SECONDS + 1, 1)]
)
def test_the_probe_ends_by_1_where_the_heartbeat_is_old(age: int, status: int, tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    heartbeat.touch()
    os.utime(heartbeat, (time.time() - age,) * 2)
    assert _probe(heartbeat) == status


def test_the_probe_ends_by_1_where_there_is_no_heartbeat(tmp_path: Path) -> None:
    assert _probe(tmp_path / "heartbeat") == 1


def _probe(heartbeat: Path) -> int:
    (container,) = render().pods()["worker-batch"]["spec"]["containers"]
    find, _, *rest = container["livenessProbe"]["exec"]["command"]
    return subprocess.run([find, heartbeat, *rest], check=False, stderr=subprocess.DEVNULL).returncode


@pytest.mark.parametrize(
    ("component", "job"),
    [
        ("worker-email-delivery", JobName.SEND_EMAIL),
        ("worker-webhooks", JobName.POST_WEBHOOK),
        ("worker-default", JobName.TICK_SCHEDULES),
        ("worker-performance-reports", JobName.GENERATE_REPORT),
        ("worker-batch", JobName.STEP_BATCH),
    ],
)
def test_a_worker_may_finish_its_job(component: str, job: JobName) -> None:
    """RQ kills a job a minute after its own limit; ten seconds are to spare."""
    assert render().pods()[component]["spec"]["terminationGracePeriodSeconds"] >= JOB_TIMEOUT_SECONDS[job] + 70


def test_a_web_service_may_drain_and_finish_its_requests() -> None:
    rendered = render("--set", "config.webServer.shutdownDrainSeconds=60")
    for component in ("metrics-api", "dashboard"):
        assert rendered.pods()[component]["spec"]["terminationGracePeriodSeconds"] == 60 + 45


@pytest.mark.parametrize("name", ["default", "secrets", "scheduling"])
@pytest.mark.parametrize("component", COMPONENTS)
def test_a_process_starts_with_what_its_pod_sets(name: str, component: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered, groups = render_ci(name), groups_of_processes()[COMPONENTS[component]]
    environment = rendered.config(component) if component != "migrate" else {}
    secrets = {
        name: _SECRETS.get(name, _ANY_SECRET) for name, of in rendered.secrets(component).items() if "name" in of
    }
    _replace_environment(monkeypatch, environment | secrets)
    for settings in load_settings(*groups):
        for name_of in list_plain(type(settings)):
            # The migration is given only secrets, so that settings are what they are without a chart.
            default = _default if environment else _own_default
            assert _same(getattr(settings, name_of), default(type(settings), name_of)), name_of


def _replace_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for group in all_groups():
        for name in group.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def _default(group: Any, name: str) -> Any:
    wanted = PRODUCTION_DEFAULTS.get(name)
    return _own_default(group, name) if wanted is None else wanted


def _own_default(group: Any, name: str) -> Any:
    return group.model_fields[name].default


def _same(value: Any, default: Any) -> bool:
    return math.isclose(value, default) if isinstance(value, float) else value == default


def test_every_setting_can_be_set_or_says_why_not() -> None:
    values = read_values()
    for group in [*all_groups(), StandaloneSettings]:
        plain = (
            values["thresholds"] if name_group(group) == "thresholds" else values["config"].get(name_group(group), {})
        )
        for name in group.model_fields:
            known = name in SET_BY_CHART or name in LOCAL_ONLY
            secret = is_secret(group, name) and camel_case(name) in values["secrets"]
            assert known or secret or camel_case(name) in plain, f"{name} is missing in the chart; run make chart"


def test_every_group_that_a_service_names_reaches_one_of_its_processes() -> None:
    reached = {group for groups in groups_of_processes().values() for group in groups}
    for path in [*ROOT.glob("services/*/__main__.py"), *ROOT.glob("services/*/cli.py")]:
        assert set(find_groups(path)) <= reached, path


def test_a_setting_without_default_is_left_out_until_it_is_set() -> None:
    assert "AI_INSIGHTS_URL" not in render().config("worker-performance-reports")
    url = "https://models.example.com/v1"
    assert (
        render("--set", f"config.ai.aiInsightsUrl={url}").config("worker-performance-reports")["AI_INSIGHTS_URL"] == url
    )


def test_links_lead_to_the_host_of_the_ingress_unless_the_values_say_otherwise() -> None:
    assert "PUBLIC_DASHBOARD_URL" not in render().config("metrics-api")
    assert render_ci("ingress").config("metrics-api")["PUBLIC_DASHBOARD_URL"] == "https://guardrails.example.com"
    assert render_ci("ingress").config("dashboard")["PUBLIC_DASHBOARD_URL"] == "https://guardrails.example.com"
    said = ("--values", "helm/viral-engine/ci/ingress-values.yaml", "--set")
    other = render(*said, "config.delivery.publicDashboardUrl=https://elsewhere.example.com")
    assert other.config("metrics-api")["PUBLIC_DASHBOARD_URL"] == "https://elsewhere.example.com"


def test_the_first_run_shows_the_host_of_the_ingress_of_the_api_unless_the_values_say_otherwise() -> None:
    assert "PUBLIC_METRICS_API_URL" not in render().config("dashboard")
    assert render_ci("ingress").config("dashboard")["PUBLIC_METRICS_API_URL"] == "https://guardrails-api.example.com"
    said = ("--values", "helm/viral-engine/ci/ingress-values.yaml", "--set")
    other = render(*said, "config.dashboard.publicMetricsApiUrl=https://elsewhere.example.com")
    assert other.config("dashboard")["PUBLIC_METRICS_API_URL"] == "https://elsewhere.example.com"


def test_the_dashboard_below_a_path_is_led_there_and_links_there() -> None:
    said = ("--values", "helm/viral-engine/ci/ingress-values.yaml", "--set")
    below = render(*said, "config.dashboard.dashboardPathPrefix=/viral")
    assert below.config("dashboard")["DASHBOARD_PATH_PREFIX"] == "/viral"
    assert below.config("metrics-api")["PUBLIC_DASHBOARD_URL"] == "https://guardrails.example.com/viral"
    [rule] = below.of("Ingress")["dashboard"]["spec"]["rules"]
    assert [path["path"] for path in rule["http"]["paths"]] == ["/viral/metrics", "/viral"]


def _list_shared() -> list[tuple[str, str]]:
    """Group and name of each setting that several groups have."""
    names = [(name_group(group), name) for group in all_groups() for name in list_plain(group)]
    counts = Counter(name for _, name in names)
    return [(group, name) for group, name in names if counts[name] > 1]


@pytest.mark.parametrize(("group", "name"), _list_shared())
def test_a_setting_of_several_groups_is_given_once(group: str, name: str) -> None:
    value = {"webhook_allowed_networks": "10.9.8.0/24", "email_recipient_domains": "given-once.example"}.get(
        name, "https://example.com/given-once"
    )
    rendered = render("--set", f"config.{group}.{camel_case(name)}={value},config.singleSignOn.oidcClientId=guardrails")
    for component, process in COMPONENTS.items():
        groups = groups_of_processes()[process] if component != "migrate" else ()
        expected = value if any(name in group.model_fields for group in groups) else None
        assert rendered.config(component).get(name.upper()) == expected, component
    assert value not in str(render().objects)


def test_every_pod_runs_where_the_values_say_and_bears_their_labels_and_annotations() -> None:
    values, pods = read_values(CHART / "ci" / "scheduling-values.yaml"), render_ci("scheduling").pods()
    assert pods.keys() == COMPONENTS.keys() | {"test"}
    wanted = {key: value for key, value in values["scheduling"].items() if value}
    for pod in pods.values():
        assert wanted.items() <= pod["spec"].items()
        assert values["commonLabels"].items() <= pod["metadata"]["labels"].items()
        assert values["podAnnotations"].items() <= pod["metadata"]["annotations"].items()


def test_what_the_test_said_can_be_read_after_it() -> None:
    """`helm test --logs` reads the logs of a pod with one container, once the test is over."""
    pod = render().pods()["test"]
    (container,) = pod["spec"]["containers"]
    asked = [part.partition("=")[2] for part in container["command"] if part.endswith("/readyz")]
    assert asked == ["http://viral-engine-metrics-api:8000/readyz", "http://viral-engine-dashboard:80/readyz"]
    assert pod["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation"


def test_a_large_number_stays_a_whole_one() -> None:
    rendered = render("--set-json", "config.ai.aiInsightsMaxTokens=100000")
    assert rendered.config("worker-batch")["AI_INSIGHTS_MAX_TOKENS"] == "100000"


def test_only_the_metrics_api_gets_to_the_database() -> None:
    rendered = render()
    holders = {component for component in COMPONENTS if "DATABASE_URL" in rendered.secrets(component)}
    assert holders == {"metrics-api", "reconciler", "migrate"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_pod_gets_the_secrets_of_its_own_settings(component: str) -> None:
    wanted = {
        name.upper()
        for group in groups_of_processes()[COMPONENTS[component]]
        for name in group.model_fields
        if is_secret(group, name) and name not in LOCAL_ONLY
    }
    assert render().secrets(component).keys() == wanted


def test_secrets_come_from_where_the_values_say() -> None:
    rendered = render_ci("secrets")
    sources = rendered.secrets("metrics-api")
    assert sources["DATABASE_URL"] == {"name": "guardrails-app", "key": "uri"}
    assert sources["REDIS_URL"] == {"name": "viral-engine-secrets", "key": "REDIS_URL"}
    made = rendered.of("Secret")["secrets"]["stringData"]
    assert made["REDIS_URL"] == "redis://valkey:6379/0"
    assert "DATABASE_URL" not in made


def test_migrations_need_nothing_that_is_made_after_them() -> None:
    """The hook runs before the release's own objects exist, so its Secret and identity are hooks too."""
    rendered = render_ci("secrets")
    job = rendered.of("Job")["migrate"]
    hooks = [item for item in rendered.objects if "pre-install" in str(item["metadata"].get("annotations"))]
    names = {(item["kind"], item["metadata"]["name"]) for item in hooks}
    assert ("ServiceAccount", job["spec"]["template"]["spec"]["serviceAccountName"]) in names
    own = {source["name"] for source in rendered.secrets("migrate").values()} - {"guardrails-app"}
    assert {("Secret", name) for name in own} <= names
    weights = {item["kind"]: int(item["metadata"]["annotations"]["helm.sh/hook-weight"]) for item in hooks}
    assert weights["Job"] > max(weights["Secret"], weights["ServiceAccount"])
    assert render().config("migrate") == {"TZ": "UTC", "RETENTION_AUDIT_DAYS": "730"}
