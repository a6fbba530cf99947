"""What is made from the models of the settings: a block of values.yaml, values.schema.json and four files."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic_core import PydanticUndefined

from metrics_api.settings.detection import DetectionSettings
from tests.chart.processes import (
    PRODUCTION_DEFAULTS,
    Group,
    all_groups,
    camel_case,
    groups_of_processes,
    list_plain,
    list_secrets,
    name_group,
)
from tests.chart.programs import CHART
from tests.chart.schema_rules import build_schema
from tests.chart.text_formats import list_formats
from viral_runtime.settings.ranges import format_range

_BEGIN = "# --- Made from the settings by `make chart`; change defaults only: from here ---\n"
_END = "# --- to here ---\n"
_WIDTH = 110
_SECRETS_HEAD = """\
# Secrets: in one existing Secret, in several, or made by the chart.
secrets:
  # Name of a Secret that you made before. It holds each variable below under its name in capitals, such as
  # DATABASE_URL. Set it to "" to give values here instead.
  # WARNING: a value given here ends up in Helm's record of the release. Prefer an existing Secret in production.
  existingSecret: viral-engine-secrets
"""


def format_values(text: str) -> str:
    """values.yaml with its block of settings made anew; every other line stays."""
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}{_format_settings()}{_END}{after}"


def _format_settings() -> str:
    lines = _format_group(DetectionSettings, indent=0)
    lines.append("\n# Every other setting, grouped as in docs/configuration.md. Set only what differs.\n")
    lines.append("config:\n")
    for group in all_groups():
        if group is not DetectionSettings and list_plain(group):
            lines += _format_group(group, indent=2)
    return "".join([*lines, "\n", _SECRETS_HEAD, *_format_secrets(), "\n"])


def _format_group(group: Group, indent: int) -> list[str]:
    schemas, pad = group.model_json_schema()["properties"], " " * indent
    lines = [*_comment((group.__doc__ or "").splitlines()[0], pad), f"{pad}{name_group(group)}:\n"]
    for name in list_plain(group):
        says = f"{group.model_fields[name].description} Valid: {format_range(schemas[name])}."
        lines += _comment(says, pad + "  ")
        lines.append(f"{pad}  {camel_case(name)}: {json.dumps(default_of(group, name))}\n")
    return lines


def default_of(group: Group, name: str) -> Any:
    """The default in the chart, which is the setting's own unless production wants another."""
    default = PRODUCTION_DEFAULTS.get(name, group.model_fields[name].default)
    if default is None or default is PydanticUndefined:
        return None
    return default if isinstance(default, bool | int | float | str) else str(default)


def _format_secrets() -> Iterator[str]:
    for name, required in list_secrets(*all_groups()).items():
        group = next(group for group in all_groups() if name in group.model_fields)
        need = "Required." if required else "Optional."
        yield from _comment(f"{group.model_fields[name].description} {need}", "  ")
        yield f"  {camel_case(name)}:\n"
        yield '    value: ""\n'
        yield "    # Another Secret than the common one, and the key in it.\n"
        yield f'    existingSecret: ""\n    key: {name.upper()}\n'


def _comment(text: str, pad: str) -> list[str]:
    return [f"{pad}# {line}\n" for line in textwrap.wrap(text, _WIDTH - len(pad))]


def format_process_settings() -> str:
    """files/settings.yaml: the groups and secrets of each process."""
    processes = {
        process: {
            # In an order that does not change with the code's, which would restart the pods.
            "groups": sorted(name_group(group) for group in groups if list_plain(group)),
            "secrets": {
                camel_case(name): {"variable": name.upper(), "required": required}
                for name, required in list_secrets(*groups).items()
            },
        }
        for process, groups in groups_of_processes().items()
    }
    head = "# Which settings each process reads; made by `make chart` from the code.\n"
    return head + yaml.safe_dump(processes, sort_keys=False, width=_WIDTH)


def format_shared_settings() -> str:
    """files/shared.yaml: by group, the settings that another group has too."""
    counts = Counter(name for group in all_groups() for name in list_plain(group))
    shared = {
        name_group(group): [camel_case(name) for name in list_plain(group) if counts[name] > 1]
        for group in all_groups()
    }
    head = "# Settings that several groups have; made by `make chart` from the code.\n"
    return head + yaml.safe_dump({name: keys for name, keys in shared.items() if keys}, sort_keys=False, width=_WIDTH)


def format_defaults() -> str:
    """files/defaults.yaml: the numbers that a process has where the values say null."""
    numbers = {
        name_group(group): {
            camel_case(name): group.model_fields[name].default
            for name in list_plain(group)
            if type(group.model_fields[name].default) in (int, float)
        }
        for group in all_groups()
    }
    head = "# What a number is where the values say null; made by `make chart` from the code.\n"
    return head + yaml.safe_dump({name: found for name, found in numbers.items() if found}, sort_keys=False)


def format_formats(values: str) -> str:
    """files/formats.yaml: what texts have to look like."""
    head = "# What each text of the values has to look like; made by `make chart`.\n"
    return head + yaml.safe_dump(list_formats(yaml.safe_load(values)), sort_keys=False, width=10_000)


def format_schema(values: str) -> str:
    """values.schema.json: types from the values, ranges from the settings."""
    return json.dumps(build_schema(yaml.safe_load(values)), indent=2) + "\n"


def write() -> None:
    """Write all of them."""
    values = format_values((CHART / "values.yaml").read_text())
    (CHART / "values.yaml").write_text(values)
    (CHART / "values.schema.json").write_text(format_schema(values))
    (CHART / "files").mkdir(exist_ok=True)
    (CHART / "files" / "settings.yaml").write_text(format_process_settings())
    (CHART / "files" / "shared.yaml").write_text(format_shared_settings())
    (CHART / "files" / "formats.yaml").write_text(format_formats(values))
    (CHART / "files" / "defaults.yaml").write_text(format_defaults())
