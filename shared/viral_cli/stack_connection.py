"""The API for the command line: found in the environment or the running local stack, its errors as messages."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from viral_cli.local_env import read_local_env
from viral_cli.settings import StandaloneSettings
from viral_contract.client.metrics_api import ApiProblemError, ApiUnreachableError, MetricsApi
from viral_runtime.settings.base import load_settings_or_exit

_TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Connection:
    """The API with the URLs to show."""

    api: MetricsApi
    api_url: str
    dashboard_url: str
    var: Path


def connect() -> Connection:
    """Connect with METRICS_API_URL and API_TOKEN. Raises click.ClickException if they cannot be found."""
    settings: StandaloneSettings = load_settings_or_exit(StandaloneSettings)[0]
    values = {**_read_running_stack(settings.var_dir), **os.environ}
    missing = [name for name in ("METRICS_API_URL", "API_TOKEN") if not values.get(name)]
    if missing:
        raise click.ClickException(
            f"{' and '.join(missing)} not set, and there is no {settings.var_dir}/local.env, so no local stack is "
            "running here. Start one with `make run` in another terminal."
        )
    api = MetricsApi.connect(values["METRICS_API_URL"], values["API_TOKEN"], timeout_seconds=_TIMEOUT_SECONDS)
    dashboard_url = values.get("DASHBOARD_URL", "")
    return Connection(api, values["METRICS_API_URL"], dashboard_url, settings.var_dir)


def _read_running_stack(var: Path) -> Mapping[str, str]:
    try:
        return read_local_env(var / "local.env")
    except FileNotFoundError:
        return {}


@contextmanager
def api_errors_explained(api_url: str, advice: str) -> Iterator[None]:
    """Turn the client's errors into click.ClickException with advice."""
    try:
        yield
    except ApiUnreachableError as error:
        raise click.ClickException(f"No response from {api_url}. Is the stack running? {advice}") from error
    except ApiProblemError as error:
        raise click.ClickException(
            f"The API rejected the request ({error.status} {error.code}): {error.detail} {advice}"
        ) from error
