"""k8s/base: what the chart renders, for who applies manifests with kubectl.

A file a template. Settings become generated ConfigMaps, whose names carry a hash of the content: so a change of one in
an overlay restarts the pods that read it, as Helm does by an annotation. Flags are left alone: they restart nothing.
"""

import re
from typing import Any

import yaml

from tests.chart.programs import CHART, ROOT
from tests.chart.rendering import Rendered, render

BASE = ROOT / "k8s" / "base"
_SETTINGS = "settings-configmaps"
_SOURCE = re.compile(r"^# Source: viral-engine/templates/(.+)\.yaml$", re.MULTILINE)
_HEAD = "# Made from the Helm chart by `make chart`; change an overlay instead.\n"


def list_files() -> dict[str, str]:
    """The files of k8s/base with their text."""
    values = (CHART / "values-production.yaml", CHART / "ci" / "kubectl-values.yaml")
    rendered = render(*(part for path in values for part in ("--values", str(path))))
    documents = _split(rendered.text)
    settings = _read_settings(documents.pop(_SETTINGS))
    files = {f"{name}.yaml": _HEAD + "---\n".join(bodies) for name, bodies in documents.items()}
    files |= {f"{name}.env": _format_env(data) for name, data in settings.items()}
    kustomization = _build_kustomization(sorted(documents), sorted(settings))
    return files | {"kustomization.yaml": _HEAD + yaml.safe_dump(kustomization, sort_keys=False)}


def _split(text: str) -> dict[str, list[str]]:
    documents: dict[str, list[str]] = {}
    for document in text.split("---\n"):
        if source := _SOURCE.search(document):
            documents.setdefault(source[1], []).append(f"{_SOURCE.sub('', document).strip()}\n")
    return documents


def _read_settings(documents: list[str]) -> dict[str, dict[str, str]]:
    return {item["metadata"]["name"]: item["data"] for item in Rendered("---\n".join(documents)).objects}


def _format_env(data: dict[str, str]) -> str:
    return _HEAD + "".join(f"{name}={value}\n" for name, value in data.items())


def _build_kustomization(templates: list[str], settings: list[str]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "viral-engine", "app.kubernetes.io/instance": "viral-engine"}
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "viral-engine",
        "labels": [{"pairs": {"app.kubernetes.io/managed-by": "kustomize"}}],
        "resources": [f"{name}.yaml" for name in templates],
        "configMapGenerator": [{"name": name, "envs": [f"{name}.env"]} for name in settings],
        "generatorOptions": {"labels": labels},
    }


def read_files() -> dict[str, str]:
    """The files that are there."""
    return {path.name: path.read_text() for path in BASE.iterdir()}


def write() -> None:
    """Write them all, and remove what the chart no longer renders."""
    files = list_files()
    BASE.mkdir(parents=True, exist_ok=True)
    for name in read_files().keys() - files.keys():
        (BASE / name).unlink()
    for name, text in files.items():
        (BASE / name).write_text(text)
