"""How many processes a web service runs: as many as its setting says, else one for each core that it may use."""

import math
import os
from pathlib import Path

_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""The quota and the period in microseconds, or `max` for no quota, of the container."""
_MOST = 32


def count_processes(given: int, limit: Path = _CPU_LIMIT) -> int:
    """The number that is given, or one per core where it is 0."""
    return given or max(1, min(_MOST, len(os.sched_getaffinity(0)), _read_limit(limit)))


def count_named_processes(name: str) -> int:
    """The same of a variable of the environment; the settings report an invalid one."""
    given = os.environ.get(name, "")
    return count_processes(int(given) if given.isdecimal() else 0)


def _read_limit(limit: Path) -> int:
    """The cores that the container may use; a part of one is one."""
    try:
        quota, period = limit.read_text().split()
    except (OSError, ValueError):
        return _MOST
    return _MOST if quota == "max" else math.ceil(int(quota) / int(period))
