"""How many processes a web service runs: as many as its setting says, else one for each core, at most 8."""

import math
import os
from pathlib import Path

_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""The quota and the period in microseconds, or `max` for no quota, of the container."""
_MOST = 8
"""So that those of the API, with 8 connections each, leave some of the 100 that PostgreSQL allows by default."""


def count_processes(given: int, limit: Path = _CPU_LIMIT) -> int:
    """The number that is given, or one per core where it is 0."""
    return given or max(1, min(_MOST, _count_cores(), _read_limit(limit)))


def count_named_processes(name: str) -> int:
    """The same of a variable of the environment; the settings report an invalid one."""
    given = os.environ.get(name, "")
    return count_processes(int(given) if given.isdecimal() else 0)


def _count_cores() -> int:
    # Not every system can bind a process to some of its cores.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read_limit(limit: Path) -> int:
    """The cores that the container may use; a part of one is one."""
    try:
        quota, period = limit.read_text().split()
    except (OSError, ValueError):
        return _MOST
    return _MOST if quota == "max" else math.ceil(int(quota) / int(period))
