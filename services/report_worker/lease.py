"""Holding a run: the lease is renewed from a thread, and calls are repeated only while it lasts."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from viral_contract.client.metrics_api import ApiProblemError
from viral_runtime.work.lease import RETRY_SECONDS, LeaseLostError, repeat_while_held

Answer = TypeVar("Answer")
_RENEWALS_A_LEASE = 3


class Lease:
    """A run that is held while the block runs, as long as the API can be reached once in a lease."""

    def __init__(self, renew: Callable[[], None], seconds: float) -> None:
        """`renew` extends the lease by `seconds` from when it is called."""
        self._renew = renew
        self._seconds = seconds
        self._held_until = time.monotonic() + seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()

    def call(self, send: Callable[[], Answer]) -> Answer:
        """The answer of a call; while the API is away it is repeated. Raises LeaseLostError when the run is lost."""
        self._check_held()
        return repeat_while_held(send, self._pause)

    def _check_held(self) -> None:
        if self._over.is_set() or time.monotonic() >= self._held_until:
            raise LeaseLostError

    def _pause(self) -> None:
        self._over.wait(RETRY_SECONDS)
        self._check_held()

    def _keep(self) -> None:
        pause = self._seconds / _RENEWALS_A_LEASE
        while not self._over.wait(pause):
            asked_at = time.monotonic()
            try:
                self.call(self._renew)
            except (LeaseLostError, ApiProblemError):
                self._over.set()
            else:
                self._held_until = asked_at + self._seconds
