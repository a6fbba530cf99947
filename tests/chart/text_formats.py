"""files/formats.yaml: what each text of the values has to look like, checked by templates/_formats.tpl.

A setting that its model checks by a function needs a format here, as does every text of the chart's own; `make chart`
fails without one. A plain pattern of a setting stands in values.schema.json instead.
"""

import re
from fnmatch import fnmatchcase
from typing import Any

from email_validator import SPECIAL_USE_DOMAIN_NAMES

from tests.chart.processes import LOCAL_ONLY, Group, all_groups, camel_case, is_secret, list_plain, name_group
from viral_runtime.settings.fields import OWN_PATHS
from viral_runtime.settings.ranges import format_range

Format = dict[str, Any]
_WIDE = r"\x{80}-\x{10FFFF}"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = rf"^{_LABEL}(\.{_LABEL})*$"
_PART = "[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_HOST = r"([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])"

# By the words of the setting's range; what is empty is unset, and never checked.
_DOMAIN = rf"[A-Za-z0-9_{_WIDE}-]+(\.[A-Za-z0-9_{_WIDE}-]+)+"
_ATOM = rf"[A-Za-z0-9_!#$%&'*+/=?^`{{|}}~{_WIDE}-]+"
_DNS = rf"[A-Za-z0-9{_WIDE}]([A-Za-z0-9{_WIDE}-]*[A-Za-z0-9{_WIDE}])?"
_EMAIL = rf"{_ATOM}(\.{_ATOM})*@({_DNS}\.)+([A-Za-z0-9{_WIDE}-]*[A-Za-z{_WIDE}])"
_MINUTES = r"\s*[0-9]+(\.[0-9]*)?\s*"
_OF_SETTINGS: dict[str, Format] = {
    "an email address": {
        "pattern": rf"^\s*([^<>]*<{_EMAIL}>|{_EMAIL})\s*$",
        "refuse": rf"(?i)[@.]({'|'.join(map(re.escape, SPECIAL_USE_DOMAIN_NAMES))})>?\s*$",
    },
    "networks such as 10.0.0.0/8, separated by commas, or nothing": {"check": "networks"},
    "domains such as school.example, separated by commas, or nothing": {
        "pattern": rf"^(\s*({_DOMAIN}\s*)?(,|$))*$",
    },
    "a path such as /viral, without a slash at its end, or nothing": {
        "pattern": "^(/[A-Za-z0-9._~-]+)+$",
        "refuse": f"^/({'|'.join(OWN_PATHS)})(/|$)",
    },
    "an https address, or nothing": {
        "pattern": r"^(?i:https:|http://([^/@]*@)?(localhost|127\.0\.0\.1|\[::1\])([:/?#]|$))",
    },
    "the path of a readable file of networks, or nothing": {"pattern": "^/[^/].*$"},
    "4 numbers, separated by commas, none below the one before": {
        "pattern": f"^{_MINUTES}(,{_MINUTES}){{3}}$",
        "check": "rising",
    },
}

# Checked by the model with another setting, and in _checks.tpl.
CHECKED_TOGETHER = {"health_status_warning", "oidc_client_id"}

# Checked by the process alone, which can read the file; a chart knows no more than what a path looks like.
CHECKED_ON_THE_MACHINE = {"datacentre_networks_file"}

