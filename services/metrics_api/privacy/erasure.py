"""Erases a subject: its events and content are deleted, what it did for others loses its name.

Facts that belong to a day are made anew for every day that is concerned, step by step, as a rebuild does it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Connection, insert, text

from metrics_api.db.tables import batches
from metrics_api.ingest.content import delete_content
from metrics_api.ingest.content_facts import keep_facts
from metrics_api.ingest.content_tables import PARENT_SHARES, PROGRESS_REELS, STUDY_SESSIONS
from metrics_api.ingest.folds import ACTIVE_WEEKS, fold
from metrics_api.ingest.journeys import JOURNEYS
from metrics_api.ingest.links import delete_link
from metrics_api.ingest.locks import own_facts
from metrics_api.ingest.staging import PERSON, create_staging, recall_events_of_people
from metrics_api.privacy.erasure_names import CREDITED_EVENTS, forget_items, forget_names
from metrics_api.privacy.mentions import build_mention_values
from metrics_api.privacy.search import search, search_among
from metrics_api.privacy.subjects import FACTS, OWN_EVENTS, Subject

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_TOUCHED = """
    WITH touched AS ({change} RETURNING occurred_at, link_id, {person} AS person),
    people AS (INSERT INTO recalled_people SELECT DISTINCT person FROM touched WHERE person IS NOT NULL)
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, link_id, count(*) AS events FROM touched GROUP BY 1, 2
"""
_FORGET_PEOPLE = tuple(
    text(f"DELETE FROM {table} WHERE person IN (SELECT person FROM recalled_people)")
    for table in ("user_journeys", "active_weeks")
)
_COUNT_LINKS = text("""
    UPDATE link_counts AS fact SET clicks = coalesce(counted.clicks, 0), conversions = coalesce(counted.conversions, 0)
    FROM unnest(CAST(:ids AS text[])) AS id LEFT JOIN (
        SELECT link_id, count(*) FILTER (WHERE event_type = 'click') AS clicks,
            count(*) FILTER (WHERE event_type = 'conversion') AS conversions
        FROM attribution_events WHERE link_id = ANY(:ids) GROUP BY link_id
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
_LEAVE_SESSIONS = text("""
    UPDATE study_sessions SET participant_ids = array_remove(participant_ids, :id) WHERE session_id = ANY(:ids)
""")


def erase_subject(connection: Connection, subject: Subject, ref: str) -> dict[str, int]:
    """Erase it; returns how many rows of what. `ref` is the reference that stands for it in alerts.

    What is posted meanwhile counts as posted afterwards. The facts of the days concerned are right again after the
    batch `rebuild_days` that this starts.
    """
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    found = search(connection, subject)
    own_facts(connection)
    create_staging(connection)
    days: set[date] = set()
    erased = {"attribution_events": _delete_events(connection, subject, found.get("attribution_events"), days)}
    if subject.kind == "user":
        erased["credited_events"] = _change_events(connection, subject, CREDITED_EVENTS, days)
        erased["attribution_links"] = _delete_links(connection, subject, days)
        erased["study_sessions"] = _leave_sessions(connection, subject, found["study_sessions"])
    for table, condition in FACTS[subject.kind].items():
        connection.execute(text(f"DELETE FROM {table} WHERE {condition}"), {"id": subject.id})
    _recall_people(connection)
    erased |= forget_names(connection, subject, ref)
    _delete_content(connection, subject, found, erased)
    _start_rebuild(connection, days)
    return erased


def _delete_events(connection: Connection, subject: Subject, found: Sequence[UUID] | None, days: set[date]) -> int:
    own = OWN_EVENTS[subject.kind] if found is None else "event_id = ANY(CAST(:found AS uuid[]))"
    return _change_events(connection, subject, f"DELETE FROM attribution_events WHERE {own}", days, found)


def _change_events(
    connection: Connection, subject: Subject, change: str, days: set[date], found: Sequence[UUID] | None = None
) -> int:
    values = {**build_mention_values(subject.id), "found": found}
    rows = connection.execute(text(_TOUCHED.format(change=change, person=PERSON)), values).all()
    links = sorted({row.link_id for row in rows if row.link_id})
    connection.execute(_COUNT_LINKS, {"ids": links})
    days.update(connection.execute(_SHOW_COUNTS, {"ids": links}).scalars())
    days.update(row.day for row in rows)
    return sum(row.events for row in rows)


def _delete_links(connection: Connection, subject: Subject, days: set[date]) -> int:
    links = connection.execute(_LINKS, {"id": subject.id}).all()
    for link in links:
        delete_link(connection, link.link_id)
    days.update(link.day for link in links)
    return len(links)


def _leave_sessions(connection: Connection, subject: Subject, found: Sequence[str]) -> int:
    ids = search_among(connection, "study_sessions", subject, found)
    with keep_facts(connection, STUDY_SESSIONS, ids):
        return connection.execute(_LEAVE_SESSIONS, {"id": subject.id, "ids": ids}).rowcount


def _recall_people(connection: Connection) -> None:
    """Let the journeys of everybody concerned say what their remaining events say."""
    for statement in _FORGET_PEOPLE:
        connection.execute(statement)
    # Without it the planner takes the people for so many that it reads every event there is.
    connection.execute(text("ANALYZE recalled_people"))
    recall_events_of_people(connection, _EPOCH)
    fold(connection, (*JOURNEYS, ACTIVE_WEEKS))


def _delete_content(
    connection: Connection, subject: Subject, found: Mapping[str, Sequence[str]], erased: dict[str, int]
) -> None:
    for table in (PARENT_SHARES, PROGRESS_REELS):
        ids = search_among(connection, table.name, subject, found[table.name])
        calls = forget_items(connection, table.kind, ids, build_mention_values(subject.id))
        for item_id in ids:
            delete_content(connection, table, item_id)
        erased[table.name] = len(ids)
        erased["deliveries"] = erased.get("deliveries", 0) + calls


def _start_rebuild(connection: Connection, days: Iterable[date]) -> None:
    steps = [day.isoformat() for day in sorted(days)]
    if steps:
        connection.execute(insert(batches).values(kind="rebuild_days", status="queued", steps=steps))
