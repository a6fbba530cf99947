"""Which loops' events carried personal information: what was replaced at ingest, by day, loop, field and type."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.detection.query import Query
from viral_contract.models.guardrails import EventPiiAnswer, EventPiiLeak, LeakingLoop

CURSOR = "event_pii"
_LOOPS = 50

# Few rows a day, so that all of them are read for when each leak began.
_LEAKS = """
    SELECT fact.*, known.first_seen, sum(events) OVER () AS total
    FROM event_pii_per_day AS fact JOIN (
        SELECT source, field, pii_type, min(day) AS first_seen FROM event_pii_per_day GROUP BY 1, 2, 3
    ) AS known USING (source, field, pii_type)
    WHERE day >= :start AND day <= :end
"""
_ANSWER = f"""
    WITH leak AS MATERIALIZED ({_LEAKS})
    (SELECT 'leak' AS list, day, source, field, pii_type, first_seen, events, total, NULL AS fields, NULL AS types
        FROM leak WHERE {{behind}} ORDER BY -events, day, source, field, pii_type LIMIT :fetch)
    UNION ALL
    (SELECT 'loop', max(day), source, NULL, NULL, min(first_seen), sum(events), min(total),
        array_agg(DISTINCT field), array_agg(DISTINCT pii_type)
        FROM leak GROUP BY source ORDER BY -sum(events), source LIMIT :loops)
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
