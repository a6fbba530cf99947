"""DuckDB and ClickHouse, each within a process, with the same events and links as PostgreSQL has."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import duckdb
from sqlalchemy import Connection

from tests.benchmarks.questions import Rows

CLICKHOUSE_PYTHON = Path(sys.prefix) / "clickhouse/bin/python"
_WORKER = Path(__file__).with_name("clickhouse_worker.py")
_ADDRESS = "coalesce(host(ip_address), '')"
_TEXTS = ("device_fingerprint", "link_id", "referrer_id", "source", "user_id", "session_id", "traffic_class")
_TYPES = {
    "event_type": "VARCHAR",
    "occurred_at": "TIMESTAMP",
    "ip_address": "VARCHAR",
    **dict.fromkeys(_TEXTS, "VARCHAR"),
}
_LINK_TYPES = {"link_id": "VARCHAR", "referrer_id": "VARCHAR", "source": "VARCHAR", "inserted_at": "TIMESTAMP"}
# An empty text is "none", as columnar engines prefer it.
_EXPORTS = {
    "events": (
        f"""SELECT event_type, occurred_at AT TIME ZONE 'UTC', {_ADDRESS},
            {", ".join(f"coalesce({name}, '')" for name in _TEXTS)} FROM attribution_events""",
        _TYPES,
    ),
    "links": (
        "SELECT link_id, referrer_id, source, inserted_at AT TIME ZONE 'UTC' FROM attribution_links",
        _LINK_TYPES,
    ),
}
_ORDER = {"events": "event_type, occurred_at", "links": "inserted_at"}


def export(connection: Connection, folder: Path) -> None:
    """Write the events and links into `events.parquet` and `links.parquet`."""
    engine = duckdb.connect()
    for name, (select, types) in _EXPORTS.items():
        rows = folder / f"{name}.csv"
        with (
            rows.open("wb") as file,
            connection.connection.cursor().copy(f"COPY ({select}) TO STDOUT (FORMAT csv)") as copy,
        ):
            file.writelines(copy)
        columns = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
        # What is quoted is an empty text, not none.
        read = f"read_csv('{rows}', header = false, columns = {{{columns}}}, force_not_null = {list(types)})"
        engine.execute(f"COPY (SELECT * FROM {read} ORDER BY {_ORDER[name]}) TO '{folder / name}.parquet'")
        rows.unlink()
    engine.close()


class Engine(Protocol):
    """What answers statements."""

    name: str
    version: str

    def ask(self, statement: str) -> tuple[Rows, float]:
        """The rows, and how many milliseconds they took."""


class DuckDb:
    """DuckDB with its own tables in memory."""

    name = "DuckDB"
    version = duckdb.__version__

    def __init__(self, stack: ExitStack, parquet: Path) -> None:
        self._engine = duckdb.connect()
        stack.callback(self._engine.close)
        for table in _EXPORTS:
            self._engine.execute(f"CREATE TABLE {table} AS SELECT * FROM '{parquet / table}.parquet'")

    def ask(self, statement: str) -> tuple[Rows, float]:
        """The rows, and how many milliseconds they took."""
        began = time.perf_counter()
        rows = self._engine.execute(statement).fetchall()
        return rows, 1000 * (time.perf_counter() - began)


class ClickHouse:
    """ClickHouse with its own tables in a folder, in a process of its own, because its library is not in the lock."""

    name = "ClickHouse"

    def __init__(self, stack: ExitStack, parquet: Path) -> None:
        command = [str(CLICKHOUSE_PYTHON), str(_WORKER), str(parquet / "clickhouse")]
        pipe = subprocess.PIPE
        self._process = stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
        stack.callback(self._process.terminate)
        self.version = self.ask("SELECT version()")[0][0][0]
        for table, (_, types) in _EXPORTS.items():
            columns = ", ".join(f"{name} {_name_type(name, kind)}" for name, kind in types.items())
            self.ask(f"CREATE TABLE {table} ({columns}) ENGINE = MergeTree ORDER BY ({_ORDER[table]})")
            self.ask(f"INSERT INTO {table} SELECT * FROM file('{parquet / table}.parquet', Parquet)")
            self.ask(f"OPTIMIZE TABLE {table} FINAL")

    def ask(self, statement: str) -> tuple[Rows, float]:
        """The rows, and how many milliseconds they took."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(statement) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer["rows"], answer["ms"]


def _name_type(name: str, kind: str) -> str:
    if kind == "TIMESTAMP":
        return "DateTime64(6, 'UTC')"
    return "LowCardinality(String)" if name in ("event_type", "source", "traffic_class") else "String"


def start_engines(stack: ExitStack, parquet: Path) -> list[Engine]:
    """Both engines, loaded; DuckDB alone where `make bench` has not installed ClickHouse."""
    engines: list[Engine] = [DuckDb(stack, parquet)]
    if CLICKHOUSE_PYTHON.exists():
        engines.append(ClickHouse(stack, parquet))
    return engines
