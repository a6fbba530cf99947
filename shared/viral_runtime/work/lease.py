"""Holding a row of the metrics API by a lease: what a worker says about it is repeated while the API is away."""

from collections.abc import Callable
from typing import TypeVar

from viral_contract.client.connection import ApiProblemError, ApiUnreachableError

Answer = TypeVar("Answer")
NOT_HELD = "not_held"
RETRY_SECONDS = 0.5


class LeaseLostError(Exception):
    """Somebody else may hold the row by now, so this worker must leave it alone."""


def repeat_while_held(send: Callable[[], Answer], pause: Callable[[], None]) -> Answer:
    """The answer of a call; while the API is away it is repeated after a `pause`, which ends that by LeaseLostError.

    Raises LeaseLostError where the API says that the row is not held.
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
        pause()