# The first pattern that a value's path matches decides.
_OF_CHART: tuple[tuple[str, Format], ...] = (
    (
        "*ameOverride",
        {"pattern": "^[a-z][-a-z0-9]*$", "says": "lower-case letters, digits and hyphens, beginning with a letter"},
    ),
    (
        "image.registry",
        {
            "pattern": f"^{_HOST}(:[0-9]{{1,5}})?(/{_PART})*$",
            "says": "a host such as registry.example.com:5000/team, without https:// and without a slash at its end",
        },
    ),
    (
        "*.repository",
        {
            "pattern": f"^({_HOST}(:[0-9]{{1,5}})?/)?{_PART}(/{_PART})*$",
            "says": "a name in lower case such as team/dashboard, without https://, tag or digest",
        },
    ),
    (
        "*.tag",
        {"pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", "says": "a tag such as 1.0.0, up to 128 characters"},
    ),
    *(
        (
            name,
            {
                "pattern": rf"^(\*\.)?{_LABEL}(\.{_LABEL})*$",
                "refuse": r"^[0-9.]+$|.{254}",
                "says": "a host name in lower case such as guardrails.example.com, without https://, port or path",
            },
        )
        for name in ("*.host", "*.hostnames")
    ),
    *(
        (name, {"pattern": "^[-._a-zA-Z0-9]{1,253}$", "says": "a key of a Secret: letters, digits, hyphens, dots, _"})
        for name in ("secrets.*.key", "privateAuthority.key")
    ),
    (
        "*.loadBalancerClass",
        {
            "pattern": f"^({_LABEL}(\\.{_LABEL})*/)?[A-Za-z0-9][-A-Za-z0-9_.]*$",
            "says": "a class such as example.com/internal",
        },
    ),
    ("*.metric", {"pattern": "^[a-zA-Z_:][a-zA-Z0-9_:.-]*$", "says": "the name of a metric, such as queue_work"}),
    *(
        (
            name,
            {
                "pattern": _NAME,
                "refuse": ".{254}",
                "says": "the name of an object: lower-case letters, digits, - and .",
            },
        )
        for name in (
            *("*.existingSecret", "*.existingConfigMap", "*.tlsSecretName", "*.className", "*.priorityClassName"),
            *("*.pullSecrets", "serviceAccount.name"),
        )
    ),
)


def list_formats(values: Format) -> dict[str, Format]:
    """The format of each text by its path in the values, those of settings first."""
    found: dict[str, Format] = {}
    for group in all_groups():
        schemas = group.model_json_schema()["properties"]
        for name in group.model_fields:
            if format_ := _format_of_setting(group, name, schemas[name]):
                found[_path_of(group, name)] = format_
    return found | {path: format_ for path in _list_texts(values, "") if (format_ := find_format(path))}


def find_format(path: str) -> Format | None:
    """The format of one of the chart's own texts."""
    return next((format_ for pattern, format_ in _OF_CHART if fnmatchcase(path, pattern)), None)


def _path_of(group: Group, name: str) -> str:
    if is_secret(group, name):
        return f"secrets.{camel_case(name)}.value"
    key = name_group(group)
    return f"{key if key == 'thresholds' else f'config.{key}'}.{camel_case(name)}"


def _format_of_setting(group: Group, name: str, schema: Format) -> Format | None:
    says, secret = format_range(schema), is_secret(group, name)
    if name in LOCAL_ONLY or not (secret or name in list_plain(group)):
        return None
    if secret and says not in (*_OF_SETTINGS, "any text"):
        return {"pattern": _pattern_of_secret(schema), "says": says, "secret": True}
    if says in _OF_SETTINGS:
        return {**_OF_SETTINGS[says], "says": says, **({"secret": True} if secret else {})}
    if _has_function(group, name) and name not in CHECKED_TOGETHER:
        raise ValueError(f"text_formats.py needs a format for {name}, whose range is {says!r}")
    return None


def _pattern_of_secret(schema: Format) -> str:
    known = {**schema, **next((option for option in schema.get("anyOf", ()) if option["type"] != "null"), {})}
    return str(known.get("pattern") or f"(?s)^.{{{known.get('minLength', 1)},}}$")


def _has_function(group: Group, name: str) -> bool:
    """Whether more than the JSON schema checks the setting."""
    decorated = {
        field for item in group.__pydantic_decorators__.field_validators.values() for field in item.info.fields
    }
    return name in decorated or any(hasattr(item, "func") for item in group.model_fields[name].metadata)


def _list_texts(value: Any, path: str) -> list[str]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _list_texts(item, f"{path}.{key}".lstrip("."))]
    return [path] if isinstance(value, str | list) else []
