"""A worker's lease on a row of the metrics API."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from viral_contract.client.connection import ApiProblemError, ApiUnreachableError
from viral_contract.models.jobs import MOST_ERROR_CHARACTERS

Answer = TypeVar("Answer")
NOT_HELD = "not_held"
_RETRY_SECONDS = 0.5
_log = structlog.get_logger()


class LeaseLostError(Exception):
    """Another worker may hold the row by now, so this worker must leave it alone."""


class Lease:
    """A row that this worker has claimed; its calls are repeated while the API is down."""

    def __init__(self, seconds: float) -> None:
        self._held_until = time.monotonic() + seconds
        self._over = threading.Event()

    def call(self, send: Callable[[], Answer]) -> Answer:
        """The answer of a call, which is sent at least once, and repeated while the API is down and the lease lasts.

        Raises LeaseLostError if the lease ends first, or if the API says that the row is not held.
        """
        while True:
            try:
                return send()
            except ApiUnreachableError:
                pass
            except ApiProblemError as error:
                if error.code == NOT_HELD:
                    raise LeaseLostError from error
                if not error.may_pass:
                    raise
            self._over.wait(_RETRY_SECONDS)
            self.check()

    def check(self) -> None:
        """Raise LeaseLostError if the lease has ended."""
        if self._over.is_set() or time.monotonic() >= self._held_until:
            raise LeaseLostError

    def extend(self, seconds: float, *, since: float) -> None:
        """Hold the row until this many seconds after `since`, a monotonic time."""
        self._held_until = max(self._held_until, since + seconds)

    def end(self) -> None:
        """Release the row."""
        self._over.set()


def claim(send: Callable[[], Answer], event: str, **row: int) -> Answer | None:
    """The claimed row; None if another worker has it or the API is down, which is logged as `event`.

    Nothing is lost: the reconciler enqueues waiting rows again. Raises ApiProblemError.
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
    """An error as an attempt reports it, cut to the API's limit."""
    return f"{type(error).__name__}: {error}"[:MOST_ERROR_CHARACTERS]
