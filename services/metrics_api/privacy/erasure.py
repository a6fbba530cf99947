"""Erases a subject: its events and content are deleted, and its name is removed from events of others.

Daily facts are rebuilt for every affected day, step by step.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text

from metrics_api.access.identifiers import References
from metrics_api.cases.stakes import count_stakes, own_cases
from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.tables import batches
from metrics_api.ingest.active_weeks import ACTIVE_WEEKS, FORGET_WEEKS
from metrics_api.ingest.combiner import own_facts
from metrics_api.ingest.content import delete_content
from metrics_api.ingest.content_facts import keep_facts
from metrics_api.ingest.content_tables import PARENT_SHARES, PROGRESS_REELS, STUDY_SESSIONS, ContentTable
from metrics_api.ingest.erased import Key, save_erased
from metrics_api.ingest.folds import fold
from metrics_api.ingest.inviters import forget_days
from metrics_api.ingest.journeys import FORGET_JOURNEYS, JOURNEYS
from metrics_api.ingest.links import delete_links
from metrics_api.ingest.referrals import DEVICE_USERS, delete_device_users, find_clicks_again
from metrics_api.ingest.staging import PERSON, create_staging, recall_events_of_people
from metrics_api.privacy.case_names import forget_cases, forget_conversions
from metrics_api.privacy.erasure_names import CLEAR_CREDITED, CREDITED_EVENTS, forget_items, forget_names
from metrics_api.privacy.mentions import build_mention_values
from metrics_api.privacy.subjects import FACTS, OWN_EVENTS, Subject, list_refs, search, search_among
from metrics_api.privacy.traces import choose_alone, fetch_events_of_sessions, fetch_traces, fetch_used
from viral_contract.models.privacy import SubjectKind, Trace

# A retry of an event without a time is recognized only by its id.
_RETRIED_WITHIN = timedelta(days=7)
DEVICES_AND_SESSIONS: tuple[SubjectKind, ...] = ("device", "session")
Found = Mapping[str, Sequence[Any]]
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_TOUCHED = """
    WITH touched AS ({change} RETURNING event_id, occurred_at, link_id, {person} AS person),
    people AS (INSERT INTO recalled_people SELECT DISTINCT person FROM touched WHERE person IS NOT NULL),
    referral AS (DELETE FROM referrals WHERE event_id IN (SELECT event_id FROM touched))
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, link_id, count(*) AS events,
        array_agg(event_id::text) AS ids,
        coalesce(array_agg(event_id::text) FILTER (WHERE occurred_at > :recent), '{{}}') AS recent
    FROM touched GROUP BY 1, 2
"""
_ARE_RECALLED = "'user:' || user_id IN (SELECT person FROM recalled_people)"
_COUNT_LINKS = text(f"""
    UPDATE link_counts AS fact SET clicks = coalesce(counted.clicks, 0), conversions = coalesce(counted.conversions, 0)
    FROM unnest(CAST(:ids AS text[])) AS id LEFT JOIN (
        SELECT link_id, count(*) FILTER (WHERE event_type = 'click') AS clicks,
            count(*) FILTER (WHERE event_type = 'conversion') AS conversions
        FROM attribution_events WHERE link_id = ANY(:ids) AND {IS_COUNTED} GROUP BY link_id
    ) AS counted ON counted.link_id = id
    WHERE fact.link_id = id
""")
_SHOW_COUNTS = text("""
    UPDATE attribution_links AS link SET click_count = fact.clicks, conversion_count = fact.conversions
    FROM link_counts AS fact WHERE fact.link_id = link.link_id AND link.link_id = ANY(:ids)
    RETURNING (link.inserted_at AT TIME ZONE 'UTC')::date
