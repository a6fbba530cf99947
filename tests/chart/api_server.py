"""As much of a Kubernetes API server as Helm asks when it renders with `--dry-run=server`: it looks Deployments up."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What the chart renders with an autoscaler, by group and version.
_KINDS = {
    "v1": ("ConfigMap", "Pod", "Secret", "Service", "ServiceAccount"),
    "apps/v1": ("Deployment",),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "batch/v1": ("Job",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "policy/v1": ("PodDisruptionBudget",),
}


def _list_resources(version: str) -> dict[str, Any]:
    kinds = [(kind, f"{kind.lower()}s".replace("ys", "ies")) for kind in _KINDS[version]]
    resources = [{"name": name, "namespaced": True, "kind": kind, "verbs": ["get"]} for kind, name in kinds]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


def _list_groups() -> dict[str, Any]:
    versions = [{"groupVersion": name, "version": name.partition("/")[2]} for name in _KINDS if "/" in name]
    groups = [
        {"name": each["groupVersion"].partition("/")[0], "versions": [each], "preferredVersion": each}
        for each in versions
    ]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


_DISCOVERY: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "37", "gitVersion": "v1.37.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": _list_groups(),
    **{f"/apis/{name}" if "/" in name else "/api/v1": _list_resources(name) for name in _KINDS},
}
_NOT_FOUND = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}


@contextmanager
def serve(deployments: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Serve these Deployments of the namespace viral-engine by name; gives the server's address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            name = path.removeprefix("/apis/apps/v1/namespaces/viral-engine/deployments/")
            found = _DISCOVERY.get(path) or deployments.get(name)
            body = json.dumps(found or _NOT_FOUND).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
