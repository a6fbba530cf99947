"""What the jobs of all workers share: rows that they take in hand or leave alone."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from viral_contract.client.connection import ApiConnection, ApiProblemError, ApiUnreachableError
from viral_contract.models.jobs import MOST_ERROR_CHARACTERS
from viral_runtime.work.lease import NOT_HELD

Api = TypeVar("Api", bound=ApiConnection)
Answer = TypeVar("Answer")
_log = structlog.get_logger()


def take_in_hand(send: Callable[[], Answer], event: str, **row: int) -> Answer | None:
    """The answer about a row; None where it is another's or the API is away, which is logged as `event`.

    Nothing is lost by that: the reconciler puts a row that still waits on its queue again. Raises ApiProblemError.
    """
    try:
        return send()
    except ApiUnreachableError:
        _log.warning(event, **row, reason="api_unreachable")
    except ApiProblemError as error:
        if error.code != NOT_HELD and not error.may_pass:
            raise
        _log.info(event, **row, reason=error.code)
    return None


def format_error(error: Exception) -> str:
    """An error as an attempt that it ended is told by, cut to what the API takes."""
    return f"{type(error).__name__}: {error}"[:MOST_ERROR_CHARACTERS]
