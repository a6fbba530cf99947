"""The speed of ingest beside that of another checkout: `python -m tests.benchmarks.ingest_side_by_side FOLDER`.

The folder is a checkout with its `.venv`. Both store the same batches in turns, each in a database of its own on one
server, so that other work on the machine slows both alike. On a busy machine the seconds of CPU, of Python and of its
session on the server, say more than the time that passes.
"""

import io
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import median

from sqlalchemy import create_engine, make_url, text

from tests.benchmarks.ingest_and_detection import generate_batch
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres

PAIRS = {10_000: 24, 1_000: 60, 100: 150}
_NOT_COUNTED = 2
_WORKER = Path(__file__).with_name("ingest_worker.py")
_HEAD = """\
| events in a batch | pairs | before, µs an event | after | speed kept | before, µs of CPU | after | kept of CPU |
|--:|--:|--:|--:|--:|--:|--:|--:|"""


class Worker:
    """A process that stores batches with the code of a checkout."""

    def __init__(self, stack: ExitStack, python: Path, url: str) -> None:
        command, folder = [str(python), str(_WORKER), url], tempfile.gettempdir()
        pipe = subprocess.PIPE
        self._process = stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=folder))
        self._read()

    def store(self, batch: str) -> tuple[float, float]:
        """The seconds that it took, and those of CPU."""
        if self._process.stdin:
            print(batch, file=self._process.stdin, flush=True)
        taken, cpu = json.loads(self._read())
        return taken, cpu

    def _read(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit("the worker ended")
        return line


def measure(workers: dict[str, Worker], random: Random, size: int, pairs: int) -> str:
    """A row of the table; the first pairs are not counted."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in workers}
    for number in range(pairs + _NOT_COUNTED):
        events = [event.model_dump(mode="json", exclude_none=True) for event in generate_batch(random, size)]
        for event in events:
            event["landing_page"] = f"https://app.example/join/{random.randrange(1000)}?utm_source=share"
        for name in sorted(workers, reverse=number % 2 == 1):
            spent[name].append(workers[name].store(json.dumps(events)))
    counted = {name: each[_NOT_COUNTED:] for name, each in spent.items()}
    before, after = (median(taken for taken, _ in counted[name]) * 1e6 / size for name in ("before", "after"))
    cpu_before, cpu_after = (sum(cpu for _, cpu in counted[name]) * 1e6 / size / pairs for name in ("before", "after"))
    return (
        f"| {size:,} | {pairs} | {before:.0f} | {after:.0f} | {before / after:.2f} "
        f"| {cpu_before:.0f} | {cpu_after:.0f} | {cpu_before / cpu_after:.2f} |"
    )


def run(base: Path) -> str:
    """Measure on a server of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="viral-engine-")))
        children = stack.enter_context(Children(MergedLog(io.StringIO()), ProcessRecord(folder / "processes.json")))
        postgres = EmbeddedPostgres(folder / "postgres", "password", find_free_port(), {"shared_buffers": "1GB"})
        postgres.start(children)
        engine = create_engine(postgres.url.replace("postgresql://", "postgresql+psycopg://"))
        workers = {}
        for name, python in (("before", base / ".venv/bin/python"), ("after", Path(sys.executable))):
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            url = make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
            workers[name] = Worker(stack, python, url)
        engine.dispose()
        random = Random(5)
        return "\n".join([_HEAD, *(measure(workers, random, size, pairs) for size, pairs in PAIRS.items())])


if __name__ == "__main__":
    print(run(Path(sys.argv[1]).absolute()))
