"""Brings a batch of validated events into the database by COPY, and keeps what is new."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.db.event_types import EVENT_TYPES_SQL
from viral_contract.models.events import Event

_COLUMNS = (
    "event_type",
    "ip_address",
    "device_fingerprint",
    "link_id",
    "referrer_id",
    "source",
    "user_id",
    "session_id",
    "user_agent",
    "referrer_url",
    "landing_page",
    "conversion_value",
    "metadata",
)
_COPY = f"COPY posted_events (position, event_id, occurred_at, {', '.join(_COLUMNS)}) FROM STDIN"

# What a transaction posts, and what of it turned out to be new. The steps of `folds` read `new_events` only.
_CREATE_STAGING = (
    """CREATE TEMPORARY TABLE posted_events (
        position integer, event_id uuid, occurred_at timestamptz, event_type text, ip_address inet,
        device_fingerprint text, link_id text, referrer_id text, source text, user_id text, session_id text,
        user_agent text, referrer_url text, landing_page text, conversion_value double precision, metadata jsonb
    ) ON COMMIT DELETE ROWS""",
    """CREATE TEMPORARY TABLE new_events (
        event_id uuid, occurred_at timestamptz, day date, event_type text, ip_address inet,
        device_fingerprint text, link_id text, referrer_id text, source text, person text
    ) ON COMMIT DELETE ROWS""",
    "CREATE TEMPORARY TABLE recalled_people (person text) ON COMMIT DELETE ROWS",
)
_HAS_STAGING = text("SELECT to_regclass('pg_temp.recalled_people') IS NOT NULL")
_EMPTY_STAGING = text("""
    WITH posted AS (DELETE FROM posted_events), new AS (DELETE FROM new_events) DELETE FROM recalled_people
""")

PERSON = "coalesce('user:' || user_id, 'session:' || session_id, 'device:' || device_fingerprint)"
_NEW_EVENT = f"""event_id, occurred_at, (occurred_at AT TIME ZONE 'UTC')::date, event_type, ip_address,
    device_fingerprint, link_id, referrer_id, source, {PERSON}"""

# Sorted by id, so that two transactions with the same events wait for each other in one direction only.
_STORE_NEW = text(f"""
    WITH stored AS (
        INSERT INTO attribution_events (event_id, occurred_at, {", ".join(_COLUMNS)})
        SELECT DISTINCT ON (event_id) event_id, occurred_at, event_type, ip_address, device_fingerprint,
               p.link_id,
               CASE WHEN l.link_id IS NULL THEN p.referrer_id ELSE l.referrer_id END,
               CASE WHEN l.link_id IS NULL THEN p.source ELSE l.source END,
               user_id, session_id, user_agent, referrer_url, landing_page, conversion_value, p.metadata
        FROM posted_events p LEFT JOIN attribution_links l ON l.link_id = p.link_id
        ORDER BY event_id, position
        ON CONFLICT (event_id) DO NOTHING
        RETURNING *
    ), fresh AS (
        INSERT INTO new_events SELECT {_NEW_EVENT} FROM stored
    )
    SELECT count(*) AS events, coalesce(jsonb_agg(jsonb_build_object(
            'event_id', event_id, 'day', (occurred_at AT TIME ZONE 'UTC')::date, 'source', coalesce(source, '')
        )) FILTER (WHERE leaking.id IS NOT NULL), '[]') AS leaking
    FROM stored LEFT JOIN unnest(CAST(:leaking AS uuid[])) AS leaking (id) ON leaking.id = event_id
""")

_RECALL_DAY = text(f"""
    INSERT INTO new_events SELECT {_NEW_EVENT} FROM attribution_events
    WHERE event_type = ANY({EVENT_TYPES_SQL})
      AND occurred_at >= :day AND occurred_at < :day + interval '1 day'
""")

_RECALL_PEOPLE = text(f"""
    INSERT INTO new_events SELECT {_NEW_EVENT} FROM attribution_events
    WHERE event_type = ANY({EVENT_TYPES_SQL})
      AND occurred_at >= :since AND {PERSON} IN (SELECT person FROM recalled_people)
""")


@dataclass(frozen=True)
class Stored:
    """How many events were new, and those of them that leaked personal information, with their days and sources."""

    events: int
    leaking: Sequence[Mapping[str, str]]


def create_staging(connection: Connection) -> None:
    """Make sure this session has its staging tables and that they are empty."""
    if connection.execute(_HAS_STAGING).scalar_one():
        connection.execute(_EMPTY_STAGING)
        return
    for statement in _CREATE_STAGING:
        connection.execute(text(statement))


def save_new_events(
    connection: Connection, events: Sequence[Event], leaking: Collection[uuid.UUID], *, now: datetime
) -> Stored:
    """Store the events whose ids are unknown. The first copy of an id wins whole."""
    cursor = connection.connection.cursor()
    with cursor.copy(_COPY) as copy:
        for row in _rows(events, now):
            copy.write_row(row)
    return Stored(**connection.execute(_STORE_NEW, {"leaking": list(leaking)}).one()._mapping)


def recall_events_of_day(connection: Connection, day: datetime) -> None:
    """Treat every stored event of the UTC day that begins at `day` as new."""
    connection.execute(_RECALL_DAY, {"day": day})


def recall_events_of_people(connection: Connection, since: datetime) -> None:
    """Treat every event since then of the people in `recalled_people` as new."""
    connection.execute(_RECALL_PEOPLE, {"since": since})


def _rows(events: Sequence[Event], now: datetime) -> Iterator[tuple[object, ...]]:
    for position, event in enumerate(events):
        values = event.__dict__
        yield (
            position,
            event.event_id or uuid.uuid4(),
            event.occurred_at or now,
            *(values[column] for column in _COLUMNS),
        )
