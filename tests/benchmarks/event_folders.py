"""Databases with the benchmark's events, each kept in a folder by its number, so that filling happens once."""

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.migrate import upgrade
from metrics_api.ingest.classify_again import are_in_use, put_in_use
from metrics_api.ingest.rebuild import plan_rebuild, rebuild_step
from tests.benchmarks.dataset import store_events, store_links
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres

_PASSWORD = "password"
SERVER_SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "2GB"}


@contextmanager
def start_postgres(folder: Path) -> Iterator[tuple[Children, str]]:
    """A server with the data in `folder`, migrated, and its URL; it stops at the end."""
    record = ProcessRecord(folder / "processes.json")
    with Children(MergedLog(io.StringIO()), record) as children:
        postgres = EmbeddedPostgres(folder / "postgres", _PASSWORD, find_free_port(), SERVER_SETTINGS)
        postgres.start(children)
        upgrade(postgres.url)
        yield children, postgres.url


def prepare(work: Path, events: int, kept: Path | None) -> None:
    """Bring the data in `work` to so many events: a copy of those that are kept, else by adding to what is there.

    What is added is kept, too.
    """
    if kept and (kept / str(events) / "postgres").exists():
        shutil.rmtree(work, ignore_errors=True)
        copy(kept / str(events), work)
        with start_postgres(work) as (_, url):
            renew_facts(url)
            clean_up(url)
        return
    work.mkdir(exist_ok=True)
    with start_postgres(work) as (_, url):
        grow(url, events)
    if kept:
        copy(work, kept / str(events))


def copy(source: Path, target: Path) -> None:
    """Copy the data of a stopped server with its owner, who runs the server."""
    target.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(source.resolve() / "postgres"), str(target / "postgres")], check=True)


def renew_facts(url: str) -> None:
    """Rebuild the facts if an earlier release, which had others, has filled the database."""
    database, rules, now = (
        Database(create_database_engine(url, pool_size=1, statement_timeout=False)),
        FactRules(),
        datetime.now(UTC),
    )
    with database.write() as connection:
        if are_in_use(connection, rules):
            return
        put_in_use(connection, rules, now=now)
        days = plan_rebuild(connection)
    for day in days:
        with database.write() as connection:
            rebuild_step(connection, day, rules)
    database.close()


def grow(url: str, events: int) -> None:
    """Add events until there are so many, by as many processes as there are cores."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        stored, newest = connection.execute(text("SELECT count(*), max(occurred_at) FROM attribution_events")).one()
    engine.dispose()
    now, processes = newest or datetime.now(UTC), os.cpu_count() or 1
    if not stored:
        store_links(url, now=now)
    work = partial(store_events, url, events, now=now, stored=stored, parts=processes)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(work, part=part) for part in range(processes)]:
            done.result()
    clean_up(url)


def clean_up(url: str) -> None:
    """What a server does in a quiet hour."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for command in ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(text(command))
    engine.dispose()
