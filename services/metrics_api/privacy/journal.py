"""A journal of what must stay gone when a backup is restored: erasures, deactivated people, revoked tokens.

It holds keyed hashes and times, no names, and is kept outside the backups.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, select, text, update

from metrics_api.access.audit import save_audit_entry
from metrics_api.access.identifiers import References
from metrics_api.access.people import end_sessions
from metrics_api.db.database import Database
from metrics_api.db.tables import erasures, people, tokens
from metrics_api.ingest.retained import fetch_retained
from metrics_api.privacy.erasure import erase_subject
from metrics_api.privacy.subjects import Subject
from viral_contract.models.privacy import SubjectKind
from viral_contract.models.values import normalize_id

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
_AT_ONCE = 10_000
_NAMES = ("user_id", "referrer_id", "session_id", "device_fingerprint")
_IN_JSON = "SELECT DISTINCT found #>> '{{}}' FROM {table}, jsonb_path_query({column}, '$.**') AS found \
    WHERE jsonb_typeof(found) IN ('string', 'number')"
_KEYS_IN_JSON = "SELECT DISTINCT member ->> 'key' FROM {table}, \
    jsonb_path_query({column}, '$.** ? (@.type() == \"object\").keyvalue()') AS member"
_CONTENT = {"parent_shares": "share_data", "progress_reels": "reel_data"}
_TEXTS = (
    *(f"SELECT DISTINCT {name} FROM attribution_events WHERE {name} IS NOT NULL" for name in _NAMES),
    "SELECT DISTINCT referrer_id FROM attribution_links",
    "SELECT DISTINCT unnest(participant_ids) FROM study_sessions",
    "SELECT DISTINCT value FROM entity_lists WHERE kind IN ('referrer', 'device')",
    "SELECT DISTINCT subject_id FROM privacy_requests WHERE subject_id IS NOT NULL",
    "SELECT DISTINCT found #>> '{}' FROM report_runs,"
    " jsonb_path_query(content, '$.facts.top_referrers[*].id') AS found",
    "SELECT DISTINCT found #>> '{}' FROM report_runs,"
    " jsonb_path_query(content, '$.facts.change.culprits[*].referrer_id') AS found",
    *(
        each.format(table=table, column=column)
        for table, column in _CONTENT.items()
        for each in (_IN_JSON, _KEYS_IN_JSON)
    ),
)
_ADDRESSES = (
    "SELECT DISTINCT host(ip_address) FROM attribution_events WHERE ip_address IS NOT NULL",
    "SELECT DISTINCT host(CAST(value AS cidr)) FROM entity_lists WHERE kind = 'network'",
)
_KINDS_OF_TEXTS: tuple[SubjectKind, ...] = ("user", "session", "device")
_ACTOR = "system"
# People whose access was restored later keep it.
_CHANGED_SINCE = text("""
    SELECT EXISTS (SELECT FROM audit_entries WHERE subject = :subject AND action = 'change_person' AND at > :at)
""")


def _check_hex(value: str) -> str:
    bytes.fromhex(value)
    return value


class Entry(BaseModel):
    """One erasure or end of access: the keyed hash of an id, and the time."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    mark: Annotated[str, AfterValidator(_check_hex)]
    at: AwareDatetime


class JournalError(Exception):
    """A line is not a journal entry; the message says which."""


def list_entries(connection: Connection, references: References) -> Iterator[Entry]:
    """Everything to apply to a restored backup."""
    for row in connection.execute(select(erasures).order_by(erasures.c.erased_at, erasures.c.mark)):
        yield Entry(kind=row.kind, mark=row.mark.hex(), at=row.erased_at.astimezone(UTC))
    for kind, ended in list_ended(connection, references).items():
        for mark, at in sorted(ended.items()):
            yield Entry(kind=kind, mark=mark, at=at.astimezone(UTC))


