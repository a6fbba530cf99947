"""What each component of the chart takes for itself besides what values.yaml lists there."""

from fnmatch import fnmatchcase
from typing import Any

Schema = dict[str, Any]
FREE: Schema = {"type": "object"}
_SECCOMP: Schema = {"type": {"enum": ["RuntimeDefault", "Localhost", "Unconfined"]}}
SECURITY: Schema = {
    "type": ["object", "null"],
    "properties": {"seccompProfile": {"type": ["object", "null"], "properties": _SECCOMP}},
}
OBJECTS: Schema = {"type": "array", "items": FREE}
NAMED: Schema = {"type": "array", "items": {**FREE, "required": ["name"]}}
PROBE: Schema = {"type": "object", "properties": {"enabled": {"type": "boolean"}}}

# Each also stands at the top of values.yaml, for every pod: where the pod is and what it bears, and what it runs.
OF_PLACES: dict[str, Schema] = {
    "hostAliases": OBJECTS,
    "podSecurityContext": SECURITY,
    "containerSecurityContext": SECURITY,
}
OF_PODS: dict[str, Schema] = OF_PLACES | {
    "extraEnv": NAMED,
    "extraEnvFrom": OBJECTS,
    "extraVolumes": NAMED,
    "extraVolumeMounts": NAMED,
    "initContainers": NAMED,
    "extraContainers": NAMED,
}
# Each is about one Deployment.
OF_DEPLOYMENTS: dict[str, Schema] = {
    "strategy": FREE,
    "terminationGracePeriodSeconds": {"type": "integer", "minimum": 0},
    "startupProbe": PROBE,
    "livenessProbe": PROBE,
    "readinessProbe": PROBE,
}
# What stands at the top, with the schema that it has there.
OF_TOP = ("podAnnotations", "podLabels", "scheduling", "serviceAccount")
_DEPLOYMENTS = ("metricsApi", "reconciler", "dashboard", "scheduler", "workers.*")
_TAKEN = (
    *((pattern, (*OF_PODS, *OF_TOP, *OF_DEPLOYMENTS)) for pattern in _DEPLOYMENTS),
    ("migrations", tuple(name for name in (*OF_PODS, *OF_TOP) if name != "extraContainers")),
    ("testFramework", (*OF_PLACES, *OF_TOP)),
)


def extend(properties: dict[str, Schema], path: str) -> dict[str, Schema]:
    """The properties of a component with what it takes for itself, as references to `define`'s."""
    names = next((names for pattern, names in _TAKEN if fnmatchcase(path, pattern)), ())
    return properties | {name: {"$ref": f"#/$defs/{name}"} for name in names}


def define(whole: dict[str, Schema]) -> dict[str, Schema]:
    """The definitions that components refer to; `whole` has the properties of the whole chart."""
    return OF_PODS | OF_DEPLOYMENTS | {key: whole[key] for key in OF_TOP}
