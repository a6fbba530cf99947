"""Many processes' lines on one output."""

import io
import threading

from viral_cli.local.merged_log import MergedLog


def test_each_line_stands_behind_its_processs_name() -> None:
    output = io.StringIO()
    log = MergedLog(output)
    log.copy("dashboard", io.BytesIO(b"one\ntwo \xff\n"))
    log.close()
    assert output.getvalue() == "dashboard    │ one\ndashboard    │ two �\n"


class StuckOutput(io.StringIO):
    """A paused terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.go_on.wait()
        return super().write(text)


def test_an_output_that_nobody_reads_holds_no_process_up() -> None:
    output = StuckOutput()
    log = MergedLog(output)
    log.copy("web", io.BytesIO(b"line\n" * 30_000))
    output.go_on.set()
    log.close()
    printed = output.getvalue().splitlines()
    dropped = next(line for line in printed if "dropped" in line)
    shown = sum(line.endswith("line") for line in printed)
    assert f"({30_000 - shown} lines were dropped" in dropped


class ClosedOutput(io.StringIO):
    """A terminal that was closed."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_a_closed_output_is_survived() -> None:
    others = set(threading.enumerate())
    log = MergedLog(ClosedOutput())
    log.copy("web", io.BytesIO(b"line\n" * 3))
    log.close()
    assert not any(thread.name == "merged-log" for thread in set(threading.enumerate()) - others)
