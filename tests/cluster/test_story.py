"""The story of a cluster, as far as it can be looked at without one."""

import os
import subprocess
import sys
from pathlib import Path

from tests.chart.commands import list_commands, list_faults
from tests.chart.programs import ROOT
from tests.chart.rendering import render

_STEPS = ("Install", "Upgrade", "Toggle a flag", "Scale", "Roll back", "Run the chart's test", "Uninstall")


def _run(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    command = [sys.executable, "-m", "tests.cluster"]
    return subprocess.run(
        command, env=kept | environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def test_who_has_no_cluster_is_told_so() -> None:
    done = _run(REGISTRY="registry.example.com")
    assert done.returncode == 0
    assert done.stdout.startswith("Skipped: KUBECONFIG does not say where a cluster is.")


def test_a_cluster_without_images_is_refused() -> None:
    done = _run(DRY_RUN="1")
    assert done.returncode == os.EX_USAGE
    assert "REGISTRY=registry.example.com/team" in done.stderr


def test_a_cluster_that_does_not_answer_ends_the_story_and_keeps_the_namespace(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
        "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:9'}}]\n"
        "contexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {}}]\n"
    )
    done = _run(REGISTRY="registry.example.com", KUBECONFIG=str(config))
    assert done.returncode == 1
    assert "FAILED: kubectl -n viral-engine-test create namespace viral-engine-test" in done.stderr
    assert "The namespace viral-engine-test stays" in done.stderr


def test_every_command_of_the_story_can_be_run() -> None:
    done = _run(DRY_RUN="1", REGISTRY="registry.example.com/team")
    assert done.returncode == 0, done.stderr
    assert [step for step in _STEPS if not any(line.startswith(step) for line in done.stdout.splitlines())] == []
    lines = done.stdout.split("\n  $ ")[1:]
    fences = [f"```sh\n{line.partition(chr(10) + '  done')[0]}\n```" for line in lines]
    commands = [command for fence in fences for command in list_commands(fence)]
    assert len(commands) >= 30
    made_by_stores = ("postgres", "valkey")
    faults = [fault for command in commands for fault in list_faults(command)]
    assert [fault for fault in faults if not fault.endswith(made_by_stores)] == []


def test_the_values_of_the_story_are_valid_and_small() -> None:
    rendered = render("--values", "tests/cluster/values.yaml", "--set", "image.registry=registry.example.com")
    replicas = {name: item["spec"]["replicas"] for name, item in rendered.of("Deployment").items()}
    assert replicas.pop("metrics-api") == 2, "one of two serves while the other is replaced"
    assert set(replicas.values()) == {1}
