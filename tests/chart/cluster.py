"""A small Kubernetes API for kubectl and Helm: objects in memory, discovery, patches, and who owns which field.

Server-side apply conflicts as in Kubernetes, except that a list is one field. Nothing runs in it.
"""

import copy
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.chart.protobuf import MAGIC, read_secret

Manifest = dict[str, Any]
_KINDS = {
    "v1": ["ConfigMap", "Secret", "Service", "ServiceAccount", "Pod"],
    "apps/v1": ["Deployment"],
    "batch/v1": ["Job"],
    "networking.k8s.io/v1": ["NetworkPolicy", "Ingress"],
    "policy/v1": ["PodDisruptionBudget"],
    "autoscaling/v2": ["HorizontalPodAutoscaler"],
}
_PATH = re.compile(r"^/(?:api|apis)/(v1|[^/]+/[^/]+)/namespaces/([^/]+)/([a-z]+)(?:/([^/]+))?(/scale)?$")
_NAMESPACE = re.compile(r"^/api/v1/namespaces/([^/]+)$")
_TERM = re.compile(r"([\w./-]+) in \(([^)]*)\)|([\w./-]+)==?([^,]*)|([\w./-]+)")
_VERBS = ["create", "delete", "get", "list", "patch", "update"]
# What the server itself writes, or what only names the object: nobody's field.
_UNOWNED = {("apiVersion",), ("kind",), *(("metadata", key) for key in ("name", "namespace", "uid", "resourceVersion"))}
Leaf = tuple[str, ...]
Owner = tuple[str, str]


class RefusedError(Exception):
    """An answer that is no success."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.body = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        self.body |= {"code": code, "reason": reason, "message": message}  # type: ignore[dict-item]
        self.code = code


class Stored:
    """One object, and who owns its fields."""

    def __init__(self, manifest: Manifest, owner: Owner) -> None:
        self.manifest = manifest
        self.owners: dict[Owner, set[Leaf]] = {owner: set(_flatten(manifest))}

    def update(self, manifest: Manifest, owner: Owner) -> None:
        """Whoever changes a field has it for themselves."""
        before, after = _flatten(self.manifest), _flatten(manifest)
        changed = {leaf for leaf in before.keys() | after.keys() if before.get(leaf) != after.get(leaf)}
        for leaves in self.owners.values():
            leaves -= changed
        self.owners.setdefault(owner, set()).update(changed & after.keys())
        self.manifest = manifest

    def apply(self, manifest: Manifest, manager: str, *, force: bool) -> None:
        """Server-side apply: another's field with another value is a conflict, and what is no longer said goes."""
        live, wanted, me = _flatten(self.manifest), _flatten(manifest), (manager, "Apply")
        others = {owner: leaves for owner, leaves in self.owners.items() if owner != me}
        differing = {leaf for leaf, value in wanted.items() if live.get(leaf) != value}
        conflicts = [(owner[0], leaf) for owner, leaves in others.items() for leaf in leaves & differing]
        if conflicts and not force:
            said = "; ".join(f'conflict with "{owner}": .{".".join(leaf)}' for owner, leaf in conflicts)
            raise RefusedError(409, "Conflict", f"Apply failed with {len(conflicts)} conflict(s): {said}")
        for leaves in others.values():
            leaves -= differing
        held = {leaf for leaves in others.values() for leaf in leaves}
        for leaf in self.owners.get(me, set()) - wanted.keys() - held:
            _remove(self.manifest, leaf)
        for leaf, value in wanted.items():
            _put(self.manifest, leaf, value)
        self.owners[me] = set(wanted)


