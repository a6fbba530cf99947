"""What the chart renders, as objects to ask."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.chart.programs import CHART, helm

Manifest = dict[str, Any]
RELEASE = ("viral-engine", str(CHART), "--namespace", "viral-engine")
CI_VALUES = sorted(path.stem.removesuffix("-values") for path in (CHART / "ci").glob("*-values.yaml"))


class Rendered:
    """Every object of one rendering."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.objects: list[Manifest] = [item for item in yaml.load_all(text, yaml.CSafeLoader) if item]

    def of(self, kind: str) -> dict[str, Manifest]:
        """The objects of a kind by component, which is their name without the release's prefix."""
        return {_component_of(item["metadata"]): item for item in self.objects if item["kind"] == kind}

    def pods(self) -> dict[str, Manifest]:
        """The metadata and spec of every pod that would run, by the name of what makes it."""
        makers = self.of("Deployment") | self.of("Job")
        return {name: item["spec"]["template"] for name, item in makers.items()} | self.of("Pod")

    def config(self, component: str) -> dict[str, str]:
        """The plain environment of a component: its own variables and those of its ConfigMaps."""
        container = self.pods()[component]["spec"]["containers"][0]
        maps = {item["metadata"]["name"]: item.get("data", {}) for item in self.of("ConfigMap").values()}
        names = [source["configMapRef"]["name"] for source in container.get("envFrom", ()) if "configMapRef" in source]
        shared = {key: value for name in names for key, value in maps[name].items()}
        return shared | {item["name"]: item["value"] for item in container["env"] if "value" in item}

    def secrets(self, component: str) -> dict[str, Manifest]:
        """The variables of a component that come from Secrets, with where they come from."""
        (container,) = self.pods()[component]["spec"]["containers"]
        return {
            item["name"]: item["valueFrom"]["secretKeyRef"] for item in container.get("env", ()) if "valueFrom" in item
        }


def _component_of(metadata: Manifest) -> str:
    labels = metadata.get("labels", {})
    return str(labels.get("app.kubernetes.io/component", metadata["name"]))


@cache
def render(*arguments: str) -> Rendered:
    """What `helm template` makes with these arguments."""
    done = helm("template", *RELEASE, *arguments)
    assert done.returncode == 0, done.stderr
    return Rendered(done.stdout)


def render_ci(name: str) -> Rendered:
    """What the chart makes of one of its example values."""
    return render("--values", str(CHART / "ci" / f"{name}-values.yaml"))


def refusal(*arguments: str) -> str:
    """Why Helm renders nothing with these arguments."""
    done = helm("template", *RELEASE, *arguments)
    assert done.returncode != 0, "it should have been refused"
    return done.stderr


def read_notes(*arguments: str) -> str:
    """What Helm says after an install with these arguments."""
    done = helm("install", *RELEASE, "--dry-run=client", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("\nNOTES:\n")[2]


def read_values(path: Path = CHART / "values.yaml") -> Manifest:
    """The default values."""
    values: Manifest = yaml.safe_load(path.read_text())
    return values


def list_references(part: Any) -> list[tuple[str, str]]:
    """Kind and name of every ConfigMap and Secret that a pod's spec names."""
    kinds = {"configMapRef": "ConfigMap", "configMap": "ConfigMap", "secretKeyRef": "Secret"}
    if isinstance(part, list):
        return [found for item in part for found in list_references(item)]
    if not isinstance(part, dict):
        return []
    own = [(kinds[key], item["name"]) for key, item in part.items() if key in kinds]
    return own + [found for item in part.values() for found in list_references(item)]
