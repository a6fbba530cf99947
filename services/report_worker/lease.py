"""Holding a run: the lease is renewed from a thread, and nothing is said once it has ended."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from viral_contract.client.metrics_api import ApiProblemError
from viral_runtime.work.lease import Answer, Lease, LeaseLostError

_RENEWALS_A_LEASE = 3


class RenewedLease(Lease):
    """A run that is held while the block runs, as long as the API can be reached once in a lease."""

    def __init__(self, renew: Callable[[], None], seconds: float) -> None:
        """`renew` extends the lease by `seconds` from when it is called."""
        super().__init__(seconds)
        self._renew = renew
        self._seconds = seconds
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.end()

    def call(self, send: Callable[[], Answer]) -> Answer:
        """The answer of a call, as of any lease; raises LeaseLostError also when the run was lost before."""
        self.check()
        return super().call(send)

    def _keep(self) -> None:
        while not self._over.wait(self._seconds / _RENEWALS_A_LEASE):
            asked_at = time.monotonic()
            try:
                self.call(self._renew)
            except (LeaseLostError, ApiProblemError):
                self.end()
            else:
                self.extend(self._seconds, since=asked_at)
