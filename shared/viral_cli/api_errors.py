"""The API's refusals as messages of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from viral_contract.client.metrics_api import ApiProblemError, ApiUnreachableError


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
