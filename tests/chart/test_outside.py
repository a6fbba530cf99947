"""How the product is reached from outside: Services, Ingresses and HTTPRoutes; and how it gets out."""

import pytest

from tests.chart.pods import COMPONENTS
from tests.chart.rendering import Manifest, refusal, render, render_ci

_AUTHORITY = "/etc/viral-engine/authority/ca.crt"
_PROXY = {"port": 3128, "protocol": "TCP"}


def _paths(rule: Manifest) -> dict[str, str]:
    return {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}


def test_an_ingress_has_several_hosts_and_the_paths_that_are_named() -> None:
    ingress = render_ci("gateway").of("Ingress")["dashboard"]
    hosts = [f"{name}.internal.example.com" for name in ("guardrails", "old", "plain")]
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == hosts
    assert ingress["spec"]["tls"] == [
        {"hosts": [hosts[0]], "secretName": "internal-tls"},
        {"hosts": [hosts[1]], "secretName": "old-tls"},
    ]
    for rule in ingress["spec"]["rules"]:
        assert _paths(rule) == {
            "/guardrails/metrics": "viral-engine-nowhere",
            "/guardrails/reports": "viral-engine-dashboard",
            "/guardrails/assets": "viral-engine-dashboard",
        }
    assert ingress["metadata"]["labels"]["example.com/inside"] == "true"


@pytest.mark.parametrize(
    ("component", "hosts", "hidden", "open_paths", "port"),
    [
        (
            "dashboard",
            ["guardrails.example.com", "reports.example.com"],
            ["/guardrails/metrics"],
            ["/guardrails"],
            80,
        ),
        ("metrics-api", ["guardrails-api.example.com"], ["/metrics", "/internal"], ["/events", "/api"], 8000),
    ],
)
def test_a_route_of_the_gateway_leads_to_its_service(
    component: str, hosts: list[str], hidden: list[str], open_paths: list[str], port: int
) -> None:
    rendered = render_ci("gateway")
    route = rendered.of("HTTPRoute")[component]
    spec = route["spec"]
    assert route["apiVersion"] == "gateway.networking.k8s.io/v1"
    assert route["metadata"]["annotations"] == {"example.com/of": "both"}
    assert spec["parentRefs"] == [{"name": "public", "namespace": "gateways", "sectionName": "https"}]
    assert spec["hostnames"] == hosts
    closed, leading = spec["rules"]
    assert "backendRefs" not in closed, "a rule without a backend is answered 404"
    for rule, paths in ((closed, hidden), (leading, open_paths)):
        assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": path}} for path in paths]
    (backend,) = leading["backendRefs"]
    service = rendered.of("Service")[component]
    assert backend == {"name": service["metadata"]["name"], "port": port}
    assert service["spec"]["ports"][0]["port"] == port


def test_links_lead_to_the_host_of_the_gateway() -> None:
    said = ("--values", "helm/viral-engine/ci/gateway-values.yaml", "--set", "ingress.dashboard.enabled=false")
    assert render(*said).config("metrics-api")["PUBLIC_DASHBOARD_URL"] == "https://guardrails.example.com/guardrails"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "gateway.parentRefs is empty; name the Gateway"),
        ({"parentRefs": '[{"name":"a"}]'}, "gateway.dashboard.hostnames is empty"),
        (
            {"parentRefs": '[{"name":"a"}]', "dashboard.hostnames": '["a.example.com"]'},
            "config.proxy.trustedProxies is empty",
        ),
    ],
)
def test_a_route_that_leads_nowhere_is_refused_by_a_sentence(settings: dict[str, str], says: str) -> None:
    parts = [("--set-json", f"gateway.{name}={value}") for name, value in settings.items()]
    assert says in refusal("--set", "gateway.dashboard.enabled=true", *(part for pair in parts for part in pair))


def test_a_service_is_what_the_values_make_it() -> None:
    services = render_ci("overrides").of("Service")
    api = services["metrics-api"]
    assert api["metadata"]["labels"]["example.com/exposed"] == "true"
    assert api["spec"]["type"] == "LoadBalancer"
    assert api["spec"]["ports"][0]["nodePort"] == 30080
    assert api["spec"]["loadBalancerClass"] == "example.com/internal"
    assert api["spec"]["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    assert api["spec"]["externalTrafficPolicy"] == "Local"
    assert services["dashboard"]["spec"]["type"] == "ClusterIP"
    for service in (api, services["dashboard"]):
        assert service["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
        assert service["spec"]["ipFamilyPolicy"] == "RequireDualStack"


def test_pods_listen_on_every_family_that_services_have() -> None:
    for component in COMPONENTS.keys() - {"migrate"}:
        assert render_ci("overrides").config(component)["BIND_HOST"] == "::"
        assert render().config(component)["BIND_HOST"] == "0.0.0.0"  # noqa: S104 - in a pod.


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("source", ["existingConfigMap", "existingSecret"])
def test_every_process_trusts_the_private_authority(component: str, source: str) -> None:
    name = "privateAuthority"
    rendered = render("--set", f"{name}.{source}=ours,{name}.key=a.pem,{name}.postgresSslMode=verify-full")
    environment, spec = rendered.config(component), rendered.pods()[component]["spec"]
    assert environment["SSL_CERT_FILE"] == environment["OTEL_EXPORTER_OTLP_CERTIFICATE"] == _AUTHORITY
    has_database = component in ("metrics-api", "reconciler", "migrate")
    assert environment.get("PGSSLROOTCERT") == (_AUTHORITY if has_database else None)
    assert environment.get("PGSSLMODE") == ("verify-full" if has_database else None)
    (volume,) = [volume for volume in spec["volumes"] if volume["name"] == "private-authority"]
    items = [{"key": "a.pem", "path": "ca.crt"}]
    made = {
        "existingConfigMap": {"configMap": {"name": "ours", "items": items}},
        "existingSecret": {"secret": {"secretName": "ours", "items": items}},
    }
    assert volume == {"name": "private-authority"} | made[source]
    (mount,) = [mount for mount in spec["containers"][0]["volumeMounts"] if mount["name"] == "private-authority"]
    assert mount["mountPath"] == _AUTHORITY.rpartition("/")[0]


def test_an_authority_from_two_places_is_refused() -> None:
    said = "privateAuthority.existingSecret=a,privateAuthority.existingConfigMap=b"
    assert "names a Secret and a ConfigMap; keep one" in refusal("--set", said)


def test_https_leaves_by_the_proxy_and_what_is_inside_does_not() -> None:
    for component in COMPONENTS:
        environment = render_ci("overrides").config(component)
        assert environment["HTTPS_PROXY"] == "http://proxy.example.com:3128"
        assert environment["NO_PROXY"].split(",") == [
            "localhost",
            "127.0.0.1",
            ".svc",
            ".cluster.local",
            ".example.com",
        ]
        assert "HTTP_PROXY" not in environment, "it would take calls of the metrics API along"
        assert "HTTPS_PROXY" not in render().config(component)


def test_what_uses_the_proxy_may_reach_it() -> None:
    policies = render_ci("overrides").of("NetworkPolicy")
    reach = {name for name, item in policies.items() if _PROXY in _list_ports(item)}
    assert reach == {"metrics-api", "worker-performance-reports"}
    assert not any(_PROXY in _list_ports(item) for item in render().of("NetworkPolicy").values())


def _list_ports(policy: Manifest) -> list[Manifest]:
    return [port for rule in policy["spec"].get("egress", ()) for port in rule["ports"]]
