"""Stored events are classified again by new rules, step by step, and the facts follow."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.batches.steps import StepContext, start_due_classification, step_batch
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.classify_again import are_in_use
from metrics_api.ingest.events import save_events
from metrics_api.ingest.locks import share_facts
from metrics_api.traffic.classifier import Classifier
from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks
from tests.support.pseudonyms import PSEUDONYMS
from tests.support.trusted_networks import PERIOD
from viral_contract.models.events import Event

APP = "LearnLoop/5.2 okhttp/4.9.3"
OLD, NEW = FactRules(), FactRules(Classifier(["LearnLoop/"]))
_CLASSES = text(
    "SELECT traffic_class, classifier_version, count(*) FROM attribution_events GROUP BY 1, 2 ORDER BY 1, 2"
)


@pytest.fixture
def posted(empty_database: Engine) -> Database:
    """Twenty clicks of an app that the rules so far take for a library, and one of a bot."""
    fields = {"ip_address": "203.0.113.7", "device_fingerprint": "d-1", "link_id": "l-1"}
    events = build_clicks(20, apart=1, user_agent=APP, **fields) + build_clicks(1, user_agent="Googlebot/2.1", **fields)
    database = Database(empty_database)
    start(database, OLD)
    with database.write() as connection:
        save_events(connection, [Event.model_validate(event) for event in events], OLD, now=NOON)
    return database


def start(database: Database, rules: FactRules, *, days: int = 0) -> None:
    with database.write() as connection:
        start_due_classification(connection, rules, now=NOON + timedelta(days=days))


def step(database: Database, rules: FactRules, *, days: int = 1) -> list[tuple[Any, ...]]:
    """Do one step of every batch that is under way; returns kinds and states of all."""
    context = StepContext("US", 1, NOON + timedelta(days=days), 0, rules, PSEUDONYMS)
    with database.write() as connection:
        unfinished = text("SELECT id FROM batches WHERE status IN ('queued', 'running') ORDER BY id")
        for batch_id in connection.execute(unfinished).scalars().all():
            step_batch(connection, batch_id, context)
        known = connection.execute(text("SELECT kind, status, done_steps FROM batches ORDER BY id")).all()
    return [tuple(row) for row in known]


def finish(database: Database, rules: FactRules) -> None:
    while any(status in ("queued", "running") for _kind, status, _done in step(database, rules)):
        pass


def fetch_classes(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(_CLASSES)]


def test_a_new_install_records_its_rules_and_has_nothing_to_do(database: Database, connection: Connection) -> None:
    start(database, OLD)
    assert are_in_use(connection, OLD)
    assert step(database, OLD) == []


def test_whoever_finds_what_is_to_be_classified_keeps_no_writer_out(posted: Database, connection: Connection) -> None:
    """Counting all clicks takes long where many are kept."""
    start(posted, NEW)
    with posted.write() as planning:
        batch_id = planning.execute(text("SELECT id FROM batches")).scalar_one()
        assert step_batch(planning, batch_id, StepContext("US", 1, NOON, 0, NEW, PSEUDONYMS))
        with posted.write() as writing:
            share_facts(writing)
            late = build_clicks(2, user_agent=APP)
            assert save_events(writing, [Event.model_validate(event) for event in late], NEW, now=NOON) == 2
    finish(posted, NEW)
    assert fetch_classes(connection) == [("human", 2, 22), ("known_bot", 1, 1)]


def test_new_rules_classify_what_is_stored_and_then_the_facts_are_rebuilt(
    api: Api, posted: Database, connection: Connection
) -> None:
    assert fetch_classes(connection) == [("known_bot", 1, 1), ("library", 1, 20)]
    assert api.read("/v1/guardrails/fraud", **PERIOD)["total_flagged_ips"] == 0
    start(posted, NEW)
    start(posted, NEW)
    for done in (1, 2, 3):
        assert step(posted, NEW) == [("classify_events", "running", done)]
    # The facts still say what they said.
    assert fetch_classes(connection) == [("human", 2, 20), ("known_bot", 1, 1)]
    assert api.read("/v1/guardrails/fraud", **PERIOD)["total_flagged_ips"] == 0
    assert step(posted, NEW) == [("classify_events", "done", 4), ("rebuild_facts", "queued", 0)]
    finish(posted, NEW)
    assert api.read("/v1/guardrails/fraud", **PERIOD)["total_flagged_ips"] == 1
    assert api.read("/v1/guardrails/bots", **PERIOD)["total_flagged_devices"] == 1
    assert connection.execute(text("SELECT clicks FROM link_counts")).scalar_one() == 20
    start(posted, NEW, days=9)
    assert len(step(posted, NEW)) == 2, "nothing is left to do"


def test_a_process_with_other_rules_leaves_the_step_to_another_one(posted: Database) -> None:
    start(posted, NEW)
    assert step(posted, OLD)[-1] == ("classify_events", "queued", 0)
    assert step(posted, NEW)[-1] == ("classify_events", "queued", 0), "it waits a little"
    assert step(posted, NEW, days=2)[-1] == ("classify_events", "running", 1)


def test_rules_that_change_meanwhile_begin_from_the_start(posted: Database) -> None:
    start(posted, NEW)
    step(posted, NEW)
    start(posted, FactRules(Classifier(["LearnLoop/", "Other/"])))
    assert step(posted, NEW)[-1] == ("classify_events", "queued", 0)


def test_what_a_process_with_other_rules_stored_is_classified_later(posted: Database, connection: Connection) -> None:
    start(posted, NEW)
    finish(posted, NEW)
    with posted.write() as writing:
        late = build_clicks(2, user_agent=APP)
        save_events(writing, [Event.model_validate(event) for event in late], OLD, now=NOON)
    assert fetch_classes(connection) == [("human", 2, 20), ("known_bot", 1, 1), ("library", None, 2)]
    start(posted, NEW, days=1)
    assert len(step(posted, NEW)) == 2, "within an hour of the last time nothing starts"
    start(posted, NEW, days=2)
    finish(posted, NEW)
    assert fetch_classes(connection) == [("human", 2, 22), ("known_bot", 1, 1)]


def test_what_an_older_release_stored_counts_until_it_is_classified(
    api: Api, database: Database, connection: Connection
) -> None:
    """Its pods may still run, and could not do a step: the batch waits until they are replaced."""
    with database.write() as writing:
        bots = build_clicks(12, ip_address="203.0.113.7", user_agent="Googlebot/2.1")
        save_events(writing, [Event.model_validate(event) for event in bots], OLD, now=NOON)
    # As the release before stored them.
    connection.execute(text("UPDATE attribution_events SET traffic_class = NULL, traffic_reason = NULL"))
    connection.execute(text("DELETE FROM traffic_per_day"))
    connection.execute(
        text("""WITH totals AS (
                INSERT INTO activity_per_day (day, source, has_referrer, clicks) VALUES ('2026-03-04', '', false, 12))
            INSERT INTO activity_per_referrer_day (day, referrer_id, source, clicks) VALUES ('2026-03-04', '', '', 12)
        """)
    )
    assert api.read("/v1/growth/k-factor", **PERIOD)["total_clicks"] == 12
    assert api.read("/v1/guardrails/traffic", **PERIOD)["is_classified"] is False
    start(database, OLD)
    assert step(database, OLD, days=0) == [("classify_events", "queued", 0)]
    finish(database, OLD)
    assert api.read("/v1/growth/k-factor", **PERIOD)["total_clicks"] == 0
    answer = api.read("/v1/guardrails/traffic", **PERIOD)
    assert (answer["is_classified"], answer["filtered_share"]) == (True, 1)
