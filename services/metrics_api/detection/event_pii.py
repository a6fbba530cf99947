"""Which loops' events carried personal information: what was replaced at ingest, by day, loop, field and type."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.detection.query import Query
from viral_contract.models.guardrails import EventPiiAnswer, EventPiiLeak, LeakingLoop

CURSOR = "event_pii"
_LOOPS = 50

# Only what is shown is looked up beyond the period: how many rows there are is up to who sends events.
_FIRST_SEEN = """(
    SELECT min(known.day) FROM event_pii_per_day AS known
    WHERE (known.source, known.field, known.pii_type) = (shown.source, shown.field, shown.pii_type)
)"""
_ANSWER = f"""
    WITH leak AS MATERIALIZED (SELECT * FROM event_pii_per_day WHERE day >= :start AND day <= :end),
    shown_leak AS (
        SELECT * FROM leak WHERE {{behind}} ORDER BY -events, day, source, field, pii_type LIMIT :fetch
    ), shown_loop AS MATERIALIZED (
        SELECT source, max(day) AS last_day, sum(events) AS events, array_agg(DISTINCT field) AS fields,
            array_agg(DISTINCT pii_type) AS types
        FROM leak GROUP BY source ORDER BY -sum(events), source LIMIT :loops
    ), begun AS MATERIALIZED (
        SELECT source, min({_FIRST_SEEN}) AS first_seen
        FROM (SELECT DISTINCT source, field, pii_type FROM leak JOIN shown_loop USING (source)) AS shown GROUP BY source
    ), whole AS (SELECT sum(events) AS total FROM leak)
    (SELECT 'leak' AS list, day, source, field, pii_type, {_FIRST_SEEN} AS first_seen, events, total,
        NULL AS fields, NULL AS types
        FROM shown_leak AS shown, whole ORDER BY -events, day, source, field, pii_type)
    UNION ALL
    (SELECT 'loop', last_day, source, NULL, NULL, first_seen, events, total, fields, types
        FROM shown_loop JOIN begun USING (source), whole ORDER BY -events, source)
"""
_BEHIND = """(-events, day, source, field, pii_type) > (
    CAST(:last_events AS bigint), CAST(:last_day AS date), :last_source, :last_field, :last_type)"""
_POSITION = ("last_events", "last_day", "last_source", "last_field", "last_type")


def fetch_event_pii(connection: Connection, query: Query) -> EventPiiAnswer:
    """What was found in the period, a page of it, and the loops."""
    after = dict(zip(_POSITION, query.page.after or (), strict=False))
    statement = text(_ANSWER.format(behind=_BEHIND if after else "true"))
    dates = {"start": query.period.start, "end": query.period.end}
    rows = connection.execute(statement, {**dates, **after, "fetch": query.page.fetch, "loops": _LOOPS}).all()
    return format_event_pii(rows, query)


def format_event_pii(rows: Sequence[Row[Any]], query: Query) -> EventPiiAnswer:
    """The answer for the fetched rows."""
    leaks, last = query.page.split([row for row in rows if row.list == "leak"])
    return EventPiiAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("alert_event_pii"),
        total=rows[0].total if rows else 0,
        leaks=[_format_leak(row) for row in leaks],
        loops=[_format_loop(row) for row in rows if row.list == "loop"],
        next_cursor=_encode_position(last, query) if last is not None else None,
    )


def _format_leak(row: Row[Any]) -> EventPiiLeak:
    return EventPiiLeak(
        date=row.day,
        source=row.source or None,
        field=row.field,
        type=row.pii_type,
        events=row.events,
        first_seen=row.first_seen,
    )


def _format_loop(row: Row[Any]) -> LeakingLoop:
    return LeakingLoop(
        source=row.source or None,
        since=row.first_seen,
        last_date=row.day,
        fields=row.fields,
        types=row.types,
        events=row.events,
    )


def _encode_position(row: Row[Any], query: Query) -> str:
    position = [str(-row.events), str(row.day), row.source, row.field, row.pii_type]
    return encode_cursor(query.identifiers.references, CURSOR, position)
