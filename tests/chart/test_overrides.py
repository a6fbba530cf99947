"""What a platform needs besides reaches every pod, and one component where the values say so."""

from typing import Any

import pytest

from tests.chart.component_values import OF_DEPLOYMENTS, OF_PODS, OF_TOP
from tests.chart.pods import COMPONENTS
from tests.chart.rendering import Manifest, refusal, render, render_ci

PODS = sorted({*COMPONENTS, "test"})
# Those that run the product with its settings.
PROCESSES = sorted(COMPONENTS)
_KEYS = {
    "metrics-api": "metricsApi",
    "reconciler": "reconciler",
    "dashboard": "dashboard",
    "scheduler": "scheduler",
    "migrate": "migrations",
    "worker-default": "workers.default",
    "worker-webhooks": "workers.webhooks",
    "worker-batch": "workers.batch",
    "worker-performance-reports": "workers.performanceReports",
    "worker-email-delivery": "workers.emailDelivery",
}


def _pod(component: str) -> Manifest:
    return render_ci("overrides").pods()[component]


def _main(component: str) -> Manifest:
    found: Manifest = _pod(component)["spec"]["containers"][0]
    return found


def _env(container: Manifest) -> dict[str, Any]:
    names = [item["name"] for item in container["env"]]
    assert len(names) == len(set(names)), "the API server refuses a name that stands twice"
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


