"""What is stored while another transaction folds is staged, and counted before the request is answered, or after it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from metrics_api.cases.stakes import own_cases
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.combiner import fold_batch, fold_rest
from metrics_api.ingest.events import Taken, take_events
from metrics_api.ingest.locks import claim_folding
from metrics_api.ingest.rebuild import plan_rebuild, rebuild_step
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks
from tests.support.pseudonyms import PSEUDONYMS
from viral_contract.models.events import Event

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@contextmanager
def somebody_folding(engine: Engine) -> Iterator[None]:
    """A transaction that folds, and ends with the block."""
    with engine.begin() as connection:
        claim_folding(connection)
        yield


def take(database: Database, clicks: list[dict[str, Any]]) -> Taken:
    with database.write() as connection:
        events = [Event.model_validate(click) for click in clicks]
        return take_events(connection, events, lambda *_: b"", PSEUDONYMS, FactRules(), now=NOW)


def take_staged(engine: Engine, database: Database, clicks: list[dict[str, Any]]) -> int:
    """The batch as which the clicks are staged."""
    with somebody_folding(engine):
        taken = take(database, clicks)
    assert (taken.accepted, taken.waits_for is None) == (len(clicks), False)
    return taken.waits_for or 0


def count_clicks(connection: Connection) -> int:
    return connection.execute(text("SELECT coalesce(sum(clicks), 0) FROM activity_per_referrer_day")).scalar_one()


def count_staged(connection: Connection) -> list[int]:
    tables = ("staged_batches", "staged_events", "staged_traffic")
    return [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]


def test_alone_a_batch_is_folded_with_what_stores_it(
    empty_database: Engine, database: Database, connection: Connection
) -> None:
    assert empty_database
    assert take(database, build_clicks(3, at=NOW)) == Taken(3, 0, 0)
    assert count_clicks(connection) == 3


def test_who_refreshes_cases_does_not_keep_events_from_being_folded(
    empty_database: Engine, database: Database, connection: Connection
) -> None:
    with empty_database.begin() as refreshing:
        own_cases(refreshing)
        assert take(database, build_clicks(2, at=NOW)).waits_for is None
    assert count_clicks(connection) == 2


def test_what_waits_is_folded_together(empty_database: Engine, database: Database, connection: Connection) -> None:
    first, second = (take_staged(empty_database, database, build_clicks(2, at=NOW)) for _ in range(2))
    assert count_clicks(connection) == 0
    fold_batch(database, first)
    assert count_clicks(connection) == 4
    assert count_staged(connection) == [0, 0, 0]
    fold_batch(database, second)
    assert count_clicks(connection) == 4


def test_a_request_that_finds_somebody_folding_is_answered_once_its_events_are_counted(
    api: Api, empty_database: Engine, connection: Connection
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with somebody_folding(empty_database) as _, empty_database.connect() as observer:
            posting = pool.submit(api.post_events, *build_clicks(5, at=NOW))
            while not observer.execute(text("SELECT count(*) FROM staged_batches")).scalar_one():
                observer.rollback()
            assert not posting.done()
        assert posting.result()["accepted"] == 5
    assert count_clicks(connection) == 5


def test_a_repeated_request_is_answered_once_what_its_first_try_left_is_counted(
    api: Api, empty_database: Engine, database: Database, connection: Connection
) -> None:
    clicks = build_clicks(4, at=NOW)
    take_staged(empty_database, database, clicks)
    assert api.post_events(*clicks) == {"accepted": 0, "duplicates": 4}
    assert count_clicks(connection) == 4


def test_a_batch_that_cannot_be_folded_holds_nobody_up_and_is_kept(
    empty_database: Engine, database: Database, connection: Connection
) -> None:
    bad, good = (take_staged(empty_database, database, build_clicks(2, at=NOW)) for _ in range(2))
    with empty_database.begin() as breaking:
        breaking.execute(text("UPDATE staged_events SET day = NULL WHERE batch_id = :id"), {"id": bad})
    fold_batch(database, good)
    assert count_clicks(connection) == 2
    with pytest.raises(DBAPIError):
        fold_rest(database)
    fold_batch(database, take_staged(empty_database, database, build_clicks(1, at=NOW)))
    assert (count_clicks(connection), count_staged(connection)[:2]) == (3, [1, 2])
    with empty_database.begin() as mending:
        mending.execute(text("UPDATE staged_events SET day = CAST(:day AS date)"), {"day": NOW.date()})
    fold_rest(database)
    assert (count_clicks(connection), count_staged(connection)) == (5, [0, 0, 0])


def test_a_request_whose_events_cannot_be_counted_yet_says_that_they_are_stored(
    api: Api, empty_database: Engine, database: Database, connection: Connection
) -> None:
    clicks = build_clicks(2, at=NOW)
    take_staged(empty_database, database, clicks)
    with empty_database.begin() as breaking:
        breaking.execute(text("UPDATE staged_events SET day = NULL"))
    problem = api.refuse(503, "POST", "/v1/events", json={"events": clicks})
    assert (problem["code"], "stored" in problem["detail"]) == ("not_counted", True)
    assert api.post_events(*build_clicks(1, at=NOW))["accepted"] == 1
    assert count_clicks(connection) == 1


def test_a_rebuild_counts_what_cannot_be_folded(
    empty_database: Engine, database: Database, connection: Connection
) -> None:
    bad = take_staged(empty_database, database, build_clicks(2, at=NOW))
    with empty_database.begin() as breaking:
        breaking.execute(text("UPDATE staged_events SET day = NULL"))
    with pytest.raises(DBAPIError):
        fold_batch(database, bad)
    with empty_database.begin() as rebuilding:
        for day in plan_rebuild(rebuilding):
            rebuild_step(rebuilding, day, FactRules())
    fold_rest(database)
    assert (count_clicks(connection), count_staged(connection)) == (2, [0, 0, 0])


def test_ids_made_here_follow_each_other_in_time(
    empty_database: Engine, database: Database, connection: Connection
) -> None:
    assert empty_database
    for _ in range(3):
        take(database, [{"event_type": "click"}])
    ids = "SELECT array_agg(uuid_extract_version(event_id) ORDER BY event_id) FROM attribution_events"
    assert connection.execute(text(ids)).scalar_one() == [7, 7, 7]