""")
_LINKS = text(
    "SELECT link_id, (inserted_at AT TIME ZONE 'UTC')::date AS day FROM attribution_links WHERE referrer_id = :id"
)
_TAKE_LINKS_OFF_LISTS = text("DELETE FROM entity_lists WHERE kind = 'link' AND value = ANY(:ids)")
_LEAVE_SESSIONS = text("""
    UPDATE study_sessions SET participant_ids = array_remove(participant_ids, :id) WHERE session_id = ANY(:ids)
""")


@dataclass
class Erasure:
    """The erasure so far: deleted rows by table, days whose facts to rebuild, and ids that a retry must not bring back.

    `credited` are events of others credited to the subject, `traces` the data left under devices and sessions it used.
    """

    connection: Connection
    since: datetime
    rows: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)
    gone: set[Key] = field(default_factory=set)
    credited: list[str] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)


def erase_subject(
    connection: Connection,
    names: Sequence[Subject],
    references: References,
    *,
    at: datetime,
    along: Collection[SubjectKind] = (),
) -> Erasure:
    """Erase it by all of its names as of `at`, and of the kinds `along` what it used alone.

    Data posted during the erasure counts as posted afterwards. The affected days' facts are correct again after the
    batch `rebuild_days`, which this starts.
    """
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    used = [each for each in fetch_used(connection, names) if each not in names]
    alone = choose_alone(fetch_traces(connection, used, besides=names[-1]), along)
    erasure = _erase_all(connection, [*names, *alone], references, at=at)
    if along:
        _clear_credited(erasure, erasure.credited)
        erasure.credited = []
    erasure.traces = fetch_traces(connection, [each for each in used if each not in alone])
    return erasure


def erase_traces(
    connection: Connection, used: Sequence[Subject], credited: Sequence[str], references: References, *, at: datetime
) -> Erasure:
    """Erase devices and sessions that no one else uses, and who acted in credited events."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    alone = choose_alone(fetch_traces(connection, used), DEVICES_AND_SESSIONS)
    erasure = _erase_all(connection, alone, references, at=at)
    _clear_credited(erasure, credited)
    erasure.traces = fetch_traces(connection, [each for each in used if each not in alone])
    return erasure


def _erase_all(connection: Connection, subjects: Sequence[Subject], references: References, *, at: datetime) -> Erasure:
    sessions = fetch_events_of_sessions(connection, [each for each in subjects if each.kind == "session"])
    found = [search(connection, subject, sessions) for subject in subjects]
    own_facts(connection)
    own_cases(connection)
    create_staging(connection)
    erasure = Erasure(connection, at - _RETRIED_WITHIN)
    for subject, its in zip(subjects, found, strict=True):
        _erase(erasure, subject, its, references)
    count_stakes(connection)
    _recall_people(connection)
    save_erased(connection, erasure.gone, references.to_mark, at=at)
    _start_rebuild(connection, erasure.days)
    return erasure


def _clear_credited(erasure: Erasure, credited: Sequence[str]) -> None:
    erasure.rows["cleared_events"] += erasure.connection.execute(CLEAR_CREDITED, {"ids": list(credited)}).rowcount


def _erase(erasure: Erasure, subject: Subject, found: Found, references: References) -> None:
    erasure.gone.add((subject.kind, subject.id))
    erasure.rows["cases"] += forget_cases(erasure.connection, subject.kind, subject.id)
    erasure.rows["attribution_events"] += _delete_events(erasure, subject, found.get("attribution_events"))
    if subject.kind == "user":
        erasure.rows["credited_events"] += _change_events(erasure, subject, CREDITED_EVENTS)
        erasure.rows["attribution_links"] += _delete_links(erasure, subject)
        erasure.rows["study_sessions"] += _leave_sessions(erasure, subject, found["study_sessions"])
        forget_days(erasure.connection, "referrer_id = :value", subject.id)
    for facts, condition in FACTS[subject.kind].items():
        if facts == "device_users":
            delete_device_users(erasure.connection, condition, {"id": subject.id})
        else:
            erasure.connection.execute(text(f"DELETE FROM {facts} WHERE {condition}"), {"id": subject.id})
    erasure.rows.update(forget_names(erasure.connection, subject, list_refs(subject, references)))
    for table in (PARENT_SHARES, PROGRESS_REELS):
        _delete_content(erasure, subject, table, found[table.name])


