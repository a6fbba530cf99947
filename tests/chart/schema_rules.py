"""values.schema.json: types follow from the defaults, ranges from the settings' models, the rest from rules here."""

from fnmatch import fnmatchcase
from typing import Any

from tests.chart.component_values import OF_PODS, define, extend
from tests.chart.processes import PRODUCTION_DEFAULTS, Group, all_groups, camel_case, list_plain, name_group
from tests.chart.text_formats import find_format

Schema = dict[str, Any]
_FREE: Schema = {"type": "object"}
_LABEL_VALUE = "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"
_LABEL_NAME: Schema = {
    "pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
}
_ANNOTATIONS: Schema = {
    "type": "object",
    "propertyNames": _LABEL_NAME,
    "additionalProperties": {"type": "string"},
}
_LABELS: Schema = {**_ANNOTATIONS, "additionalProperties": {"type": "string", "pattern": _LABEL_VALUE}}
# Those that the chart gives every object, and selects by.
_OWN_LABELS = ["name", "instance", "component", "version", "part-of", "managed-by"]
_FURTHER_LABELS: Schema = {
    **_LABELS,
    "propertyNames": {
        **_LABEL_NAME,
        "not": {"enum": [*(f"app.kubernetes.io/{name}" for name in _OWN_LABELS), "helm.sh/chart"]},
    },
}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_PORTS: Schema = {"type": "array", "items": _PORT, "minItems": 1}
_QUANTITIES: Schema = {
    "type": "object",
    "additionalProperties": {
        "type": ["string", "number"],
        "minimum": 0,
        "pattern": "^[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$",
    },
}
_RESOURCES: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"requests": _QUANTITIES, "limits": _QUANTITIES, "claims": {"type": "array", "items": _FREE}},
}
_SELECTOR: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"matchLabels": _LABELS, "matchExpressions": {"type": "array", "items": _FREE}},
}
_BLOCK: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cidr"],
    "properties": {"cidr": {"type": "string"}, "except": {"type": "array", "items": {"type": "string"}}},
}
_PEERS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {"namespaceSelector": _SELECTOR, "podSelector": _SELECTOR, "ipBlock": _BLOCK},
        "dependentSchemas": {"ipBlock": {"maxProperties": 1}},
    },
}
_TOLERATIONS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "key": {"type": "string"},
            "operator": {"enum": ["Exists", "Equal"]},
            "value": {"type": "string", "pattern": _LABEL_VALUE},
            "effect": {"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
            "tolerationSeconds": {"type": "integer"},
        },
    },
}
_SPREAD: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["maxSkew", "topologyKey", "whenUnsatisfiable"],
        "properties": {
            "maxSkew": {"type": "integer", "minimum": 1},
            "topologyKey": {"type": "string", **_LABEL_NAME},
            "whenUnsatisfiable": {"enum": ["DoNotSchedule", "ScheduleAnyway"]},
        },
    },
}
_OBJECTS: Schema = {"type": "array", "items": _FREE}
_NAMES: Schema = {"type": "array", "items": {"type": "string", "minLength": 1}}
_HOST: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"host": {"type": "string", "minLength": 1}, "tlsSecretName": {"type": "string"}},
    "required": ["host"],
}

