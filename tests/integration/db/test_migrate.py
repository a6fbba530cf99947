"""Migrations that are cut off or run twice at once, on a database of their own."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from metrics_api.db.migrate import downgrade, upgrade

_INDEX = "idx_attribution_events_link_id"
_BEFORE_ITS_INDEXES = "0001"
_EVENT = text("""
    INSERT INTO attribution_events (event_id, event_type, occurred_at, user_id, source)
    VALUES (gen_random_uuid(), :type, :at, 'u', :source)
""")
_JOURNEY = text("""
    INSERT INTO user_journeys (person, first_click_at, first_visit_at, first_signup_at, first_conversion_at)
    VALUES ('user:u', '2026-03-03Z', '2026-03-01Z', '2026-03-02Z', '2026-03-07Z')
""")
_STEP_DAYS = text("""
    SELECT extract(day FROM visited_at AT TIME ZONE 'UTC'), extract(day FROM signed_up_at AT TIME ZONE 'UTC'),
        extract(day FROM converted_at AT TIME ZONE 'UTC'), activated_at, click_source,
        clicked_by_event = (SELECT event_id FROM attribution_events WHERE source = 'loop 3')
    FROM user_journeys
""")


@pytest.fixture
def url(connection: Connection, database_url: str) -> Iterator[str]:
    """A database without any schema."""
    connection.execute(text("CREATE DATABASE migrated"))
    yield database_url.rpartition("/")[0] + "/migrated"
    connection.execute(text("DROP DATABASE migrated WITH (FORCE)"))


@pytest.fixture
def own_engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def _cut_off(engine: Engine, statement: str) -> None:
    """Begin to build an index, and give up while a transaction is in its way."""
    with engine.connect() as reader, engine.connect() as builder:
        reader.execute(text("BEGIN"))
        reader.execute(text("LOCK TABLE attribution_events IN ROW EXCLUSIVE MODE"))
        builder.execute(text("SET statement_timeout = '200ms'"))
        with pytest.raises(DBAPIError, match="statement timeout"):
            builder.execute(text(statement))
        reader.execute(text("ROLLBACK"))


def _list_invalid(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        statement = text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
        return list(connection.execute(statement).scalars())


def test_an_index_whose_building_was_cut_off_is_built_again(url: str, own_engine: Engine) -> None:
    upgrade(url, _BEFORE_ITS_INDEXES)
    _cut_off(
        own_engine, f"CREATE INDEX CONCURRENTLY {_INDEX} ON attribution_events (link_id) WHERE link_id IS NOT NULL"
    )
    assert _list_invalid(own_engine) == [_INDEX]
    upgrade(url)
    assert _list_invalid(own_engine) == []


def test_an_index_that_was_left_invalid_by_an_earlier_migration_is_built_again(url: str, own_engine: Engine) -> None:
    upgrade(url)
    _cut_off(own_engine, f"REINDEX INDEX CONCURRENTLY {_INDEX}")
    with own_engine.connect() as connection:
        connection.execute(text(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{_INDEX}'::regclass"))
    assert _list_invalid(own_engine) == [_INDEX, f"{_INDEX}_ccnew"]
    upgrade(url)
    assert _list_invalid(own_engine) == []


def test_journeys_that_are_stored_get_their_steps(url: str, own_engine: Engine) -> None:
    upgrade(url, "0019")
    events = ["visit 1", "signup 2", "click 3", "visit 4", "click 5", "signup 6", "conversion 7", "conversion 8"]
    with own_engine.connect() as connection:
        for event in events:
            kind, day = event.split()
            values = {"type": kind, "at": f"2026-03-0{day}T00:00:00Z", "source": f"loop {day}"}
            connection.execute(_EVENT, values)
        connection.execute(_JOURNEY)
    upgrade(url)
    with own_engine.connect() as connection:
        days = connection.execute(_STEP_DAYS).one()
    assert tuple(days) == (4, 6, 7, None, "loop 3", True)


def test_trusted_networks_become_the_allowed_networks_and_stay_readable(url: str, own_engine: Engine) -> None:
    trusted = text("SELECT cidr::text, reason, expires_at, created_by FROM trusted_networks")
    upgrade(url, "0034")
    with own_engine.connect() as connection:
        connection.execute(text("INSERT INTO trusted_networks VALUES ('2001:db8::/64', 'school', NULL, now(), 'ana')"))
        before = connection.execute(trusted).all()
    upgrade(url, "0035")
    with own_engine.connect() as connection:
        assert connection.execute(trusted).all() == before
        found = connection.execute(text("SELECT list, kind, value, reason FROM entity_lists")).all()
        connection.execute(text("INSERT INTO entity_lists VALUES ('deny', 'device', 'x', 'farm', NULL, now(), 'ana')"))
    assert found == [("allow", "network", "2001:db8::/64", "school")]
    downgrade(url, "0034")
    with own_engine.connect() as connection:
        assert connection.execute(trusted).all() == before
        connection.execute(text("DELETE FROM trusted_networks"))
    upgrade(url)


def test_a_migration_that_waits_for_another_does_not_keep_it_from_its_indexes(url: str, own_engine: Engine) -> None:
    """A session that waits for a lock inside a statement is one that CREATE INDEX CONCURRENTLY waits for."""
    start = threading.Barrier(3)

    def migrate() -> None:
        start.wait()
        upgrade(url)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(migrate) for _ in range(3)]:
            done.result()
    assert _list_invalid(own_engine) == []


def test_an_owner_migrates_for_another_user_who_runs_the_services(url: str, own_engine: Engine) -> None:
    """As docs/deployment.md says it; neither is a superuser."""
    owner, runtime = (url.replace("viral_engine:password", f"guardrails_{name}:secret") for name in ("owner", "api"))
    with own_engine.connect() as connection:
        for user in ("owner", "api"):
            connection.execute(text(f"CREATE ROLE guardrails_{user} LOGIN PASSWORD 'secret'"))
        connection.execute(text("ALTER DATABASE migrated OWNER TO guardrails_owner"))
    try:
        given = {"DATABASE_URL": runtime, "MIGRATION_DATABASE_URL": owner, "RETENTION_AUDIT_DAYS": "400"}
        given |= {"REDIS_URL": "redis://", "IDENTIFIER_KEY": "k" * 32, "ADMIN_EMAIL": "admin@example.com"}
        given |= {"DASHBOARD_TOKEN": "d" * 32, "REPORT_WORKER_TOKEN": "r" * 32, "EMAIL_WORKER_TOKEN": "e" * 32}
        ran = run_commands("migrate", "bootstrap", **given)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert run_commands("migrate", **given).returncode == 0
        with own_engine.connect() as connection:
            assert connection.execute(text("SELECT audit_retention_days()")).scalar_one() == 400
            connection.execute(text("SET ROLE guardrails_api"))
            with pytest.raises(DBAPIError, match="permission denied"):
                connection.execute(text("DELETE FROM audit_entries"))
            connection.execute(text("RESET ROLE"))
    finally:
        with own_engine.connect() as connection:
            connection.execute(text("DROP OWNED BY guardrails_api, guardrails_owner CASCADE"))
            connection.execute(text("ALTER DATABASE migrated OWNER TO viral_engine"))
            connection.execute(text("DROP ROLE guardrails_api, guardrails_owner"))


def test_a_user_who_is_not_there_is_named(url: str) -> None:
    runtime = url.replace("viral_engine:password", "nobody_yet:secret")
    given = {"DATABASE_URL": runtime, "REDIS_URL": "redis://", "IDENTIFIER_KEY": "k" * 32}
    ran = run_commands("migrate", MIGRATION_DATABASE_URL=url, **given)
    assert ran.returncode == 78
    assert "'nobody_yet', which does not exist" in ran.stderr


@pytest.mark.parametrize(
    ("variable", "old", "new", "sentence"),
    [
        ("DATABASE_URL", ":password@", ":wrong@", "password authentication failed"),
        ("DATABASE_URL", "/migrated", "/nowhere", 'database "nowhere" does not exist'),
        ("DATABASE_URL", "/migrated", "/migrated?sslmode=require", "server does not support SSL"),
        ("DATABASE_URL", "/migrated", "/migrated?sslmode=sometimes", "invalid sslmode value"),
        ("DATABASE_URL", "/migrated", ":five/migrated", "is not a PostgreSQL URL"),
        ("MIGRATION_DATABASE_URL", "viral_engine:", "stranger:", 'failed for user "stranger"'),
    ],
)
def test_what_cannot_succeed_ends_at_once_with_a_sentence(
    url: str, variable: str, old: str, new: str, sentence: str
) -> None:
    given = {"DATABASE_URL": url, "REDIS_URL": "redis://", "IDENTIFIER_KEY": "k" * 32}
    ran = run_commands("migrate", **given | {variable: url.replace(old, new)})
    assert ran.returncode == 78
    assert sentence in ran.stderr
    assert variable in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_user_without_the_right_to_make_tables_ends_at_once(url: str, own_engine: Engine) -> None:
    with own_engine.connect() as connection:
        connection.execute(text("CREATE ROLE only_reads LOGIN PASSWORD 'secret'"))
    try:
        lesser = url.replace("viral_engine:password", "only_reads:secret")
        ran = run_commands("migrate", DATABASE_URL=lesser, REDIS_URL="redis://", IDENTIFIER_KEY="k" * 32)
    finally:
        with own_engine.connect() as connection:
            connection.execute(text("DROP ROLE only_reads"))
    assert (ran.returncode, ran.stderr.splitlines()[-1][:56]) == (
        78,
        "The database of DATABASE_URL refused the connection: per",
    )


def test_a_database_that_is_away_is_worth_another_try() -> None:
    away = "postgresql://viral_engine:password@127.0.0.1:1/migrated"
    ran = run_commands("migrate", "bootstrap", DATABASE_URL=away, REDIS_URL="redis://", IDENTIFIER_KEY="k" * 32)
    assert ran.returncode == 75
    assert "is unavailable" in ran.stderr
    assert "Traceback" not in ran.stderr


def run_commands(*commands: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "metrics_api", *commands],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
