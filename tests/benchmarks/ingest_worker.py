"""Stores the batches that `ingest_side_by_side` sends, by the code of whichever checkout its Python is from."""

import inspect
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psutil
from sqlalchemy import text

from metrics_api.access.identifiers import References
from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.migrate import upgrade
from metrics_api.ingest.events import take_events
from viral_contract.models.events import Event

_REFERENCES = References("a key of the benchmark")


def main(url: str) -> None:
    """Answer each line, a batch of events in JSON, with the seconds and the seconds of CPU that storing it took."""
    upgrade(url)
    database = Database(create_database_engine(url, pool_size=1))
    arguments = _make_arguments(database)
    with database.read() as connection:
        server = psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    print("ready", flush=True)
    for line in sys.stdin:
        events = [Event.model_validate(each) for each in json.loads(line)]
        before, started = _cpu_seconds(server), time.perf_counter()
        with database.write() as connection:
            take_events(connection, events, _REFERENCES.to_mark, *arguments, now=datetime.now(UTC))
        taken = time.perf_counter() - started
        print(json.dumps([taken, _cpu_seconds(server) - before]), flush=True)


def _cpu_seconds(server: psutil.Process) -> float:
    spent = server.cpu_times()
    of_server: float = spent.user + spent.system
    return time.process_time() + of_server


def _make_arguments(database: Database) -> Sequence[Any]:
    """What `take_events` wants beside the batch: nothing in releases before traffic classes."""
    if "rules" not in inspect.signature(take_events).parameters:
        return ()
    from metrics_api.access.pseudonyms import Pseudonyms
    from metrics_api.db.fact_rules import FactRules
    from metrics_api.ingest.classify_again import put_in_use
    from metrics_api.pii_scanner.redaction import Redactor

    rules = FactRules()
    with database.write() as connection:
        put_in_use(connection, rules, now=datetime.now(UTC))
    return Pseudonyms(_REFERENCES, Redactor("US")), rules


if __name__ == "__main__":
    main(sys.argv[1])
