"""values.schema.json: types follow from the defaults, ranges from the settings' models, the rest from rules here."""

from fnmatch import fnmatchcase
from typing import Any

from tests.chart.processes import PRODUCTION_DEFAULTS, Group, all_groups, camel_case, list_plain, name_group

Schema = dict[str, Any]
_FREE: Schema = {"type": "object"}
_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_PORTS: Schema = {"type": "array", "items": _PORT, "minItems": 1}
_PEERS: Schema = {"type": "array", "items": _FREE}

# The first pattern that a value's path matches decides.
_RULES: tuple[tuple[str, Schema], ...] = (
    ("global", _FREE),
    ("*.resources", _FREE),
    ("*.affinity", _FREE),
    ("*.nodeSelector", _TEXTS),
    ("*abels", _TEXTS),
    ("*nnotations", _TEXTS),
    ("*.tolerations", _PEERS),
    ("*.topologySpreadConstraints", _PEERS),
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
    if type(value) not in kinds:
        raise ValueError(f"schema_rules.py needs a rule for {path}, whose default is {value!r}")
    return {"type": kinds[type(value)]}


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
