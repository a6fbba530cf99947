"""Cleans up after an unclean stop: one stack per folder, and orphaned processes."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from viral_cli.local.errors import StackError

_SECONDS_TO_END = 10
_CLOCK_TOLERANCE_SECONDS = 2


@contextmanager
def only_stack_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system frees even after a kill. Raises StackError if another stack has it."""
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(
                f"A stack with its data in {folder} is already running. See {folder}/local.env, or choose "
                "another folder with VAR_DIR and other ports with METRICS_API_PORT and DASHBOARD_PORT."
            ) from error
        yield


class ProcessRecord:
    """The processes of a stack, recorded on disk until it has stopped them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._started: dict[int, float] = {}

    def add(self, pid: int) -> None:
        """Record a process by its id and start time, because ids are reused."""
        self._write({**self._started, pid: psutil.Process(pid).create_time()})

    def remove(self, pid: int) -> None:
        """Remove an ended process."""
        self._write({known: began for known, began in self._started.items() if known != pid})

    def stop_leftovers(self) -> None:
        """End the processes that an earlier stack could not stop, with their children."""
        if not self._path.exists():
            return
        leftovers = [process for entry in self._read().items() for process in _find_family(*entry)]
        for process in leftovers:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        _, stubborn = psutil.wait_procs(leftovers, timeout=_SECONDS_TO_END)
        for process in stubborn:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=_SECONDS_TO_END)
        self._write({})

    def _read(self) -> dict[int, float]:
        try:
            return {int(pid): began for pid, began in json.loads(self._path.read_text()).items()}
        except ValueError:
            # The machine stopped during the write, so the processes are gone too.
            return {}

    def _write(self, started: dict[int, float]) -> None:
        self._started = started
        if started:
            self._path.write_text(json.dumps(started))
        else:
            self._path.unlink(missing_ok=True)


def _find_family(pid: int, began: float) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if abs(process.create_time() - began) < _CLOCK_TOLERANCE_SECONDS:
            return [process, *process.children(recursive=True)]
    return []
