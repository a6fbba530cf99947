"""Helm 3 renders what Helm 4 does."""

import pytest

from tests.chart.programs import CHART, helm_3
from tests.chart.rendering import CI_VALUES, RELEASE, Rendered, refusal, render_ci


@pytest.mark.parametrize("name", CI_VALUES)
def test_helm_3_renders_the_same_objects(name: str) -> None:
    done = helm_3("template", *RELEASE, "--values", str(CHART / "ci" / f"{name}-values.yaml"))
    assert done.returncode == 0, done.stderr
    assert _sort(Rendered(done.stdout)) == _sort(render_ci(name))


def _sort(rendered: Rendered) -> list[dict[str, object]]:
    return sorted(rendered.objects, key=lambda item: (item["kind"], item["metadata"]["name"]))


def test_it_is_another_helm() -> None:
    assert helm_3("version", "--short").stdout.startswith("v3.")


@pytest.mark.parametrize("setting", ["dashboard.replicas=0", "threshold.a=1", "gateway.dashboard.enabled=true"])
def test_helm_3_refuses_what_helm_4_refuses(setting: str) -> None:
    assert refusal("--set", setting)
    assert helm_3("template", *RELEASE, "--set", setting).returncode != 0


@pytest.mark.parametrize("key", ["podSecurityContext", "containerSecurityContext"])
def test_helm_3_leaves_a_security_context_to_the_platform_too(key: str) -> None:
    done = helm_3("template", *RELEASE, "--set-json", f"{key}=null")
    assert done.returncode == 0, done.stderr
    for pod in Rendered(done.stdout).pods().values():
        assert "securityContext" not in (pod["spec"] if key == "podSecurityContext" else pod["spec"]["containers"][0])
