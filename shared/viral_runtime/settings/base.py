"""The base of every service's settings: read from the environment and validated at startup.

One model per concern. A field's description is its purpose and the impact of changing it. `.env.example` and
`docs/configuration.md` are generated from the models.
"""

import os
import sys
from typing import Annotated, Any, TypeVar, get_args

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from viral_runtime.settings.ranges import format_range

Port = Annotated[int, Field(ge=1, le=65535)]


class EnvironmentSettings(BaseSettings):
    """A group of settings; the variable is the field's name in upper case."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, frozen=True, allow_inf_nan=False)


Settings = TypeVar("Settings", bound=EnvironmentSettings)


class InvalidSettingsError(Exception):
    """Some settings are missing or out of range; `problems` has one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _format_problems(model: type[EnvironmentSettings], error: ValidationError) -> list[str]:
    fields = model.model_json_schema()["properties"]
    problems = []
    for item in error.errors():
        if isinstance(item.get("ctx", {}).get("error"), ValueError):
            problems.append(str(item["ctx"]["error"]))
            continue
        name = str(item["loc"][0])
        allowed = format_range(fields[name])
        shown = "is missing" if item["type"] == "missing" else f"is {_shown(model, name, item['input'])}"
        problems.append(f"{name.upper()} {shown}; allowed: {allowed}")
    return problems


# By name: a URL without its scheme, a common mistake, still contains the password.
_HOLDS_PASSWORD = ("database_url", "redis_url")


def _shown(model: type[EnvironmentSettings], name: str, value: object) -> str:
    annotation = model.model_fields[name].annotation
    secret = SecretStr in (annotation, *get_args(annotation)) or "://" in str(value) or name in _HOLDS_PASSWORD
    return "not valid (its value is secret)" if secret else repr(value)


def load_settings(*models: type[EnvironmentSettings]) -> list[Any]:
    """Read these groups from the environment.

    Raises InvalidSettingsError, which lists every invalid setting of every group.
    """
    loaded, problems = [], []
    for model in models:
        try:
            loaded.append(model())
        except ValidationError as error:
            problems += _format_problems(model, error)
    if problems:
        raise InvalidSettingsError(list(dict.fromkeys(problems)))
    return loaded


def load_settings_or_exit(*models: type[EnvironmentSettings]) -> list[Any]:
    """Read these groups, or print the problems on standard error and exit with code 78."""
    try:
        return load_settings(*models)
    except InvalidSettingsError as error:
        lines = "\n".join(f"  - {problem}" for problem in error.problems)
        sys.stderr.write(f"This service can't start because of invalid settings:\n{lines}\n")
        sys.exit(os.EX_CONFIG)
