"""What is in an image: its service with the packages of its extra, and nothing that installs or compiles."""

import json
import re
import tomllib

from tests.images.building import image_name
from tests.images.programs import ROOT, podman

_SERVICES = {"metrics_api", "dashboard", "report_worker", "email_worker"}
_DRIVERS = {"sqlalchemy", "psycopg", "alembic"}
_TOOLS = {"pip", "setuptools", "ensurepip"}
_PROGRAMS = {"pip", "pip3", "gcc", "cc", "make"}
# Run by the image's own Python, as the image's own user.
_LOOK = f"""
import importlib.metadata, importlib.util, json, os, shutil
names = {sorted(_SERVICES | _DRIVERS | _TOOLS)!r}
print(json.dumps({{
    "modules": [name for name in names if importlib.util.find_spec(name)],
    "programs": [name for name in {sorted(_PROGRAMS)!r} if shutil.which(name)],
    "packages": {{item.name: item.version for item in importlib.metadata.distributions()}},
    "user": os.getuid(),
}}))
"""


def check_contents(target: str) -> str:
    """Look into an image; how many packages it has."""
    look = [
        "run",
        "--rm",
        "--network",
        "none",
        "--read-only",
        "--entrypoint",
        "python",
        image_name(target),
        "-c",
        _LOOK,
    ]
    found = json.loads(podman(*look))
    service = target.replace("-", "_")
    drivers = _DRIVERS if service == "metrics_api" else set()
    assert set(found["modules"]) == {service} | drivers
    assert found["programs"] == []
    assert found["user"] == 10001
    packages = {_canonical(name): version for name, version in found["packages"].items()}
    assert packages.pop("viral-engine")
    assert packages.items() <= _read_lock().items()
    assert _read_extra(target) <= packages.keys()
    return str(len(packages))


def _read_lock() -> dict[str, str]:
    pinned = re.findall(r"^([^\s=]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return {_canonical(name.split("[")[0]): version for name, version in pinned}


def _read_extra(target: str) -> set[str]:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return {_canonical(re.split(r"[^\w.-]", requirement)[0]) for requirement in extras[target]}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
