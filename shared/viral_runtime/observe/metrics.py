"""Metrics of a service's processes, summed through files in memory.

The Prometheus client decides how to count when a metric is created, which is when its module is imported. So a process
that forks calls `share_metrics` before it imports anything with metrics.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_MEMORY = Path("/dev/shm")  # noqa: S108 - each process makes a folder of its own in it.


def share_metrics(identify: Callable[[], str | int] = os.getpid) -> None:
    """Count through files from now on; `identify` returns the id of the counting process, which names its files."""
    folder = tempfile.mkdtemp(prefix="viral-engine-metrics-", dir=_MEMORY if _MEMORY.is_dir() else None)
    os.environ[_FOLDER] = folder
    values.ValueClass = values.MultiProcessValue(identify)  # type: ignore[no-untyped-call]
    atexit.register(partial(_remove, folder, os.getpid()))


def share_metrics_with_jobs() -> None:
    """Like `share_metrics`, for a worker that forks one child per job.

    All children use the same files; otherwise every job would add some.
    """
    worker = os.getpid()
    share_metrics(lambda: "worker" if os.getpid() == worker else "job")


def is_above(name: str, limit: int) -> bool:
    """Whether the environment sets `name` to a number above the limit; the settings report invalid numbers."""
    given = os.environ.get(name, "")
    return given.isdigit() and int(given) > limit


def forget_process(pid: int) -> None:
    """Remove an ended process's gauges; its counters stay."""
    if _FOLDER in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def serve_metrics(host: str, port: int) -> None:
    """Serve `/metrics` of this process and those that share with it from a thread; port 0 serves none."""
    if not port:
        return
    registry = REGISTRY
    if _FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    start_http_server(port, addr=host, registry=registry)


def _remove(folder: str, owner: int) -> None:
    # Children inherit exit handlers.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
