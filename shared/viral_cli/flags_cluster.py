"""The flags of a release in a cluster, read and written with kubectl; every command is printed."""

import json
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

import click

_PART_OF = "app.kubernetes.io/part-of=viral-engine,app.kubernetes.io/component=flags"
_INSTANCE, _MANAGED_BY = "app.kubernetes.io/instance", "app.kubernetes.io/managed-by"
_KEY = "flags.json"
# The pods that mount the file.
_READERS = "app.kubernetes.io/component in (metrics-api,reconciler)"


@dataclass(frozen=True)
class FlagsConfigMap:
    """The cluster's ConfigMap."""

    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.manifest["metadata"].get("labels", {}))

    @property
    def text(self) -> str:
        return str(self.manifest.get("data", {}).get(_KEY, ""))

    def with_text(self, text: str) -> dict[str, Any]:
        """The manifest to apply: the ConfigMap at its version, with new flags."""
        kept = ("name", "namespace", "labels", "annotations", "resourceVersion")
        metadata = {key: self.manifest["metadata"][key] for key in kept if key in self.manifest["metadata"]}
        data = {**self.manifest.get("data", {}), _KEY: text}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@dataclass(frozen=True)
class Cluster:
    """The namespace of a release, reached with kubectl. Raises click.ClickException if kubectl fails."""

    namespace: str
    release: str | None
    dry_run: bool

    def read_flags(self) -> FlagsConfigMap:
        """The ConfigMap with the flags."""
        selector = f"{_PART_OF},{_INSTANCE}={self.release}" if self.release else _PART_OF
        found = json.loads(self._run("get", "configmaps", "--selector", selector, "--output", "json"))["items"]
        if not found:
            whose = f" for release {self.release}" if self.release else ""
            raise click.ClickException(f"Namespace {self.namespace} has no Viral Guardrails flags{whose}.")
        if len(found) > 1:
            names = ", ".join(sorted(item["metadata"]["labels"].get(_INSTANCE, "?") for item in found))
            raise click.ClickException(f"{self.namespace} has several releases: {names}. Choose one with --release.")
        return FlagsConfigMap(found[0])

    def write_flags(self, flags: FlagsConfigMap, text: str) -> None:
        """Apply the new text as the release's field manager, so that its next upgrade has no conflict."""
        manager = "helm" if flags.labels.get(_MANAGED_BY) == "Helm" else "kubectl"
        options = ("--server-side", "--force-conflicts", f"--field-manager={manager}", "--validate=false")
        document = json.dumps(flags.with_text(text), indent=2)
        self._change("apply", *options, "--filename", "-", document=document)

    def wake_pods(self, flags: FlagsConfigMap) -> None:
        """Touch the pods that read the flags; otherwise the node syncs the change only later."""
        readers = f"{_INSTANCE}={flags.labels.get(_INSTANCE)},{_READERS}"
        version = f"viral-engine/flags-after={flags.manifest['metadata']['resourceVersion']}"
        self._change("annotate", "pods", "--overwrite", "--selector", readers, version)

    def _change(self, *arguments: str, document: str | None = None) -> None:
        self._run(*arguments, document=document, skip=self.dry_run)

    def _run(self, *arguments: str, document: str | None = None, skip: bool = False) -> str:
        command = ["kubectl", "--namespace", self.namespace, *arguments]
        heredoc = f" <<'END'\n{document}\nEND" if document else ""
        click.echo(f"{shlex.join(command)}{heredoc}", err=True)
        if skip:
            return ""
        if not shutil.which("kubectl"):
            raise click.ClickException("kubectl was not found on the PATH. Install it, or run this where it is.")
        ran = subprocess.run(command, input=document, capture_output=True, text=True, check=False)  # noqa: S603 - no shell.
        if ran.returncode:
            raise click.ClickException(f"kubectl {arguments[0]} failed: {ran.stderr.strip()}")
        return ran.stdout
