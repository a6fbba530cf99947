"""The audit log: what it tells, to whom, and that nobody changes it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from metrics_api.db.database import create_database_engine
from metrics_api.db.migrate import save_audit_retention
from tests.support.api_fixtures import Api
from viral_contract.models.people import Scope

SCHOOL = "/v1/trusted-networks/203.0.113.0%2F24"


@pytest.fixture
def audited(holder_of: Callable[..., Api]) -> Api:
    ana, bob = (holder_of(Scope.ADMIN, name=name) for name in ("ana", "bob"))
    ana.send("PUT", SCHOOL, json={"reason": "Lakeside School"})
    bob.send("PUT", SCHOOL, json={"reason": "Lakeside Middle School"})
    bob.send("DELETE", SCHOOL)
    return ana


def test_an_entry_tells_who_what_when_from_where_before_and_after(audited: Api) -> None:
    newest, changed, _first = audited.read("/v1/audit-entries")["entries"]
    assert (changed["actor"], changed["action"]) == ("bob", "trust_network")
    assert changed["actor_key"].removeprefix("token:").isdigit()
    assert changed["subject"] == "trusted_network:203.0.113.0/24"
    assert changed["address"] == "127.0.0.1"
    assert changed["before"]["reason"] == "Lakeside School"
    assert changed["after"]["reason"] == "Lakeside Middle School"
    assert (newest["action"], newest["after"]) == ("stop_trusting_network", None)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({}, 3),
        ({"actor": "bob"}, 2),
        ({"actor": "Bob"}, 0),
        ({"action": "trust_network"}, 2),
        ({"actor": "bob", "action": "trust_network"}, 1),
        ({"subject": "trusted_network:"}, 3),
        ({"subject": "trusted_network:203.0.113.0/24"}, 3),
        ({"subject": "trusted%"}, 0),
        ({"q": "lakeside"}, 0),
        ({"q": "BO"}, 2),
        ({"q": "Trust network"}, 2),
        ({"q": "203.0.113"}, 3),
        ({"q": "%"}, 0),
        ({"start": "2020-01-01"}, 3),
        ({"end": "2020-01-01"}, 0),
        ({"start": "2020-01-01", "end": "2020-01-02"}, 0),
    ],
)
def test_entries_are_filtered(audited: Api, query: dict[str, Any], number: int) -> None:
    answer = audited.read("/v1/audit-entries", **query)
    assert (len(answer["entries"]), answer["total_entries"]) == (number, number)


def test_entries_come_page_by_page_the_newest_first(audited: Api) -> None:
    first = audited.read("/v1/audit-entries", limit=2)
    second = audited.read("/v1/audit-entries", limit=2, cursor=first["next_cursor"])
    ids = [entry["id"] for entry in first["entries"] + second["entries"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), first["total_entries"], second["next_cursor"]) == (3, 3, None)


def test_entries_come_the_oldest_first_where_that_is_asked_for(audited: Api) -> None:
    first = audited.read("/v1/audit-entries", limit=2, order="asc")
    second = audited.read("/v1/audit-entries", limit=2, order="asc", cursor=first["next_cursor"])
    ids = [entry["id"] for entry in first["entries"] + second["entries"]]
    assert (ids, second["next_cursor"]) == (sorted(ids), None)
    audited.refuse(422, "GET", "/v1/audit-entries", query_string={"cursor": first["next_cursor"]})


@pytest.mark.parametrize("query", [{"start": "2026-02-02", "end": "2026-02-01"}, {"actor": ""}, {"cursor": "x"}])
def test_a_filter_that_makes_no_sense_is_refused(audited: Api, query: dict[str, Any]) -> None:
    audited.refuse(422, "GET", "/v1/audit-entries", query_string=query)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"],
)
def test_what_was_noted_stays(audited: Api, connection: Connection, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="append only"):
        connection.execute(text(statement))
    assert len(audited.read("/v1/audit-entries")["entries"]) == 3


_OPENINGS = ("SELECT set_config('viral_engine.purge_audit_before', '2999-01-01', true)", "SELECT 1")
_CHANGES = (
    "UPDATE audit_entries SET actor = 'nobody'",
    "DELETE FROM audit_entries",
    "DELETE FROM audit_entries WHERE at < '2025-01-01'",
    "TRUNCATE audit_entries",
    "TRUNCATE audit_entries CASCADE",
)


@pytest.fixture
def old_entry(audited: Api, connection: Connection) -> Api:
    """One entry that has outlived any retention, beside two of today."""
    connection.execute(text("SET session_replication_role = replica"))
    changed = "UPDATE audit_entries SET at = '2024-01-01T00:00:00Z' WHERE action = 'stop_trusting_network'"
    connection.execute(text(changed))
    connection.execute(text("RESET session_replication_role"))
    return audited


@pytest.fixture
def runtime(runtime_url: str) -> Iterator[Engine]:
    """Connections of the user that the services run as."""
    engine = create_database_engine(runtime_url, pool_size=1)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("opening", _OPENINGS)
@pytest.mark.parametrize("change", _CHANGES)
@pytest.mark.parametrize("user", ["owner", "runtime"])
def test_no_session_opens_the_audit(
    old_entry: Api, engine: Engine, runtime: Engine, user: str, change: str, opening: str
) -> None:
    with (engine if user == "owner" else runtime).connect() as session:
        session.execute(text(opening))
        with pytest.raises(ProgrammingError, match=r"append only|permission denied|must be owner"):
            session.execute(text(change))
    assert len(old_entry.read("/v1/audit-entries")["entries"]) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "ALTER TABLE audit_entries DISABLE TRIGGER keep_rows",
        "DROP TRIGGER keep_rows ON audit_entries",
        "DROP TABLE audit_entries",
        "ALTER TABLE audit_entries RENAME TO gone",
        "ALTER TABLE audit_entries OWNER TO runtime",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION audit_retention_days() RETURNS integer LANGUAGE sql RETURN 0",
        "DROP FUNCTION purge_audit_entries",
        "SET ROLE viral_engine",
        "CREATE TABLE public.audit (id int)",
        "COPY audit_entries TO PROGRAM 'cat'",
        "INSERT INTO audit_entries (id, actor, action, subject) VALUES (1, 'a', 'b', 'c')",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
@pytest.mark.usefixtures("old_entry")
def test_the_services_user_changes_nothing_about_the_audit(runtime: Engine, statement: str) -> None:
    with runtime.connect() as session, pytest.raises(DBAPIError):
        session.execute(text(statement))


@pytest.mark.parametrize("user", ["owner", "runtime"])
def test_a_purge_takes_what_has_outlived_its_retention_and_no_more(
    old_entry: Api, engine: Engine, runtime: Engine, user: str
) -> None:
    with (engine if user == "owner" else runtime).begin() as purge:
        purged = text("SELECT purge_audit_entries('2999-01-01', 100)")
        assert [purge.execute(purged).scalar_one() for _ in range(2)] == [1, 0]
    assert len(old_entry.read("/v1/audit-entries")["entries"]) == 2


def test_the_retention_is_what_the_owner_said(old_entry: Api, engine: Engine, runtime: Engine) -> None:
    try:
        with engine.begin() as owner:
            save_audit_retention(owner, 3650)
        with runtime.begin() as purge:
            assert purge.execute(text("SELECT purge_audit_entries('2999-01-01', 100)")).scalar_one() == 0
    finally:
        with engine.begin() as owner:
            save_audit_retention(owner, 30)
    assert len(old_entry.read("/v1/audit-entries")["entries"]) == 3
