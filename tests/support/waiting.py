"""Waiting for what another process or thread does, where none of `Children` is to be watched meanwhile."""

import time
from collections.abc import Callable

from sqlalchemy import Connection, text

_LOOK_SECONDS = 0.05


def wait_until(is_so: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    """Return once it is so; fail when it does not come within that time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(_LOOK_SECONDS)


def count_waiting(connection: Connection) -> int:
    """How many wait for an advisory lock at the moment."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    return int(connection.execute(waiting).scalar_one())
