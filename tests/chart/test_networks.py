"""Everything is denied but what each process needs."""

import json
from typing import Any

import pytest

from metrics_api.api.bulk import MAX_BATCH_BYTES
from tests.chart.pods import COMPONENTS
from tests.chart.rendering import render, render_ci

_CLUSTER_DNS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
POSTGRES, REDIS, API, HTTPS = 5432, 6379, 8000, 443
SMTP = 587


def _ports(component: str, direction: str) -> set[int]:
    rules = render().of("NetworkPolicy")[component]["spec"].get(direction, ())
    return {port["port"] for rule in rules for port in rule["ports"]}


def test_whatever_has_no_rule_is_denied() -> None:
    policies = render().of("NetworkPolicy")
    assert policies.keys() == COMPONENTS.keys() | {"default-deny", "test"}
    assert all(policy["spec"]["policyTypes"] == ["Ingress", "Egress"] for policy in policies.values())
    everything = policies["default-deny"]["spec"]
    assert "ingress" not in everything
    (names,) = everything["egress"]
    assert names == {"ports": _names(53), "to": [_CLUSTER_DNS]}
    assert all(selected(everything, pod) for pod in render().pods().values())


def test_names_can_be_looked_up_elsewhere_where_the_cluster_does_so() -> None:
    local = {"ipBlock": {"cidr": "169.254.20.10/32"}}
    to = f"networkPolicy.dnsTo=[{json.dumps(local)}]"
    rendered = render("--set-json", to, "--set", "networkPolicy.dnsPorts={5353}")
    for policy in ("default-deny", "migrate"):
        assert {"ports": _names(5353), "to": [local]} in rendered.of("NetworkPolicy")[policy]["spec"]["egress"]


def _names(port: int) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": protocol} for protocol in ("UDP", "TCP")]


def selected(policy: dict[str, Any], pod: dict[str, Any]) -> bool:
    """Whether the policy is about the pod."""
    return policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


@pytest.mark.parametrize("component", sorted(COMPONENTS.keys() | {"test"}))
def test_each_policy_selects_its_own_pods_only(component: str) -> None:
    policy = render().of("NetworkPolicy")[component]["spec"]
    assert [name for name, pod in render().pods().items() if selected(policy, pod)] == [component]


@pytest.mark.parametrize("component", COMPONENTS)
def test_only_the_metrics_api_reaches_the_database(component: str) -> None:
    assert (POSTGRES in _ports(component, "egress")) == (component in ("metrics-api", "reconciler", "migrate"))


@pytest.mark.parametrize(
    ("component", "ports"),
    [
        ("dashboard", {API}),
        ("scheduler", {REDIS}),
        ("worker-default", {API, REDIS}),
        ("worker-batch", {API, REDIS}),
        ("worker-performance-reports", {API, REDIS, HTTPS}),
        ("worker-email-delivery", {API, REDIS, SMTP}),
        ("worker-webhooks", {API, REDIS, HTTPS}),
    ],
)
def test_a_process_reaches_what_it_needs(component: str, ports: set[int]) -> None:
    assert _ports(component, "egress") == ports


def test_a_webhook_reaches_no_private_address_and_no_service_of_the_cloud() -> None:
    (rule,) = [
        rule
        for rule in render().of("NetworkPolicy")["worker-webhooks"]["spec"]["egress"]
        if {"port": HTTPS, "protocol": "TCP"} in rule["ports"]
    ]
    (peer,) = rule["to"]
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "168.63.129.16/32"} <= set(
        peer["ipBlock"]["except"]
    )


def test_the_metrics_api_reaches_an_identity_provider_only_when_there_is_one() -> None:
    assert HTTPS not in _ports("metrics-api", "egress")
    with_provider = render(
        "--set", "config.singleSignOn.oidcIssuer=https://id.example.com,config.singleSignOn.oidcClientId=guardrails"
    )
    egress = with_provider.of("NetworkPolicy")["metrics-api"]["spec"]["egress"]
    assert HTTPS in [port["port"] for rule in egress for port in rule["ports"]]


