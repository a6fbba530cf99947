"""The texts of `.env.example` and `docs/configuration.md`, made from the models of the settings."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.ranges import format_range

_WIDTH = 112
_ENV_HEAD = """\
# Every setting; made by `python -m viral_cli.local.settings_documents`. A commented line shows the default.
"""
_PAGE_HEAD = """\
# Configuration

Settings come from the environment and are checked at start: a service with a bad value lists every bad one with its
allowed range and ends with code 78. Thresholds can also be tried for one request, under their name in lower case. This
page and `.env.example` are made by `python -m viral_cli.local.settings_documents`.
"""


@dataclass(frozen=True)
class Setting:
    """One variable as it is documented."""

    name: str
    purpose: str
    allowed: str
    default: str | None


def list_settings(model: type[EnvironmentSettings]) -> Iterator[Setting]:
    """The variables of one group."""
    schemas = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        default = None if field.default is PydanticUndefined else _format_default(field.default)
        yield Setting(name.upper(), field.description or "", format_range(schemas[name]), default)


def _format_default(default: Any) -> str:
    if default is None:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def format_env_example(groups: Iterable[type[EnvironmentSettings]]) -> str:
    """The text of `.env.example`."""
    return _ENV_HEAD + "".join(_format_group(model) for model in groups)


def _format_group(model: type[EnvironmentSettings]) -> str:
    lines = [f"\n# --- {_purpose_of(model)}\n"]
    for setting in list_settings(model):
        says = f"{setting.purpose} Valid: {setting.allowed}."
        lines += [f"# {line}\n" for line in textwrap.wrap(says, _WIDTH)]
        lines.append(f"{setting.name}=\n" if setting.default is None else f"# {setting.name}={setting.default}\n")
    return "".join(lines)


def format_page(groups: Iterable[type[EnvironmentSettings]]) -> str:
    """The text of `docs/configuration.md`."""
    return _PAGE_HEAD + "".join(_format_table(model) for model in groups)


def _format_table(model: type[EnvironmentSettings]) -> str:
    rows = [
        f"| `{setting.name}` | {_format_shown_default(setting)} | {_escape(setting.allowed)} | {setting.purpose} |\n"
        for setting in list_settings(model)
    ]
    head = "| variable | default | valid | purpose and impact |\n|---|---|---|---|\n"
    return f"\n## {_purpose_of(model).rstrip('.')}\n{head}{''.join(rows)}"


def _format_shown_default(setting: Setting) -> str:
    if setting.default is None:
        return "required"
    return f"`{setting.default}`" if setting.default else "none"


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")


def _purpose_of(model: type[EnvironmentSettings]) -> str:
    return (model.__doc__ or model.__name__).splitlines()[0]
