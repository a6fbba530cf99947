"""A worker's hold on a row of the metrics API: claimed, and spoken for while the lease lasts."""

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
    """Somebody else may hold the row by now, so this worker must leave it alone."""


class Lease:
    """A row that this worker claimed just now; what it says about it is repeated while the API is away."""

    def __init__(self, seconds: float) -> None:
        self._held_until = time.monotonic() + seconds
        self._over = threading.Event()

    def call(self, send: Callable[[], Answer]) -> Answer:
        """The answer of a call, which is sent once in any case, and again while the API is away and the lease lasts.

        Raises LeaseLostError when the lease ends before, or where the API says that the row is not held.
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
        """Raise LeaseLostError when the lease has ended."""
        if self._over.is_set() or time.monotonic() >= self._held_until:
            raise LeaseLostError

    def extend(self, seconds: float, *, since: float) -> None:
        """Hold the row until so many seconds after `since`, a moment of the monotonic clock."""
        self._held_until = max(self._held_until, since + seconds)

    def end(self) -> None:
        """Hold the row no longer."""
        self._over.set()


def claim(send: Callable[[], Answer], event: str, **row: int) -> Answer | None:
    """The answer about a row; None where it is another's or the API is away, which is logged as `event`.

    Nothing is lost by that: the reconciler enqueues a row that still waits again. Raises ApiProblemError.
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
    """An error as an attempt that it ended reports it, cut to what the API takes."""
    return f"{type(error).__name__}: {error}"[:MOST_ERROR_CHARACTERS]