@pytest.mark.parametrize("component", PROCESSES)
def test_every_process_gets_what_the_values_add(component: str) -> None:
    main, spec = _main(component), _pod(component)["spec"]
    own = {"metrics-api": "metrics-api", "worker-batch": "batch"}.get(component, "all")
    assert _env(main)["EXTRA"] == own
    assert _env(main)["NODE"] == {"fieldRef": {"fieldPath": "spec.nodeName"}}
    assert {"secretRef": {"name": "extra", "optional": True}} in main["envFrom"]
    assert {"name": "extra", "mountPath": "/extra"} in main["volumeMounts"]
    assert {"name": "extra", "emptyDir": {}} in spec["volumes"]
    assert {mount["name"] for mount in main["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}
    assert [each["name"] for each in spec["initContainers"]] == ["wait"]
    assert [each["name"] for each in spec["containers"]] == [component, "beside"][: len(spec["containers"])]
    # A sidecar would keep the Job from ending.
    assert len(spec["containers"]) == (1 if component == "migrate" else 2)


@pytest.mark.parametrize("component", PODS)
def test_every_pod_is_what_the_values_make_it(component: str) -> None:
    pod = _pod(component)
    spec, metadata = pod["spec"], pod["metadata"]
    assert metadata["annotations"]["example.com/kept"] == "true"
    assert metadata["annotations"]["example.com/of"] == ("metrics-api" if component == "metrics-api" else "all")
    assert metadata["labels"]["example.com/zone"] == "a"
    assert spec["hostAliases"] == [{"ip": "10.0.0.5", "hostnames": ["db.internal"]}]
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert spec["nodeSelector"] == {"kubernetes.io/arch": "amd64"}
    classes = {"metrics-api": "high", "migrate": "first"}
    assert spec["priorityClassName"] == classes.get(component, "usual")


def test_a_component_has_its_own_before_that_of_all() -> None:
    pod, main = _pod("metrics-api"), _main("metrics-api")
    assert pod["metadata"]["labels"]["example.com/own"] == "true"
    assert _env(main)["LOG_LEVEL"] == "DEBUG"
    assert main["securityContext"]["readOnlyRootFilesystem"] is False
    assert main["securityContext"]["allowPrivilegeEscalation"] is False
    assert "topologySpreadConstraints" not in pod["spec"]
    assert pod["spec"]["tolerations"] == [{"key": "dedicated", "operator": "Exists"}]
    assert pod["spec"]["terminationGracePeriodSeconds"] == 90
    assert "topologySpreadConstraints" in _pod("dashboard")["spec"]
    strategy = render_ci("overrides").of("Deployment")["metrics-api"]["spec"]["strategy"]
    assert strategy == {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}


def test_probes_are_changed_replaced_or_switched_off() -> None:
    main = _main("metrics-api")
    assert main["livenessProbe"]["periodSeconds"] == 40
    assert main["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert main["readinessProbe"]["tcpSocket"] == {"port": "http"}
    assert "httpGet" not in main["readinessProbe"]
    assert "startupProbe" not in main


@pytest.mark.parametrize("key", ["podSecurityContext", "containerSecurityContext"])
def test_a_security_context_can_be_left_to_the_platform(key: str) -> None:
    for pod in render("--set-json", f"{key}=null").pods().values():
        bearer = pod["spec"] if key == "podSecurityContext" else pod["spec"]["containers"][0]
        assert "securityContext" not in bearer


def test_identities_are_made_named_or_shared() -> None:
    rendered = render_ci("overrides")
    used = {name: pod["spec"]["serviceAccountName"] for name, pod in rendered.pods().items()}
    assert used["metrics-api"] == "viral-engine-metrics-api"
    assert used["worker-batch"] == "existing"
    assert used["migrate"] == "viral-engine-migrate"
    assert used["dashboard"] == used["test"] == "viral-engine"
    made = {item["metadata"]["name"]: item for item in rendered.objects if item["kind"] == "ServiceAccount"}
    assert made.keys() == set(used.values()) - {"existing"}
    roles = {name: item["metadata"]["annotations"]["example.com/role"] for name, item in made.items()}
    assert roles == {name: "metrics-api" if name.endswith("api") else "all" for name in made}


def test_no_identity_is_made_where_one_is_named() -> None:
    rendered = render("--set", "serviceAccount.create=false,serviceAccount.name=ours")
    assert rendered.of("ServiceAccount") == {}
    assert {pod["spec"]["serviceAccountName"] for pod in rendered.pods().values()} == {"ours"}


def test_objects_of_ones_own_are_rendered() -> None:
    made = {item["metadata"]["name"]: item for item in render_ci("overrides").objects}
    assert made["viral-engine-extra"]["data"] == {"version": "1.0.0"}
    assert made["viral-engine-text"]["kind"] == "ConfigMap"


_MINE = {
    **dict.fromkeys(("podAnnotations", "podLabels"), '{"example.com/mine":"yes"}'),
    **dict.fromkeys(("podSecurityContext", "containerSecurityContext"), '{"runAsUser":4711}'),
    **dict.fromkeys(("extraEnv", "extraVolumes", "initContainers", "extraContainers"), '[{"name":"mine"}]'),
    **dict.fromkeys(("startupProbe", "livenessProbe", "readinessProbe"), '{"periodSeconds":4711}'),
    "extraEnvFrom": '[{"configMapRef":{"name":"mine"}}]',
    "extraVolumeMounts": '[{"name":"mine","mountPath":"/mine"}]',
    "hostAliases": '[{"ip":"10.0.0.9"}]',
    "strategy": '{"type":"Recreate"}',
    "terminationGracePeriodSeconds": "47",
}


def test_the_overrides_of_this_test_are_all_there_are() -> None:
    assert _MINE.keys() | {"scheduling", "serviceAccount"} == {*OF_PODS, *OF_DEPLOYMENTS, *OF_TOP}


@pytest.mark.parametrize("component", PROCESSES)
def test_every_component_takes_every_override_for_itself(component: str) -> None:
    jobs = _MINE.keys() - OF_DEPLOYMENTS.keys() - {"extraContainers"}
    names = jobs if component == "migrate" else _MINE.keys()
    settings = [("--set-json", f"{_KEYS[component]}.{name}={_MINE[name]}") for name in sorted(names)]
    rendered = render(*(part for setting in settings for part in setting))
    said = str(rendered.pods()[component])
    assert said.count("'mine'") == (5 if component == "migrate" else 6)
    assert said.count("4711") == (2 if component == "migrate" else 5)
    assert said.count("example.com/mine") == 2
    assert "10.0.0.9" in said
    others = {name: pod for name, pod in rendered.pods().items() if name != component}
    assert others == {name: pod for name, pod in render().pods().items() if name != component}
    if component != "migrate":
        deployment = rendered.of("Deployment")[component]["spec"]
        assert deployment["strategy"] == {"type": "Recreate"}
        assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] == 47


def test_a_misspelled_override_is_refused() -> None:
    assert "additional properties 'extraEnvs' not allowed" in refusal("--set-json", "workers.batch.extraEnvs=[]")
    assert "missing property 'name'" in refusal("--set-json", 'dashboard.extraEnv=[{"value":"a"}]')
