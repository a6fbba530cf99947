"""The audit log: what it tells, to whom, and that nobody changes it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from tests.api_fixtures import Api
from viral_engine.contract.people import Scope

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


@pytest.mark.usefixtures("audited")
def test_a_purge_takes_what_has_outlived_its_retention_and_no_more(connection: Connection) -> None:
    connection.execute(text("SET session_replication_role = replica"))
    connection.execute(
        text("UPDATE audit_entries SET at = '2024-01-01T00:00:00Z' WHERE action = 'stop_trusting_network'")
    )
    connection.execute(text("RESET session_replication_role"))
    with connection.engine.begin() as purge:
        purge.execute(text("SET LOCAL viral_engine.purge_audit_before = '2025-01-01T00:00:00Z'"))
        assert purge.execute(text("DELETE FROM audit_entries WHERE at < '2025-01-01'")).rowcount == 1
        with pytest.raises(ProgrammingError, match="append only"):
            purge.execute(text("DELETE FROM audit_entries"))