def parse_entries(lines: Iterable[str]) -> list[Entry]:
    """The entries of a journal's lines. Raises JournalError at the first invalid one."""
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
    """Repeat what happened after a backup; returns the number of subjects, people and tokens.

    Each subject is erased in its own transaction; safe to repeat.
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
            erase_subject(connection, [subject], references, at=at)
    with database.write() as connection:
        rows = [{"mark": bytes.fromhex(entry.mark), "kind": entry.kind, "at": entry.at} for entry in missing.values()]
        if rows:
            connection.execute(_SAVE, rows)
    return {"subjects": len(found), "people": people, "tokens": tokens}


def _list_ended(entries: Sequence[Entry], kind: Kind) -> dict[str, datetime]:
    return {entry.mark: entry.at for entry in entries if entry.kind == kind}


def _list_missing(connection: Connection, entries: Sequence[Entry]) -> dict[str, Entry]:
    """The erasures that this database does not have, by mark.

    Those older than its oldest kept event happened before the backup: a purge deletes them with the events.
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


def find_subjects(connection: Connection, references: References, marks: Collection[bytes]) -> list[Subject]:
    """The subjects with these keyed hashes that have stored data."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    found = {each for each in _list_candidates(connection) if references.to_mark(each.kind, each.id) in marks}
    return sorted(found, key=lambda subject: (subject.kind, subject.id))


def _list_candidates(connection: Connection) -> Iterator[Subject]:
    for statement in _TEXTS:
        for given in _stream(connection, statement):
            yield from (Subject(kind, normalize_id(given)) for kind in _KINDS_OF_TEXTS)
    for statement in _ADDRESSES:
        yield from (Subject("ip_address", given) for given in _stream(connection, statement))


def _stream(connection: Connection, statement: str) -> Iterator[str]:
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(text(statement))
    yield from rows.scalars()


def list_ended(connection: Connection, references: References) -> dict[Literal["person", "token"], dict[str, datetime]]:
    """When people's and tokens' access ended, by the keyed hash of the address or token."""
    gone = connection.execute(select(people).where(people.c.deactivated_at.is_not(None)))
    revoked = connection.execute(select(tokens).where(tokens.c.revoked_at.is_not(None)))
    return {
        "person": {references.to_mark("person", row.email).hex(): row.deactivated_at for row in gone},
        "token": {references.to_mark("token", row.token_hash).hex(): row.revoked_at for row in revoked},
    }


def deactivate_people(
    connection: Connection, ended: Mapping[str, datetime], references: References, *, now: datetime
) -> int:
    """Deactivate the people with these hashes, and end their sessions; returns the number."""
    count = 0
    for row in connection.execute(select(people).where(people.c.deactivated_at.is_(None))).all():
        at, subject = ended.get(references.to_mark("person", row.email).hex()), f"person:{row.id}"
        if at and not connection.execute(_CHANGED_SINCE, {"subject": subject, "at": at}).scalar_one():
            connection.execute(update(people).where(people.c.id == row.id).values(deactivated_at=at))
            end_sessions(connection, row.id)
            _note(connection, "deactivate_restored", subject, now)
            count += 1
    return count


def revoke_tokens(
    connection: Connection, ended: Mapping[str, datetime], references: References, *, now: datetime
) -> int:
    """Revoke the tokens with these hashes; returns the number."""
    count = 0
    for row in connection.execute(select(tokens).where(tokens.c.revoked_at.is_(None))).all():
        if at := ended.get(references.to_mark("token", row.token_hash).hex()):
            connection.execute(update(tokens).where(tokens.c.id == row.id).values(revoked_at=at))
            _note(connection, "revoke_restored", f"token:{row.id}", now)
            count += 1
    return count


def _note(connection: Connection, action: str, subject: str, now: datetime) -> None:
    save_audit_entry(connection, actor=_ACTOR, action=action, subject=subject, actor_key=_ACTOR, now=now)
