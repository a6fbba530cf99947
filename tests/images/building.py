"""Builds the images on a base that is made here, because not every machine reaches a registry of images."""

import ast
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.images.programs import ROOT, STORE, buildah, podman

TARGETS = ("metrics-api", "dashboard", "report-worker", "email-worker")
REGISTRY, TAG = "localhost", "local"
_SUITE = "trixie"
_BASE, _BUILD_BASE = f"localhost/python:{_SUITE}", f"localhost/python-venv:{_SUITE}"
# What pip needs to know of this machine. It is mounted while building, and part of no image.
_PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "cert")


def image_name(target: str) -> str:
    """The name by which the chart, told of this registry, asks for an image."""
    return f"{REGISTRY}/viral-engine/{target}:{TAG}"


def ensure_base() -> None:
    """Make a Debian with Python, and one that can also make virtual environments, unless both are there."""
    names = {name for image in json.loads(buildah("images", "--json")) for name in image["names"] or ()}
    if {_BASE, _BUILD_BASE} <= names:
        return
    with tempfile.TemporaryDirectory(dir=STORE) as folder:
        packages = "--include=python3,ca-certificates"
        command = ["debootstrap", "--variant=minbase", packages, _SUITE, f"{folder}/root"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for lists in Path(folder, "root/var").glob("cache/apt/archives/*.deb"):
            lists.unlink()
        subprocess.run(["tar", "-C", f"{folder}/root", "-cf", f"{folder}/root.tar", "."], check=True)
        base = buildah("from", "scratch")
        buildah("add", base, f"{folder}/root.tar", "/")
    buildah("commit", "--rm", base, _BASE)
    build_base = buildah("from", _BASE)
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "python3-venv"]
    buildah("run", "--isolation", "chroot", build_base, "--", *install)
    buildah("commit", "--rm", build_base, _BUILD_BASE)


def build(target: str) -> None:
    """Build one image of the working tree."""
    with tempfile.NamedTemporaryFile("w") as pip_conf:
        pip_conf.write(_format_pip_conf(settings := _read_pip_settings()))
        pip_conf.flush()
        mounts = ["--volume", f"{pip_conf.name}:/etc/pip.conf:ro"]
        if cert := settings.get("cert"):
            mounts += ["--volume", f"{cert}:{cert}:ro"]
        bases = ["--build-arg", f"PYTHON_IMAGE={_BASE}", "--build-arg", f"BUILD_IMAGE={_BUILD_BASE}"]
        # Docker's format, because the other one has no health checks.
        options = ["--isolation", "chroot", "--format", "docker", "--layers", "--target", target]
        buildah("build", *options, *mounts, *bases, "--tag", image_name(target), str(ROOT))


def measure_size(target: str) -> tuple[int, int]:
    """An image's megabytes, and how many of them are not those of its base."""
    names = image_name(target), _BASE
    size, base = (int(podman("image", "inspect", "--format", "{{.Size}}", name)) for name in names)
    return size // 10**6, (size - base) // 10**6


def _read_pip_settings() -> dict[str, str]:
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    pairs = (line.split("=", 1) for line in listed.stdout.splitlines())
    settings = {name.rsplit(".", 1)[1]: str(ast.literal_eval(value)) for name, value in pairs}
    # Folders of this machine are not there while building.
    return {name: settings[name] for name in _PIP_SETTINGS if name in settings and "file:" not in settings[name]}


def _format_pip_conf(settings: dict[str, str]) -> str:
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())
