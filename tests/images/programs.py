"""buildah and podman with a store of their own, in `var/images`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STORE = ROOT / "var" / "images"
_NEEDED = {
    "buildah": "buildah",
    "podman": "podman",
    "debootstrap": "debootstrap",
    "crun": "crun",
    "/usr/lib/podman/netavark": "netavark",
    "iptables": "iptables",
    "ip": "iproute2",
    "chromium": "chromium",
}
# A machine without systemd, whose limits podman must not raise.
_SETTINGS = """\
[containers]
default_ulimits = ["nofile=10000:10000", "nproc=10000:10000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
"""


class ProgramError(Exception):
    """A program failed; the message is what it printed."""


def check_programs() -> None:
    """Exit with advice unless this is root on a machine that has everything."""
    missing = [package for program, package in _NEEDED.items() if not shutil.which(program)]
    if missing:
        sys.exit(f"Missing: apt-get install --no-install-recommends {' '.join(missing)}")
    if os.geteuid():
        sys.exit("Images are built from a base made by debootstrap, which only root can make.")


def buildah(*arguments: str) -> str:
    """Run buildah; what it prints."""
    return _run("buildah", *arguments)


def podman(*arguments: str) -> str:
    """Run podman; what it prints."""
    return _run("podman", *arguments)


def _run(program: str, *arguments: str) -> str:
    settings = STORE / "containers.conf"
    STORE.mkdir(parents=True, exist_ok=True)
    settings.write_text(_SETTINGS)
    done = subprocess.run(
        [program, "--root", str(STORE / "root"), "--runroot", str(STORE / "run"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CONTAINERS_CONF": str(settings)},
    )
    if done.returncode:
        raise ProgramError(f"{program} {' '.join(arguments)}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    return (done.stdout + (done.stderr if arguments[:1] == ("logs",) else "")).strip()
