"""What the pods or the API would refuse, Helm refuses first, and says what would be right."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.chart.processes import Group, all_groups, camel_case, is_secret, list_plain, name_group
from tests.chart.programs import CHART, helm
from tests.chart.rendering import RELEASE, Rendered, read_values
from tests.chart.schemas import VERSIONS, list_faults
from tests.chart.text_formats import CHECKED_ON_THE_MACHINE, CHECKED_TOGETHER, find_format, list_formats

_NUMBERS = [-(10**9), -1, 0, 0.5, 1, 1.5, 3, 4, 7, 13, 20, 41, 99, 101, 400, 901, 5000, 65_536, 10**6]
_TEXTS = [
    "hello",
    "Not Valid!",
    "https://a.example.com",
    "http://a.example.com",
    "http://localhost:9000",
    "ftp://a.example.com",
    "INFO",
    "json",
    "US",
    "tls",
    "a@b",
    "Ana <ana@example.com>",
    "ana@example.com",
    "ana..b@example.com",
    "ana@mail.localhost",
    "ana@school.local",
    "10.0.0.0/8",
    "10.0.0.1/8",
    "10.0.0.1, 10.1.0.0/16,",
    "10.0.0.0/33",
    "256.0.0.0/8",
    "10.01.0.0/16",
    "fd00::/8",
    "fd00::1/8",
    "fd00::1",
    "fd00:::1",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7",
    "::/0",
    "fe80::/129",
    "1, 5, 15, 60",
    "1, 5, 60, 15",
    "1, 5, 15",
    "1, 5, 15, x",
    "2,2,2,2.5",
    "school.example, example.com",
    "@school.example",
    "*.example.com",
    "/viral",
    "/viral/",
    "viral",
    "/login",
    "/login/here",
    "/loginhere",
    "text with\nlines",
]
_BAD = "Not Valid!"


def _settings() -> Iterator[tuple[Group, str, str]]:
    """Each setting that the values hold, with its path in them."""
    for group in all_groups():
        key = name_group(group)
        for name in list_plain(group):
            yield group, name, f"{key if key == 'thresholds' else f'config.{key}'}.{camel_case(name)}"


def _nest(values: dict[str, Any]) -> dict[str, Any]:
    """Values by path as a file has them."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        *folders, last = path.split(".")
        place = nested
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return nested


def _run_helm(values: dict[str, Any], tmp_path: Path, *arguments: str) -> tuple[bool, str]:
    """Whether Helm renders these values by path; what it said, or what it made."""
    path = tmp_path / "values.json"
    path.write_text(json.dumps(_nest(values)))
    done = helm("template", *RELEASE, "--values", str(path), *arguments)
    return done.returncode == 0, done.stdout if done.returncode == 0 else done.stderr


def _list_refused(values: dict[str, Any], tmp_path: Path) -> set[str]:
    """The paths of the values that Helm refuses: by the schema, and what that allows by the checks of texts."""
    refused: set[str] = set()
    for _ in range(2):
        accepted, says = _run_helm({path: value for path, value in values.items() if path not in refused}, tmp_path)
        if not accepted:
            found = re.findall(r"^ *- at '/([^']+)': (?!validation failed)", says, re.MULTILINE)
            lines = re.findall(r"^(\S+) is .*; allowed: ", says, re.MULTILINE)
            refused |= {path.replace("/", ".") for path in found} | set(lines)
    return refused


def _accepts(group: Group, name: str, value: Any) -> bool:
    """Whether the setting's model takes what the chart would put into the environment."""
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        group.model_validate({name: text})
    except ValidationError as error:
        return name not in {str(item["loc"][0]) for item in error.errors()}
    return True


def _is_number(group: Group, name: str) -> bool:
    return group.model_json_schema()["properties"][name].get("type") in ("integer", "number")