def test_traces_leave_only_when_somebody_collects_them() -> None:
    collector = render("--set", "config.telemetry.otelExporterOtlpEndpoint=http://collector:4318")
    ports = [
        [
            port["port"]
            for rule in rendered.of("NetworkPolicy")["default-deny"]["spec"]["egress"]
            for port in rule["ports"]
        ]
        for rendered in (render(), collector)
    ]
    assert ports == [[53, 53], [53, 53, 4318]]


def test_what_serves_metrics_is_scraped() -> None:
    for component in COMPONENTS.keys() - {"metrics-api", "dashboard", "migrate"}:
        (container,) = render().pods()[component]["spec"]["containers"]
        (port,) = container["ports"]
        assert (port["name"], port["containerPort"]) == ("metrics", 9100)
        variable = "RECONCILER_METRICS_PORT" if component == "reconciler" else "WORKER_METRICS_PORT"
        assert render().config(component)[variable] == "9100"
        assert render().config(component)["BIND_HOST"] == "0.0.0.0"  # noqa: S104 - in a pod.
        assert _ports(component, "ingress") == {9100}
    monitors = render_ci("monitoring")
    assert monitors.of("PodMonitor")["processes"]["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"
    assert monitors.of("ServiceMonitor")["web"]["spec"]["endpoints"][0]["path"] == "/metrics"


def test_an_empty_list_of_who_may_scrape_is_nobody() -> None:
    policies = render("--set-json", "networkPolicy.monitoringFrom=[]").of("NetworkPolicy")
    assert {name for name, policy in policies.items() if "ingress" in policy["spec"]} == {"metrics-api", "dashboard"}
    assert all(rule["from"] for name in ("metrics-api", "dashboard") for rule in policies[name]["spec"]["ingress"])


def test_migrations_run_under_the_policy_of_their_own_release() -> None:
    """The hook runs before the release's policies are applied, so its own is a hook before it."""
    policy, job = render().of("NetworkPolicy")["migrate"], render().of("Job")["migrate"]
    hooks = [item["metadata"]["annotations"] for item in (policy, job)]
    assert {hook["helm.sh/hook"] for hook in hooks} == {"pre-install,pre-upgrade"}
    assert int(hooks[0]["helm.sh/hook-weight"]) < int(hooks[1]["helm.sh/hook-weight"])
    assert _ports("migrate", "egress") == {53, POSTGRES, REDIS}, "no other policy lets it look names up yet"
    assert "annotations" not in render_ci("kubectl").of("NetworkPolicy")["migrate"]["metadata"]


def test_policies_can_be_left_to_others() -> None:
    assert render_ci("scheduling").of("NetworkPolicy") == {}


def test_an_ingress_leads_to_its_service() -> None:
    rendered = render_ci("ingress")
    for component, host in {"dashboard": "guardrails.example.com", "metrics-api": "guardrails-api.example.com"}.items():
        ingress, service = rendered.of("Ingress")[component], rendered.of("Service")[component]
        (rule,) = ingress["spec"]["rules"]
        assert rule["host"] == host
        backends = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
        assert backends.pop("/") == service["metadata"]["name"]
        assert set(backends.values()) == {"viral-engine-nowhere"}, "metrics are not for the outside"
        assert backends.keys() == ({"/metrics", "/internal"} if component == "metrics-api" else {"/metrics"})
        assert service["spec"]["selector"] == rendered.of("Deployment")[component]["spec"]["selector"]["matchLabels"]
    assert "selector" not in rendered.of("Service")["nowhere"]["spec"]
    assert render().of("Service").keys() == {"dashboard", "metrics-api"}


def test_the_ingress_of_the_api_lets_its_largest_batches_through() -> None:
    ingresses = render_ci("ingress").of("Ingress")
    size = "nginx.ingress.kubernetes.io/proxy-body-size"
    assert ingresses["metrics-api"]["metadata"]["annotations"][size] == f"{MAX_BATCH_BYTES // 1024**2}m"
    assert size not in ingresses["dashboard"]["metadata"]["annotations"]
    issuers = [item["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] for item in ingresses.values()]
    assert issuers == ["letsencrypt", "letsencrypt"]
