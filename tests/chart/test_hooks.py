"""The Job before a release and the test after it: how they fail, what they need, and what they leave."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.chart.programs import ROOT
from tests.chart.rendering import CI_VALUES, Rendered, render, render_ci

_HOOKS = "helm.sh/hook"


@contextmanager
def _service(*statuses: int) -> Iterator[str]:
    """A service that answers with these statuses, one a request; the last one from then on."""
    left = list(statuses)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"migrations are behind" if status == 503 else b"ready")

        def log_message(self, *_: object) -> None:
            """Keeps the tests quiet."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/readyz"
    finally:
        server.shutdown()
        server.server_close()


def _run_test(seconds: str, *services: str) -> subprocess.CompletedProcess[str]:
    """Run what the pod of `helm test` runs, against other addresses."""
    (container,) = render().pods()["test"]["spec"]["containers"]
    program = container["command"][2]
    command = [sys.executable, "-c", program, seconds, *services]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_test_waits_until_a_service_is_ready() -> None:
    with _service(503, 200) as api, _service(200) as dashboard:
        ran = _run_test("30", f"metrics-api={api}", f"dashboard={dashboard}")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "Every service is ready."


def test_the_test_says_which_service_is_not_ready_and_why() -> None:
    with _service(503) as api:
        ran = _run_test("0", f"metrics-api={api}", "dashboard=http://127.0.0.1:1/readyz")
    assert ran.returncode == 1
    assert f"FAILED: metrics-api is not ready at {api}: it answers 503: migrations are behind" in ran.stdout
    assert "FAILED: dashboard is not ready at http://127.0.0.1:1/readyz: no answer: " in ran.stdout
    assert "Traceback" not in ran.stderr


def test_the_test_tries_for_longer_than_policies_take() -> None:
    pod = render().pods()["test"]
    (container,) = pod["spec"]["containers"]
    assert float(container["command"][3]) >= 30
    assert pod["spec"]["activeDeadlineSeconds"] > float(container["command"][3])


@pytest.mark.parametrize("name", ["secrets", "kubectl"])
def test_a_migration_that_cannot_succeed_is_not_tried_again(name: str) -> None:
    job = render_ci(name).of("Job")["migrate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    first, second = job["podFailurePolicy"]["rules"]
    codes = {"containerName": container["name"], "operator": "In", "values": [78]}
    assert first == {"action": "FailJob", "onExitCodes": codes}
    assert second["action"] == "Ignore", "a node that ends is no failure"
    assert job["template"]["spec"]["restartPolicy"] == "Never", "Kubernetes takes the policy with no other"


def _hooks(rendered: Rendered) -> list[dict[str, dict[str, dict[str, str]]]]:
    return [item for item in rendered.objects if _HOOKS in item["metadata"].get("annotations", {})]


@pytest.mark.parametrize("name", CI_VALUES)
def test_what_the_job_needs_lives_as_long_as_the_job(name: str) -> None:
    policies = {
        item["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
        for item in _hooks(render_ci(name))
        if item["metadata"]["annotations"][_HOOKS] == "pre-install,pre-upgrade"
    }
    assert policies <= {"before-hook-creation"}


@pytest.mark.parametrize("name", CI_VALUES)
def test_the_document_removes_every_hook_that_an_uninstall_leaves(name: str) -> None:
    section = (ROOT / "docs" / "deployment.md").read_text().partition("## Uninstall")[2].partition("\n## ")[0]
    found = re.search(r"^kubectl -n viral-engine delete (\S+) -l (\S+)=viral-engine$", section, re.MULTILINE)
    assert found
    kinds, label = set(found[1].split(",")), found[2]
    left = [item for item in render_ci(name).objects if _HOOKS in item["metadata"].get("annotations", {})]
    assert {item["kind"].lower() for item in left} <= kinds
    assert all(item["metadata"]["labels"][label] == "viral-engine" for item in left)
