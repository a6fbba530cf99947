"""`make images-push` builds all four images, tags them with the chart's version and pushes them."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.chart.programs import CHART, ROOT
from tests.chart.rendering import render

_RECORDER = '#!/bin/sh\necho "$@" >> "$RECORD"\n'


def _push(folder: Path, *arguments: str, program: str = "podman") -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script where this program alone is installed; what it was told to do."""
    if program:
        (folder / program).write_text(_RECORDER)
        (folder / program).chmod(0o755)
    for name in ("sh", "sed", "dirname", "git"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    record = folder / "record"
    done = subprocess.run(
        [ROOT / "k8s" / "push-images.sh", *arguments],
        env={"PATH": str(folder), "RECORD": str(record)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done, record.read_text().splitlines() if record.exists() else []


@pytest.mark.parametrize("program", ["buildah", "podman", "docker"])
def test_what_is_pushed_is_what_the_chart_runs(program: str, tmp_path: Path) -> None:
    done, told = _push(tmp_path, "registry.example.com:5000/team", program=program)
    assert done.returncode == 0, done.stderr
    rendered = render("--set", "image.registry=registry.example.com:5000/team")
    wanted = {container["image"] for pod in rendered.pods().values() for container in pod["spec"]["containers"]}
    assert {line.removeprefix("push ") for line in told[4:]} == wanted
    assert [line.split()[:2] for line in told[:4]] == [["build", "--target"]] * 4, "all are built before one is pushed"
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert all(f"--build-arg VERSION={version} " in line for line in told[:4])


def test_another_version_is_tagged_and_built_in(tmp_path: Path) -> None:
    done, told = _push(tmp_path, "registry.example.com", "1.1.0-rc.1")
    assert "push registry.example.com/viral-engine/dashboard:1.1.0-rc.1" in told
    assert 'image: {registry: registry.example.com, tag: "1.1.0-rc.1"}' in done.stdout


@pytest.mark.parametrize("registry", ["", "https://registry.example.com", "registry.example.com/", "a b"])
def test_a_registry_that_is_none_is_refused_before_anything_is_built(registry: str, tmp_path: Path) -> None:
    done, told = _push(tmp_path, registry)
    assert done.returncode == 64
    assert "without https://" in done.stderr
    assert told == []


def test_who_has_no_program_to_build_with_is_told_so(tmp_path: Path) -> None:
    done, _ = _push(tmp_path, "registry.example.com", program="")
    assert done.returncode == 69
    assert "buildah nor podman nor docker" in done.stderr