class Cluster:
    """The objects of one namespace after the other, by kind and name."""

    def __init__(self, folder: Path) -> None:
        self.kubeconfig = folder / "kubeconfig"
        self._stored: dict[tuple[str, str, str], Stored] = {}
        self._version = 0

    def read(self, plural: str, name: str, namespace: str = "viral-engine") -> Manifest:
        """An object as it is now. Raises RefusedError where there is none."""
        return self._find((namespace, plural, name)).manifest

    def names(self, plural: str) -> set[str]:
        """The names of all objects of a kind."""
        return {name for _, kind, name in self._stored if kind == plural}

    def list(self, namespace: str, plural: str, selector: str) -> list[Manifest]:
        """The objects whose labels match."""
        found = (item.manifest for key, item in self._stored.items() if key[:2] == (namespace, plural))
        return [item for item in found if _matches(item["metadata"].get("labels", {}), selector)]

    def create(self, key: tuple[str, str, str], manifest: Manifest, owner: Owner) -> Manifest:
        """A new object."""
        if key in self._stored:
            raise RefusedError(409, "AlreadyExists", f"{key[2]} already exists")
        manifest.setdefault("metadata", {}).update(namespace=key[0], uid=f"uid-{key[1]}-{key[2]}")
        self._stored[key] = Stored(manifest, owner)
        return self._stamp(key)

    def replace(self, key: tuple[str, str, str], manifest: Manifest, owner: Owner) -> Manifest:
        """Another content, by PUT or a patch."""
        self._find(key).update(manifest, owner)
        return self._stamp(key)

    def merge(self, key: tuple[str, str, str], patch: Manifest, owner: Owner) -> Manifest:
        """A merge patch."""
        return self.replace(key, _merge(copy.deepcopy(self._find(key).manifest), patch), owner)

    def apply(self, key: tuple[str, str, str], manifest: Manifest, manager: str, *, force: bool) -> Manifest:
        """Server-side apply."""
        if key not in self._stored:
            return self.create(key, manifest, (manager, "Apply"))
        stored, version = self._find(key), manifest["metadata"].get("resourceVersion")
        if version and version != stored.manifest["metadata"]["resourceVersion"]:
            raise RefusedError(409, "Conflict", "the object has been modified")
        stored.apply(manifest, manager, force=force)
        return self._stamp(key)

    def delete(self, key: tuple[str, str, str]) -> Manifest:
        """Remove an object."""
        self._find(key)
        return self._stored.pop(key).manifest

    def _stamp(self, key: tuple[str, str, str]) -> Manifest:
        self._version += 1
        self._stored[key].manifest["metadata"]["resourceVersion"] = str(self._version)
        return self._stored[key].manifest

    def _find(self, key: tuple[str, str, str]) -> Stored:
        if key not in self._stored:
            raise RefusedError(404, "NotFound", f'{key[1]} "{key[2]}" not found')
        return self._stored[key]


