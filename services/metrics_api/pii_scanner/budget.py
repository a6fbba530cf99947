"""How much work a scan may do.

Processor time of the scanning thread, not characters: the largest content is small, so what makes a scan long is what a
text makes the rules do, and only the clock sees that in every rule, today's and tomorrow's. It does not depend on how
busy the machine is, as the time of a wall clock would. Each rule does work in proportion to the text, so that looking
at the clock between rules and values is often enough.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_END: ContextVar[float | None] = ContextVar("end of the scan's processor time", default=None)


class BudgetExceededError(Exception):
    """The scan was given up: it needs more processor time than it has."""


@contextmanager
def limit_scan(seconds: float) -> Iterator[None]:
    """Let the scans of the block take so much processor time together; what they raise then is BudgetExceededError."""
    token = _END.set(time.thread_time() + seconds)
    try:
        yield
    finally:
        _END.reset(token)


def check_budget() -> None:
    """Raise BudgetExceededError once the time is over; without a limit never."""
    end = _END.get()
    if end is not None and time.thread_time() >= end:
        raise BudgetExceededError
