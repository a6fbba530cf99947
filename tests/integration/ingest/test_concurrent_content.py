"""Content written, deleted, resolved, rescanned and rebuilt at the same time: no deadlock, and facts that are right."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from metrics_api.batches.ledger import fetch_batch
from metrics_api.batches.steps import StepContext, start_batch, step_batch
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.content import delete_content, encode_item, save_content, scan_content
from metrics_api.ingest.content_tables import PARENT_SHARES
from metrics_api.ingest.links import save_links
from metrics_api.ingest.resolutions import AlreadyResolvedError, UnknownViolationError, save_resolution
from tests.support.content_account import fetch_counts
from tests.support.pseudonyms import PSEUDONYMS
from viral_contract.models.batches import BatchKind
from viral_contract.models.content import ParentShareItem
from viral_contract.models.links import LinkItem
from viral_contract.models.violations import ViolationResolution

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
GIVEN = StepContext(
    phone_region="US", scan_seconds=1, now=NOW, backoff_base_seconds=0, rules=FactRules(), pseudonyms=PSEUDONYMS
)
IDS = [f"s-{number}" for number in range(40)]
TEXTS = ["Beat my best time!", "my SSN is 219-09-9999", "write to john@example.com"]
DAYS = [None, datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)]
Deed = Callable[[Database, random.Random], None]


def save(database: Database, rng: random.Random) -> None:
    """Write some shares in no particular order."""
    items = [
        encode_item(
            ParentShareItem(
                id=name,
                share_data={"message": rng.choice(TEXTS)},
                view_count=rng.randint(0, 1),
                inserted_at=rng.choice(DAYS),
            )
        )
        for name in rng.sample(IDS, k=20)
    ]
    found = scan_content(PARENT_SHARES, items, phone_region="US", seconds=1)
    with database.write() as connection:
        save_content(connection, PARENT_SHARES, items, found, now=NOW)


def save_some_links(database: Database, rng: random.Random) -> None:
    """Write links, which meet the shares in the facts of the day."""
    items = [
        LinkItem(id=name, referrer_id="maria", source="prep_pack", inserted_at=rng.choice(DAYS))
        for name in rng.sample(IDS, k=20)
    ]
    with database.write() as connection:
        save_links(connection, items, now=NOW)


def delete(database: Database, rng: random.Random) -> None:
    """Delete one share, if it is there."""
    with database.write() as connection:
        delete_content(connection, PARENT_SHARES, rng.choice(IDS))


def resolve(database: Database, rng: random.Random) -> None:
    """Resolve a violation that somebody else may resolve, replace or delete at this moment."""
    with database.read() as connection:
        waiting = connection.execute(text("SELECT id FROM violations WHERE resolution IS NULL")).scalars().all()
    if not waiting:
        return
    request = ViolationResolution(resolution=rng.choice(["removed", "false_positive"]), note="because")
    try:
        with database.write() as connection:
            save_resolution(connection, rng.choice(waiting), request, actor="a test", now=NOW)
    except (UnknownViolationError, AlreadyResolvedError):
        return


def rescan(database: Database, _rng: random.Random) -> None:
    """Let everything look old, and scan it again."""
    with database.write() as connection:
        connection.execute(text("UPDATE parent_shares SET scanner_version = 0 WHERE share_id = 's-1'"))
    run(database, "rescan_content")


def rebuild(database: Database, _rng: random.Random) -> None:
    """Count everything again."""
    run(database, "rebuild_facts")


def run(database: Database, kind: BatchKind) -> None:
    with database.write() as connection:
        batch_id = start_batch(connection, kind)
    status = "queued"
    while status in ("queued", "running"):
        with database.write() as connection:
            # Where another does a step just now, there is none to do.
            batch = step_batch(connection, batch_id, GIVEN) or fetch_batch(connection, batch_id)
        assert batch
        status = batch.status


def test_whoever_meets_whom_the_facts_are_those_of_a_rebuild(database: Database, connection: Connection) -> None:
    deeds: list[Deed] = [save, save, save, save_some_links, delete, resolve, resolve, rescan, rebuild]

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(25):
            rng.choice(deeds)(database, rng)

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(work, range(6)))

    kept = fetch_counts(connection)
    assert any(kept.values())
    connection.execute(text("UPDATE parent_shares SET violating = NOT violating"))
    run(database, "rebuild_facts")
    assert fetch_counts(connection) == kept
