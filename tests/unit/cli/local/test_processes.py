"""Children are watched, stopped, and killed if they must be."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from viral_cli.local import leftovers, processes
from viral_cli.local.errors import StackError
from viral_cli.local.leftovers import ProcessRecord, only_stack_in
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.processes import Children, Program, watch

IGNORE_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
TELL_AND_WAIT = "print('up', flush=True)\nimport time\ntime.sleep(60)"


def python(code: str, name: str = "child", log_file: Path | None = None) -> Program:
    return Program(name, [sys.executable, "-c", code], log_file=log_file)


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def children(output: io.StringIO, tmp_path: Path) -> Iterator[Children]:
    with Children(MergedLog(output), ProcessRecord(tmp_path / "processes.json")) as group:
        yield group


def wait_for_line(children: Children, path: Path) -> None:
    children.wait_until(lambda: "up" in path.read_text(), "the child", seconds=30)


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("raise SystemExit(78)", "ended with exit code 78"),
        ("raise SystemExit(0)", "ended with exit code 0"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
    ],
)
def test_a_child_that_ends_by_itself_is_named_with_its_end(code: str, end: str, children: Children) -> None:
    children.start(python(code, "dashboard"))
    with pytest.raises(StackError, match=f"dashboard ended unexpectedly: it {end}"):
        watch(children)


def test_the_end_of_a_log_file_is_shown(children: Children, tmp_path: Path) -> None:
    children.start(python("raise SystemExit('no space left')", log_file=tmp_path / "postgres.log"))
    with pytest.raises(StackError, match="no space left"):
        watch(children)


def test_a_preparation_that_fails_is_named(children: Children) -> None:
    with pytest.raises(StackError, match="migrate failed: it ended with exit code 3"):
        children.run(python("raise SystemExit(3)", "migrate"))


def test_waiting_for_a_child_ends_early_when_it_ends(children: Children) -> None:
    children.start(python("raise SystemExit(1)"))
    with pytest.raises(StackError, match="ended unexpectedly"):
        children.wait_until(lambda: False, "the child", seconds=60)


def test_waiting_has_a_deadline(children: Children) -> None:
    with pytest.raises(StackError, match="The page was not ready within 0 seconds"):
        children.wait_until(lambda: False, "The page", seconds=0)


def test_a_child_that_ignores_the_signal_is_killed(
    children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.2)
    others = set(psutil.Process().children())
    children.start(python(IGNORE_SIGTERM + TELL_AND_WAIT, log_file=tmp_path / "log"))
    wait_for_line(children, tmp_path / "log")
    children.stop()
    assert set(psutil.Process().children()) - others == set()


def test_a_childs_output_is_merged(children: Children, output: io.StringIO) -> None:
    children.run(python("print('hello')", "migrate"))
    children.wait_until(lambda: "migrate      │ hello\n" in output.getvalue(), "the line", seconds=30)


PARENT = """
import io, os, sys, time
from pathlib import Path
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.processes import Children, Program
children = Children(MergedLog(io.StringIO()), ProcessRecord(Path(sys.argv[1]) / "processes.json"))
children.start(Program("child", [sys.executable, "-c", sys.argv[2]], log_file=Path(sys.argv[1]) / "log"))
children.wait_until(lambda: "up" in (Path(sys.argv[1]) / "log").read_text(), "the child", seconds=30)
print(*[child.pid for child in __import__("psutil").Process().children()], flush=True)
time.sleep(60)
"""


def start_parent(folder: Path, child_code: str) -> tuple[subprocess.Popen[str], psutil.Process]:
    """A process with a child of its own, as a stack has them."""
    command = [sys.executable, "-c", PARENT, str(folder), child_code]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    return parent, psutil.Process(int(parent.stdout.readline()))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    parent, child = start_parent(tmp_path, TELL_AND_WAIT)
    parent.kill()
    parent.wait()
    child.wait(timeout=30)


def test_the_next_start_ends_what_a_killed_stack_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_SECONDS_TO_END", 0.2)
    parent, child = start_parent(tmp_path, IGNORE_SIGTERM + TELL_AND_WAIT)
    parent.kill()
    parent.wait()
    assert child.is_running()
    ProcessRecord(tmp_path / "processes.json").stop_leftovers()
    child.wait(timeout=30)
    assert not (tmp_path / "processes.json").exists()


def test_a_process_with_a_recorded_id_that_began_at_another_time_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "processes.json").write_text(f'{{"{os.getpid()}": 1.0}}')
    ProcessRecord(tmp_path / "processes.json").stop_leftovers()
    assert not (tmp_path / "processes.json").exists()


def test_a_half_written_record_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "processes.json").write_text('{"12')
    ProcessRecord(tmp_path / "processes.json").stop_leftovers()
    assert not (tmp_path / "processes.json").exists()


def test_a_folder_belongs_to_one_stack(tmp_path: Path) -> None:
    with only_stack_in(tmp_path), pytest.raises(StackError, match="already running"), only_stack_in(tmp_path):
        pass
    with only_stack_in(tmp_path):
        pass
