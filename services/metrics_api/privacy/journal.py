"""A journal of what must stay gone when a backup is restored: erasures, deactivated people, revoked tokens.

It holds keyed hashes and times, no names, and is kept outside the backups.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, select, text

from metrics_api.access.identifiers import References
from metrics_api.access.restored import deactivate_people, list_ended, revoke_tokens
from metrics_api.db.database import Database
from metrics_api.db.tables import erasures
from metrics_api.ingest.retained import fetch_retained
from metrics_api.privacy.candidates import find_subjects
from metrics_api.privacy.erasure import erase_subject

Kind = Literal[
    "user",
    "session",
    "device",
    "ip_address",
    "event",
    "link",
    "parent_share",
    "progress_reel",
    "study_session",
    "person",
    "token",
]
_SAVE = text("""
    INSERT INTO erasures AS known (mark, kind, erased_at) VALUES (:mark, :kind, :at)
    ON CONFLICT (mark) DO UPDATE SET erased_at = greatest(known.erased_at, excluded.erased_at)
""")


def _check_hex(value: str) -> str:
    bytes.fromhex(value)
    return value


class Entry(BaseModel):
    """What was erased or ended: the keyed hash of its id, and when."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    mark: Annotated[str, AfterValidator(_check_hex)]
    at: AwareDatetime


class JournalError(Exception):
    """A line is no entry of a journal; says which."""


def list_entries(connection: Connection, references: References) -> Iterator[Entry]:
    """Everything that has to be applied to a restored backup."""
    for row in connection.execute(select(erasures).order_by(erasures.c.erased_at, erasures.c.mark)):
        yield Entry(kind=row.kind, mark=row.mark.hex(), at=row.erased_at.astimezone(UTC))
    for kind, ended in list_ended(connection, references).items():
        for mark, at in sorted(ended.items()):
            yield Entry(kind=kind, mark=mark, at=at.astimezone(UTC))


def parse_entries(lines: Iterable[str]) -> list[Entry]:
    """The entries of a journal's lines. Raises JournalError at the first that is none."""
    entries = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                entries.append(Entry.model_validate_json(line))
            except ValidationError as error:
                reason = error.errors()[0]["msg"]
                raise JournalError(f"Line {number} is not a journal entry: {reason}") from error
    return entries


def apply_entries(
    database: Database, entries: Sequence[Entry], references: References, *, now: datetime
) -> dict[str, int]:
    """Make what happened after a backup happen again; returns how many subjects, people and tokens.

    Each subject is erased in a transaction of its own; repeating is harmless.
    """
    with database.write() as connection:
        people = deactivate_people(connection, _list_ended(entries, "person"), references, now=now)
        tokens = revoke_tokens(connection, _list_ended(entries, "token"), references, now=now)
        missing = _list_missing(connection, entries)
    with database.read() as connection:
        found = find_subjects(connection, references, {bytes.fromhex(mark) for mark in missing})
    for subject in found:
        at = missing[references.to_mark(subject.kind, subject.id).hex()].at
        with database.write() as connection:
            erase_subject(connection, subject, references, at=at)
    with database.write() as connection:
        rows = [{"mark": bytes.fromhex(entry.mark), "kind": entry.kind, "at": entry.at} for entry in missing.values()]
        if rows:
            connection.execute(_SAVE, rows)
    return {"subjects": len(found), "people": people, "tokens": tokens}


def _list_ended(entries: Sequence[Entry], kind: Kind) -> dict[str, datetime]:
    return {entry.mark: entry.at for entry in entries if entry.kind == kind}


def _list_missing(connection: Connection, entries: Sequence[Entry]) -> dict[str, Entry]:
    """The erasures that this database does not know of, by mark.

    Those from before what it has purged happened before the backup, too: a purge forgets them with the events.
    """
    kept_from = fetch_retained(connection).events_at
    known = {row.mark.hex(): row.erased_at for row in connection.execute(select(erasures))}
    missing: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.at):
        is_erasure = entry.kind not in ("person", "token")
        is_known = entry.mark in known and known[entry.mark] >= entry.at
        if is_erasure and entry.at >= kept_from and not is_known:
            missing[entry.mark] = entry
    return missing
