"""`viral-engine flags set`: change one flag in a cluster or the local stack."""

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from viral_cli.local_env import read_local_env
from viral_cli.settings import StandaloneSettings
from viral_contract.models.flags import Flag
from viral_runtime.flags.document import BrokenFlagsError, Document, OwnRuleError, set_flag
from viral_runtime.settings.base import load_settings_or_exit

_ALL = 100
_NAMES = [flag.value for flag in Flag]


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


@click.group()
def flags() -> None:
    """Turn features on and off."""


@flags.command("set")
@click.argument("name", type=click.Choice(_NAMES))
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--percent", type=click.IntRange(1, _ALL), help="Percentage of people or reports. Default: 100.")
@click.option("-n", "--namespace", help="The release's namespace. Without it, the local stack's flags file is changed.")
@click.option("--release", help="The release's name, if the namespace has more than one.")
@click.option("--replace-rule", is_flag=True, help="Replace a hand-written rule of the flag.")
@click.option("--dry-run", is_flag=True, help="Print the change without making it.")
def set_command(
    name: str,
    state: str,
    percent: int | None,
    namespace: str | None,
    release: str | None,
    replace_rule: bool,
    dry_run: bool,
) -> None:
    """Turn the flag NAME on or off for everyone, or for a percentage of people or reports, without a restart.

    With a namespace it runs kubectl, prints each command, and wakes the pods, which see the change within seconds.
    """
    if state == "off" and percent is not None:
        raise click.UsageError("--percent can't be combined with off.")
    if release and not namespace:
        raise click.UsageError("--release needs the namespace too. Add -n NAMESPACE.")
    share = 0 if state == "off" else percent or _ALL
    flag = Flag(name)
    if namespace:
        _set_in_cluster(Cluster(namespace, release, dry_run), flag, share, replace_rule)
    else:
        _set_in_file(_find_file(), flag, share, replace_rule, dry_run)


def _set_in_cluster(cluster: Cluster, flag: Flag, percent: int, replace_rule: bool) -> None:
    found = cluster.read_flags()
    changed = _change(found.text, f"ConfigMap {found.name}", flag, percent, replace_rule)
    cluster.write_flags(found, _format(changed))
    cluster.wake_pods(found)
    done = "Nothing was changed (--dry-run)." if cluster.dry_run else f"{flag} is {_describe(percent)}."
    click.echo(f"{done} Add it to your values file too, or the next `helm upgrade` will revert it:")
    click.echo(f"  featureFlags: {{{_camel_case(flag)}: {_format_values(percent)}}}")


def _set_in_file(path: Path, flag: Flag, percent: int, replace_rule: bool, dry_run: bool) -> None:
    try:
        text = path.read_text()
    except OSError as error:
        raise click.ClickException(
            f"{path} cannot be read: {error.strerror}. For a cluster, add -n NAMESPACE. The local stack creates "
            "its file on the first `make run`."
        ) from error
    changed = _change(text, str(path), flag, percent, replace_rule)
    if dry_run:
        click.echo(f"{path} would say of {flag}: {json.dumps(changed['flags'][flag])}")
        return
    # Written to a temporary file first: a reader never sees half a file.
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.write_text(_format(changed))
    fresh.replace(target)
    click.echo(f"{flag} is {_describe(percent)}, in {path}. Running services pick it up within a few seconds.")


def _change(text: str, where: str, flag: Flag, percent: int, replace_rule: bool) -> Document:
    try:
        return set_flag(json.loads(text), flag, percent, replace_rule=replace_rule)
    except ValueError as error:
        raise click.ClickException(f"{where} is not valid JSON: {error}. Fix it first. Nothing was changed.") from error
    except BrokenFlagsError as error:
        raise click.ClickException(f"{where} is invalid: {error}. Fix it first. Nothing was changed.") from error
    except OwnRuleError as error:
        raise click.ClickException(
            f"{flag} has a hand-written rule in {where}. Use --replace-rule to replace it. Nothing was changed."
        ) from error


def _find_file() -> Path:
    """FLAGS_FILE of the environment or of the running local stack, or the file in its folder."""
    settings: StandaloneSettings = load_settings_or_exit(StandaloneSettings)[0]
    try:
        running = read_local_env(settings.var_dir / "local.env")
    except FileNotFoundError:
        running = {}
    return Path(os.environ.get("FLAGS_FILE") or running.get("FLAGS_FILE") or settings.var_dir / "flags.json")


def _format(document: Document) -> str:
    return json.dumps(document, indent=2) + "\n"


def _describe(percent: int) -> str:
    return {0: "off", _ALL: "on"}.get(percent, f"on for {percent}%")


def _format_values(percent: int) -> str:
    return "{enabled: false}" if percent == 0 else f"{{enabled: true, rolloutPct: {percent}}}"


def _camel_case(flag: Flag) -> str:
    first, *rest = flag.value.split("_")
    return first + "".join(word.capitalize() for word in rest)