@contextmanager
def run_cluster(folder: Path) -> Iterator[Cluster]:
    """Serve an empty cluster while the block runs; its kubeconfig is in the folder."""
    cluster = Cluster(folder)
    handler = type("Handler", (_Handler,), {"cluster": cluster, "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    there = {"name": "tests", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
    context = {"name": "tests", "context": {"cluster": "tests", "user": "tests"}}
    config = {"apiVersion": "v1", "kind": "Config", "clusters": [there], "contexts": [context]}
    config |= {"users": [{"name": "tests", "user": {}}], "current-context": "tests"}
    cluster.kubeconfig.write_text(yaml.safe_dump(config))
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    cluster: Cluster
    lock: threading.Lock

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = _parse(self.rfile.read(length))
        try:
            with self.lock:
                code, answer = 200, copy.deepcopy(self._answer(body))
        except RefusedError as error:
            code, answer = error.code, error.body
        text = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 - the library's names.

    def _answer(self, body: Manifest) -> Manifest:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if found := _PATH.match(address.path):
            version, namespace, plural, name, scale = found.groups()
            key = namespace, plural, name or body.get("metadata", {}).get("name", "")
            if self.command == "GET" and name is None:
                items = self.cluster.list(namespace, plural, query.get("labelSelector", ""))
                kind = f"{_kind_of(version, plural)}List"
                return {"apiVersion": version, "kind": kind, "metadata": {}, "items": items}
            answer = self._change(key, query, body)
            return _scale_of(answer) if scale else answer
        if found := _NAMESPACE.match(address.path):
            return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": found[1]}}
        return _discover(address.path)

    def _change(self, key: tuple[str, str, str], query: dict[str, str], body: Manifest) -> Manifest:
        agent = self.headers.get("User-Agent", "unknown").partition("/")[0].lower()
        manager, cluster = query.get("fieldManager", agent), self.cluster
        if self.command == "PATCH" and "apply-patch" in self.headers["Content-Type"]:
            return cluster.apply(key, body, manager, force=query.get("force") == "true")
        changes = {
            "GET": lambda: cluster.read(key[1], key[2], key[0]),
            "DELETE": lambda: cluster.delete(key),
            "POST": lambda: cluster.create(key, body, (manager, "Update")),
            "PUT": lambda: cluster.replace(key, body, (manager, "Update")),
            "PATCH": lambda: cluster.merge(key, body, (manager, "Update")),
        }
        return changes[self.command]()

    def log_message(self, *_: object) -> None:
        """Keeps the tests quiet."""


def _parse(body: bytes) -> Manifest:
    if body.startswith(MAGIC):
        return read_secret(body) if b"Secret" in body[:40] else {}
    return yaml.load(body, yaml.CSafeLoader) or {}


def _scale_of(manifest: Manifest) -> Manifest:
    spec = {"replicas": manifest["spec"]["replicas"]}
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": manifest["metadata"], "spec": spec}


def _plural(kind: str) -> str:
    return re.sub("y$", "ie", kind.lower()).replace("ingress", "ingresse") + "s"


def _kind_of(version: str, plural: str) -> str:
    return next(kind for kind in _KINDS[version] if _plural(kind) == plural)


def _discover(path: str) -> Manifest:
    if path == "/version":
        return {"major": "1", "minor": "37", "gitVersion": "v1.37.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = [version.split("/")[0] for version in _KINDS if "/" in version]
        versions = [[{"groupVersion": v, "version": v.split("/")[1]}] for v in _KINDS if "/" in v]
        named = [{"name": g, "versions": v, "preferredVersion": v[0]} for g, v in zip(groups, versions, strict=True)]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": named}
    version = path.removeprefix("/apis/").removeprefix("/api/")
    if version not in _KINDS:
        raise RefusedError(404, "NotFound", f"{path} is not served")
    resources = [
        {"name": _plural(kind), "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": _VERBS}
        for kind in _KINDS[version]
    ]
    if version == "apps/v1":
        scale = {"name": "deployments/scale", "group": "autoscaling", "version": "v1", "kind": "Scale"}
        resources.append({**scale, "singularName": "", "namespaced": True, "verbs": ["get", "patch", "update"]})
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def _matches(labels: dict[str, str], selector: str) -> bool:
    for inside, values, name, value, there in _TERM.findall(selector):
        if inside and labels.get(inside) not in [part.strip() for part in values.split(",")]:
            return False
        if (name and labels.get(name) != value) or (there and there not in labels):
            return False
    return True


def _flatten(part: Any, above: Leaf = ()) -> dict[Leaf, Any]:
    if not isinstance(part, dict) or (not part and above):
        return {above: part}
    found = {leaf: value for key, inner in part.items() for leaf, value in _flatten(inner, (*above, key)).items()}
    return {leaf: value for leaf, value in found.items() if leaf not in _UNOWNED}


def _put(manifest: Manifest, leaf: Leaf, value: Any) -> None:
    for key in leaf[:-1]:
        manifest = manifest.setdefault(key, {})
    manifest[leaf[-1]] = value


def _remove(manifest: Manifest, leaf: Leaf) -> None:
    for key in leaf[:-1]:
        manifest = manifest.get(key, {})
    manifest.pop(leaf[-1], None)


def _merge(manifest: Manifest, patch: Manifest) -> Manifest:
    for key, value in patch.items():
        if value is None:
            manifest.pop(key, None)
        elif isinstance(value, dict):
            manifest[key] = _merge(manifest.get(key) or {}, value)
        else:
            manifest[key] = value
    return manifest
