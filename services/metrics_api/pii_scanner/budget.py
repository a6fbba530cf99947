"""The budget of a scan: processor time of the scanning thread.

How long a scan takes depends on what a text makes the rules do, not on its length, and only the clock measures that for
every rule. Unlike wall-clock time, it does not depend on the load of the machine. Each rule takes time in proportion to
the text, so checking between rules and values is often enough.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_END: ContextVar[float | None] = ContextVar("end of the scan's processor time", default=None)


class BudgetExceededError(Exception):
    """The scan was canceled because it exceeded its processor time."""


@contextmanager
def limit_scan(seconds: float) -> Iterator[None]:
    """Limit the total processor time of the block's scans, which raise BudgetExceededError beyond it."""
    token = _END.set(time.thread_time() + seconds)
    try:
        yield
    finally:
        _END.reset(token)


def check_budget() -> None:
    """Raise BudgetExceededError if the time is over; never without a limit."""
    end = _END.get()
    if end is not None and time.thread_time() >= end:
        raise BudgetExceededError