@pytest.mark.slow
@pytest.mark.parametrize("value", [*_TEXTS, *_NUMBERS])
def test_helm_refuses_the_settings_that_a_process_refuses(value: Any, tmp_path: Path) -> None:
    """Every setting there is, so that a new one is covered by itself."""
    is_text = isinstance(value, str)
    tried = {path: (group, name) for group, name, path in _settings() if _is_number(group, name) != is_text}
    # What is checked with another setting has a test of its own; true and false are no texts.
    tried = {
        path: (group, name)
        for path, (group, name) in tried.items()
        if name not in CHECKED_TOGETHER | CHECKED_ON_THE_MACHINE and group.model_fields[name].annotation is not bool
    }
    refused = _list_refused(dict.fromkeys(tried, value), tmp_path)
    expected = {path for path, (group, name) in tried.items() if not _accepts(group, name, value)}
    assert refused == expected


@pytest.mark.parametrize("value", [True, 3, 2.5, ["a"], {"a": "b"}])
def test_a_text_is_a_text_and_a_number_a_number(value: Any, tmp_path: Path) -> None:
    """A host such as `true` or a name such as 3 needs its quotes, and a number has none."""
    texts = [path for group, name, path in _settings() if str in _types(group, name)] + _list_texts(read_values())
    assert _list_refused(dict.fromkeys(texts, value), tmp_path) == set(texts)
    numbers = [path for group, name, path in _settings() if _is_number(group, name)]
    assert _list_refused(dict.fromkeys(numbers, str(value)), tmp_path) == set(numbers)


def _types(group: Group, name: str) -> tuple[Any, ...]:
    annotation = group.model_fields[name].annotation
    return (annotation, *getattr(annotation, "__args__", ()))


def _list_texts(values: Any, path: str = "") -> list[str]:
    """The paths of all texts outside the settings, and of the lists that may hold some."""
    if isinstance(values, dict):
        below = {
            f"{path}.{key}".lstrip("."): item for key, item in values.items() if key not in ("config", "thresholds")
        }
        return [found for name, item in below.items() for found in _list_texts(item, name)]
    free = path.split(".")[-1] in ("cpu", "memory", "grafana_dashboard") or path.startswith("networkPolicy")
    return [path] if isinstance(values, str) and not free else []


def test_helm_refuses_every_text_of_the_chart_that_cannot_be(tmp_path: Path) -> None:
    """Every text there is: _BAD is no name, host, tag, key or email. Secrets that may be any text aside."""
    texts = _list_texts(read_values())
    free = [path for path in texts if path.endswith(".value") and path not in list_formats(read_values())]
    # Of nine characters and more, it would be a password.
    tried = {path: "No!" if path.endswith(".value") else _BAD for path in texts if path not in free}
    assert _list_refused(tried, tmp_path) == tried.keys()
    assert len(tried) > 40


@pytest.mark.parametrize("path", [path for path in list_formats(read_values()) if path.endswith(".value")])
def test_helm_refuses_a_secret_that_cannot_be_and_keeps_it_to_itself(path: str, tmp_path: Path) -> None:
    accepted, says = _run_helm({path: "unfit", "secrets.existingSecret": ""}, tmp_path)
    assert not accepted
    assert f"{path} is not valid (its value is secret); allowed: " in says
    assert "unfit" not in says
    fields = [(group, name) for group in all_groups() for name in group.model_fields if is_secret(group, name)]
    of_path = [(group, name) for group, name in fields if path == f"secrets.{camel_case(name)}.value"]
    assert [_accepts(group, name, "unfit") for group, name in of_path] == [False] * len(of_path) != []