def _delete_events(erasure: Erasure, subject: Subject, found: Sequence[UUID] | None) -> int:
    own = OWN_EVENTS[subject.kind] if found is None else "event_id = ANY(CAST(:found AS uuid[]))"
    change = f"DELETE FROM attribution_events WHERE {own}"
    return _change_events(erasure, subject, change, found=found, is_gone=True)


def _change_events(
    erasure: Erasure, subject: Subject, change: str, *, found: Sequence[UUID] | None = None, is_gone: bool = False
) -> int:
    values = {**build_mention_values(subject.id), "found": found, "recent": erasure.since}
    rows = erasure.connection.execute(text(_TOUCHED.format(change=change, person=PERSON)), values).all()
    forget_conversions(erasure.connection, [event_id for row in rows for event_id in row.ids])
    links = sorted({row.link_id for row in rows if row.link_id})
    erasure.connection.execute(_COUNT_LINKS, {"ids": links})
    erasure.days.update(erasure.connection.execute(_SHOW_COUNTS, {"ids": links}).scalars())
    erasure.days.update(row.day for row in rows)
    if is_gone:
        erasure.gone.update(("event", event_id) for row in rows for event_id in row.recent)
    else:
        erasure.credited += [event_id for row in rows for event_id in row.ids]
    return sum(row.events for row in rows)


def _delete_links(erasure: Erasure, subject: Subject) -> int:
    links = erasure.connection.execute(_LINKS, {"id": subject.id}).all()
    ids = [link.link_id for link in links]
    delete_links(erasure.connection, ids)
    erasure.rows["entity_lists"] += erasure.connection.execute(_TAKE_LINKS_OFF_LISTS, {"ids": ids}).rowcount
    erasure.days.update(link.day for link in links)
    erasure.gone.update(("link", link.link_id) for link in links)
    return len(links)


def _leave_sessions(erasure: Erasure, subject: Subject, found: Sequence[str]) -> int:
    ids = search_among(erasure.connection, "study_sessions", subject, found)
    with keep_facts(erasure.connection, STUDY_SESSIONS, ids):
        erasure.gone.update((STUDY_SESSIONS.kind, item_id) for item_id in ids)
        return erasure.connection.execute(_LEAVE_SESSIONS, {"id": subject.id, "ids": ids}).rowcount


def _delete_content(erasure: Erasure, subject: Subject, table: ContentTable, found: Sequence[str]) -> None:
    ids = search_among(erasure.connection, table.name, subject, found)
    calls = forget_items(erasure.connection, table.kind, ids, build_mention_values(subject.id))
    for item_id in ids:
        delete_content(erasure.connection, table, item_id)
    erasure.gone.update((table.kind, item_id) for item_id in ids)
    erasure.rows.update({table.name: len(ids), "deliveries": calls})


def _recall_people(connection: Connection) -> None:
    """Recompute the journeys of all affected people from their remaining events."""
    connection.execute(FORGET_JOURNEYS)
    connection.execute(FORGET_WEEKS)
    delete_device_users(connection, _ARE_RECALLED, {})
    # Without it the planner overestimates the number of people and reads every event.
    connection.execute(text("ANALYZE recalled_people"))
    recall_events_of_people(connection, _EPOCH)
    fold(connection, (*JOURNEYS, DEVICE_USERS, ACTIVE_WEEKS, find_clicks_again))


def _start_rebuild(connection: Connection, days: Iterable[date]) -> None:
    steps = [day.isoformat() for day in sorted(days)]
    if steps:
        connection.execute(insert(batches).values(kind="rebuild_days", status="queued", steps=steps))
