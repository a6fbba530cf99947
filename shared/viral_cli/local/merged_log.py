"""One readable output for the lines of many processes."""

import contextlib
import queue
import threading
from typing import IO, TextIO

import click

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "bright_red")
_NAME_WIDTH = 13
_MOST_WAITING_LINES = 10_000


class MergedLog:
    """Writes whole lines after the name of their process, colored on a terminal.

    It never waits for the reader: if no one reads the output, as on a paused terminal, lines are dropped and counted,
    so that a log cannot block a service.
    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING_LINES)
        self._dropped = 0
        self._names: list[str] = []
        self._printer = threading.Thread(target=self._print_lines, name="merged-log", daemon=True)
        self._printer.start()

    def write(self, line: str) -> None:
        """Add a line; it is printed soon."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def copy(self, name: str, stream: IO[bytes]) -> None:
        """Add every line of a process's output until it ends."""
        prefix = self._build_prefix(name)
        for line in stream:
            self.write(prefix + line.decode(errors="replace").rstrip())

    def close(self) -> None:
        """Print pending lines, for at most two seconds."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=1)
            self._printer.join(timeout=2)

    def _build_prefix(self, name: str) -> str:
        if name not in self._names:
            self._names.append(name)
        prefix = f"{name.ljust(_NAME_WIDTH)}│ "
        if not self._output.isatty():
            return prefix
        return click.style(prefix, fg=_COLOURS[self._names.index(name) % len(_COLOURS)])

    def _print_lines(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._dropped:
                line = f"({self._dropped} lines were dropped because nothing was reading them.)\n{line}"
                self._dropped = 0
            # A closed terminal must not end this thread, or lines would pile up.
            with contextlib.suppress(OSError, ValueError):
                self._output.write(line + "\n")
                self._output.flush()