def test_settings_checked_together_are_those_that_have_a_test_here() -> None:
    assert {"health_status_warning", "oidc_client_id"} == CHECKED_TOGETHER


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"config.singleSignOn.oidcIssuer": "https://id.example.com"}, "config.singleSignOn.oidcClientId is empty"),
        ({"config.dashboard.oidcIssuer": "https://id.example.com"}, "config.singleSignOn.oidcClientId is empty"),
        ({"config.delivery.deliveryLeaseSeconds": 20}, "is 20, but must exceed config.email.smtpTimeoutSeconds"),
        ({"config.webhook.webhookTimeoutSeconds": 40, "config.delivery.deliveryLeaseSeconds": 40}, "webhookTimeout"),
        ({"config.delivery.deliveryLeaseSeconds": None, "thresholds.healthStatusGood": None}, None),
        ({"thresholds.healthStatusGood": None, "thresholds.healthStatusFair": 76}, "but are [90 75 76 40]"),
        ({"thresholds.healthStatusFair": 0, "thresholds.healthStatusWarning": 0}, None),
        ({"thresholds.healthStatusFair": 0}, "but are [90 75 0 40]"),
        (
            {
                "config.dashboard.dashboardPathPrefix": "/viral",
                "config.delivery.publicDashboardUrl": "https://a.example",
            },
            'publicDashboardUrl is "https://a.example", but must end with',
        ),
        (
            {"ingress.dashboard.enabled": True, "ingress.dashboard.host": "*.a.example"},
            "ingress.dashboard.host is a wildcard",
        ),
        ({"fullnameOverride": "true"}, 'would begin with "true"'),
        ({"fullnameOverride": "1st"}, 'fullnameOverride is "1st"; allowed: lower-case letters'),
        ({"image.registry": "https://registry.example.com"}, "without https:// and without a slash at its end."),
        ({"image.pullSecrets": ["good", "Bad"]}, 'image.pullSecrets is "Bad"; allowed: the name of an object'),
        ({"commonLabels": {"a b": "c"}}, "invalid propertyName"),
        ({"commonLabels": {"app.kubernetes.io/name": "c"}}, "invalid propertyName"),
        ({"commonLabels": {"team": "a b"}}, "'/commonLabels/team'"),
        ({"dashboard.resources": {"limits": {"cpu": "lots"}}}, "'/dashboard/resources/limits/cpu'"),
        ({"dashboard.resources": {"limit": {}}}, "'limit' not allowed"),
        ({"scheduling.tolerations": [{"key": "a", "operator": "Is"}]}, "'/scheduling/tolerations/0/operator'"),
        ({"scheduling.topologySpreadConstraints": [{"maxSkew": 1}]}, "missing properties 'topologyKey'"),
        ({"networkPolicy.metricsApiFrom": [{"namespace": "app"}]}, "'namespace' not allowed"),
        ({"networkPolicy.metricsApiFrom": [{}]}, "minProperties"),
    ],
)
def test_what_contradicts_itself_or_kubernetes_is_refused(
    values: dict[str, Any], says: str | None, tmp_path: Path
) -> None:
    proxied = {"config.proxy.trustedProxies": "10.244.3.17/32"}
    accepted, said = _run_helm(proxied | values, tmp_path)
    assert accepted if says is None else says in said


@pytest.mark.parametrize("release", ["1st", "my.release"])
def test_a_release_whose_name_no_service_can_bear_is_refused(release: str) -> None:
    done = helm("template", release, str(CHART))
    assert "set fullnameOverride" in done.stderr
    assert helm("template", release, str(CHART), "--set", "fullnameOverride=guardrails").returncode == 0


@pytest.mark.parametrize("text", ["null", "true", "1e3", "17"])
def test_a_text_that_looks_like_something_else_stays_a_text(text: str, tmp_path: Path) -> None:
    texts = [path for path in _list_texts(read_values()) if find_format(path) and not path.endswith(("key", "Secret"))]
    values = dict.fromkeys(texts, text) | {"ingress.className": text, "secrets.existingSecret": text}
    for service in ("dashboard", "metricsApi"):
        values |= {f"ingress.{service}.enabled": True, f"ingress.{service}.host": "a.example.com"}
    values |= {"networkPolicy.metricsApiFrom": [{"podSelector": {}}], "config.proxy.trustedProxies": "10.1.1.1/32"}
    values |= {"nameOverride": "null", "fullnameOverride": "null-1", "image.pullSecrets": [text]}
    values |= {"workers.batch.autoscaling.enabled": True, "commonLabels": {"team": text}, "config.email.smtpHost": text}
    # No metric begins with a digit.
    values |= {path: "null" for path in texts if path.endswith(".metric")}
    accepted, made = _run_helm(values, tmp_path)
    assert accepted, made
    faults = {str(item["metadata"]["name"]): list_faults(item, VERSIONS[0]) for item in Rendered(made).objects}
    assert {name: found for name, found in faults.items() if found} == {}
