"""Runs what the chart renders by podman: one pod of each Deployment, with its environment, mounts and restrictions."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.chart.programs import helm
from tests.chart.rendering import RELEASE, Rendered
from tests.images.programs import ProgramError, podman

NETWORK = "viral-engine"
GATEWAY = "10.77.0.1"
_SUBNET = "10.77.0.0/24"
_START_SECONDS = 60
_LOOK_SECONDS = 0.1
Manifest = dict[str, Any]


class Pod:
    """One running container of the chart's."""

    def __init__(self, name: str, manifest: Manifest, address: str) -> None:
        self.name = name
        self.address = address
        self._spec = manifest["spec"]
        (self.container,) = self._spec["containers"]

    def format_options(self) -> list[str]:
        """podman's options for what the manifest says of the pod's security, memory and folders to write to."""
        security = self.container["securityContext"]
        user, group = (self._spec["securityContext"][name] for name in ("runAsUser", "runAsGroup"))
        options = ["--user", f"{user}:{group}", "--entrypoint", json.dumps(self.container["command"])]
        options += ["--cap-drop", *security["capabilities"]["drop"]]
        options += ["--memory", self.container["resources"]["limits"]["memory"].lower().removesuffix("i")]
        if security["readOnlyRootFilesystem"]:
            options += ["--read-only", "--read-only-tmpfs=false"]
        if not security["allowPrivilegeEscalation"]:
            options += ["--security-opt", "no-new-privileges"]
        return options

    def format_mounts(self, config_maps: dict[str, Path]) -> list[str]:
        """podman's options for the volumes."""
        volumes = {volume["name"]: volume for volume in self._spec["volumes"]}
        options = []
        for mount in self.container["volumeMounts"]:
            volume, path = volumes[mount["name"]], mount["mountPath"]
            if "emptyDir" in volume:
                options += ["--tmpfs", f"{path}:size={volume['emptyDir']['sizeLimit'].lower().removesuffix('i')}"]
            else:
                options += ["--volume", f"{config_maps[volume['configMap']['name']]}:{path}:ro"]
        return options

    def is_alive(self) -> bool:
        """Ask as the kubelet would: by the startup probe, else by the liveness probe."""
        probe = self.container.get("startupProbe") or self.container.get("livenessProbe")
        if "httpGet" in probe:
            ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
            return _answers(f"http://{self.address}:{ports[probe['httpGet']['port']]}{probe['httpGet']['path']}")
        try:
            podman("exec", self.name, *probe["exec"]["command"])
        except ProgramError:
            return False
        return True

    def read_log(self) -> str:
        """What its process has written."""
        return podman("logs", self.name)

    def check_health(self) -> None:
        """Ask the image's own health check, as machines without Kubernetes do."""
        podman("healthcheck", "run", self.name)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        podman("stop", "--time", str(self._spec["terminationGracePeriodSeconds"]), self.name)
        return int(podman("inspect", "--format", "{{.State.ExitCode}}", self.name))


class Cluster:
    """The objects of one rendering, and the pods that run of them."""

    def __init__(self, values: Manifest, folder: Path) -> None:
        path = folder / "values.yaml"
        path.write_text(yaml.safe_dump(values))
        done = helm("template", *RELEASE, "--values", str(path))
        assert done.returncode == 0, done.stderr
        self.rendered = Rendered(done.stdout)
        self.pods: dict[str, Pod] = {}
        self._folder = folder
        services = [item["metadata"]["name"] for item in self.rendered.of("Service").values()]
        self._addresses = {name: f"10.77.0.{number}" for number, name in enumerate(services, 10)}

    def run_job(self, component: str) -> str:
        """Run a Job to its end; what it prints."""
        return self._run(self._build_pod(component), component, "--rm")

    def start(self, component: str) -> float:
        """Start a Deployment's pod, wait until it lives, and answer the seconds that it took."""
        began = time.monotonic()
        pod = self.pods[component] = self._build_pod(component)
        self._run(pod, component, "--detach")
        while not pod.is_alive():
            assert time.monotonic() < began + _START_SECONDS, pod.read_log()
            time.sleep(_LOOK_SECONDS)
        return time.monotonic() - began

    def _mount_flags(self) -> Path:
        """The folder of the flags' ConfigMap; made as the kubelet makes it, where one link changes every file."""
        folder = self._folder / "flags"
        if not folder.exists():
            (flags,) = (item for name, item in self.rendered.of("ConfigMap").items() if name == "flags")
            folder.mkdir()
            (folder / "flags.json").symlink_to("..data/flags.json")
            self.change_flags(json.loads(flags["data"]["flags.json"]))
        return folder

    def read_flags(self) -> Manifest:
        """The flags as they are mounted."""
        document: Manifest = json.loads((self._folder / "flags/flags.json").read_text())
        return document

    def change_flags(self, document: Manifest) -> None:
        """What happens in every pod after `kubectl edit configmap`."""
        folder = self._folder / "flags"
        new = folder / f"..{time.monotonic_ns()}"
        new.mkdir()
        (new / "flags.json").write_text(json.dumps(document))
        (folder / "..new").symlink_to(new.name)
        (folder / "..new").rename(folder / "..data")

    def _build_pod(self, component: str) -> Pod:
        name = f"{RELEASE[0]}-{component}"
        address = self._addresses.setdefault(name, f"10.77.0.{100 + len(self._addresses)}")
        return Pod(name, self.rendered.pods()[component], address)

    def _run(self, pod: Pod, component: str, *options: str) -> str:
        hosts = [f"--add-host={name}:{address}" for name, address in self._addresses.items()]
        network = ["--network", f"{NETWORK}:ip={pod.address}", *hosts]
        environment = ["--env-file", str(self._write_environment(component, pod))]
        mounts = pod.format_mounts({f"{RELEASE[0]}-flags": self._mount_flags()})
        arguments = [*options, *network, *environment, *mounts, *pod.format_options(), pod.container["image"]]
        return podman("run", "--name", pod.name, "--log-driver", "k8s-file", *arguments)

    def _write_environment(self, component: str, pod: Pod) -> Path:
        secrets = {item["metadata"]["name"]: item["stringData"] for item in self.rendered.of("Secret").values()}
        environment = self.rendered.config(component)
        for variable, reference in self.rendered.secrets(component).items():
            held = secrets[reference["name"]]
            if reference["key"] in held:
                environment[variable] = held[reference["key"]]
        path = self._folder / f"{pod.name}.env"
        path.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
        path.chmod(0o600)
        return path


@contextmanager
def network() -> Iterator[None]:
    """A bridge for the pods; at the end they are gone, whatever their state."""
    _remove_everything()
    podman("network", "create", "--disable-dns", "--subnet", _SUBNET, "--gateway", GATEWAY, NETWORK)
    try:
        yield
    finally:
        _remove_everything()


def _remove_everything() -> None:
    podman("rm", "--all", "--force", "--time", "0")
    if NETWORK in podman("network", "ls", "--quiet", "--format", "{{.Name}}").splitlines():
        podman("network", "rm", NETWORK)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