# The first pattern that a value's path matches decides.
_RULES: tuple[tuple[str, Schema], ...] = (
    ("global", _FREE),
    *OF_PODS.items(),
    ("extraObjects", {"type": "array", "items": {"type": ["object", "string"]}}),
    ("privateAuthority.postgresSslMode", {"enum": ["", "verify-full", "verify-ca", "require"]}),
    ("egressProxy.url", {"type": "string", "pattern": "^(https?://[^\\s/]+/?)?$"}),
    ("egressProxy.noProxy", _NAMES),
    ("ipFamilies", {"type": "array", "items": {"enum": ["IPv4", "IPv6"]}, "maxItems": 2, "uniqueItems": True}),
    ("ipFamilyPolicy", {"enum": ["", "SingleStack", "PreferDualStack", "RequireDualStack"]}),
    ("*.service.type", {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]}),
    ("*.service.nodePort", {"type": ["integer", "null"], "minimum": 1, "maximum": 65535}),
    ("*.service.loadBalancerSourceRanges", _NAMES),
    ("*.service.externalTrafficPolicy", {"enum": ["", "Cluster", "Local"]}),
    ("ingress.*.extraHosts", {"type": "array", "items": _HOST}),
    ("*.paths", {"type": "array", "items": {"type": "string", "pattern": "^/"}}),
    ("gateway.*.hostnames", _NAMES),
    ("gateway.parentRefs", _OBJECTS),
    ("gateway.*.filters", _OBJECTS),
    ("*.resources", _RESOURCES),
    ("*.affinity", _FREE),
    ("*.nodeSelector", _LABELS),
    ("commonLabels", _FURTHER_LABELS),
    ("podLabels", _FURTHER_LABELS),
    ("*abels", _LABELS),
    ("*nnotations", _ANNOTATIONS),
    ("*.tolerations", _TOLERATIONS),
    ("*.topologySpreadConstraints", _SPREAD),
    ("image.pullPolicy", {"enum": ["Always", "IfNotPresent", "Never"]}),
    ("image.pullSecrets", {"type": "array", "items": {"type": "string"}}),
    ("*.image.digest", {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"}),
    ("featureFlags.*.rolloutPct", {"type": "integer", "minimum": 0, "maximum": 100}),
    ("featureFlags.*.people", {"type": "array", "items": {"type": "string", "minLength": 1}}),
    ("reconciler.replicas", {"type": "integer", "minimum": 1, "maximum": 2}),
    ("*.replicas", {"type": "integer", "minimum": 1}),
    ("workers.*.concurrency", _COUNT),
    ("*.autoscaling.minReplicas", {"type": "integer", "minimum": 1}),
    ("*.autoscaling.maxReplicas", {"type": ["integer", "null"], "minimum": 1}),
    ("*.autoscaling.targetCPUUtilizationPercentage", {"type": "integer", "minimum": 1, "maximum": 100}),
    ("*.maxUnavailable", {"type": ["integer", "string"], "minimum": 1, "pattern": "^[1-9][0-9]?%$"}),
    ("networkPolicy.*orts", _PORTS),
    ("networkPolicy.*Port", _PORT),
    ("networkPolicy.*From", _PEERS),
    ("networkPolicy.*To", _PEERS),
    ("*.service.port", _PORT),
    ("*.interval", {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"}),
)


def build_schema(values: Schema) -> Schema:
    """The schema of a whole values.yaml."""
    settings = {_path_of(group): _schema_of_group(group) for group in all_groups() if list_plain(group)}
    schema = _infer(values, "", settings)
    schema["properties"]["global"] = _FREE
    _extend(schema, "")
    schema["$defs"] = define(schema["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _path_of(group: Group) -> str:
    name = name_group(group)
    return name if name == "thresholds" else f"config.{name}"


def _infer(value: Any, path: str, settings: dict[str, Schema]) -> Schema:
    if path in settings:
        return settings[path]
    rule = next((schema for pattern, schema in _RULES if path and fnmatchcase(path, pattern)), None)
    if rule is not None:
        return rule
    if isinstance(value, dict):
        properties = {key: _infer(item, f"{path}.{key}".lstrip("."), settings) for key, item in value.items()}
        return {"type": "object", "additionalProperties": False, "properties": properties}
    kinds = {bool: "boolean", int: "integer", str: "string"}
    is_free_text = isinstance(value, str) and not (path.endswith(".value") or find_format(path))
    if type(value) not in kinds or is_free_text:
        raise ValueError(
            f"schema_rules.py needs a rule for {path}, or text_formats.py a format; its default is {value!r}"
        )
    return {"type": kinds[type(value)]}


def _extend(schema: Schema, path: str) -> None:
    for key, inner in schema["properties"].items():
        if "properties" in inner:
            below = f"{path}.{key}".lstrip(".")
            _extend(inner, below)
            inner["properties"] = extend(inner["properties"], below)


def _schema_of_group(group: Group) -> Schema:
    fields = group.model_json_schema()["properties"]
    properties = {camel_case(name): _shorten(fields[name]) for name in list_plain(group)}
    for name in PRODUCTION_DEFAULTS.keys() & fields.keys():
        if PRODUCTION_DEFAULTS[name] is None:
            properties[camel_case(name)]["type"] = [fields[name]["type"], "null"]
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _shorten(schema: Schema) -> Schema:
    """The field's own schema, without what the chart decides, and with null where it may stay unset."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "default", "anyOf", "valid")}
    for option in schema.get("anyOf", ()):
        if option["type"] != "null":
            kept |= option | {"type": [option["type"], "null"]}
    return {key: value for key, value in kept.items() if (key, value) != ("format", "path")}
