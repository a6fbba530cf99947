"""The clicks and visits that got their traffic class for one reason: what the class rests on, event by event."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.detection.investigations.history import EVENT_COLUMNS
from metrics_api.detection.investigations.shaping import format_event
from metrics_api.detection.query import Query
from metrics_api.detection.traffic import is_program
from viral_contract.models.investigations import InvestigatedEvent, TrafficEventsAnswer
from viral_contract.models.traffic import TrafficClass

CURSOR = "traffic events"
_WANTED = "traffic_class = :traffic_class AND traffic_reason = :reason"
_TOTAL = text(f"""
    SELECT coalesce(sum(clicks + visits), 0)::bigint FROM traffic_per_day
    WHERE day BETWEEN :start AND :end AND {_WANTED}
""")
_EVENTS = f"""
    SELECT {EVENT_COLUMNS} FROM attribution_events AS event
    WHERE {_WANTED} AND occurred_at >= :begins_at AND occurred_at < :ends_before {{behind}}
    ORDER BY occurred_at DESC, event_id DESC LIMIT :fetch
"""
_BEHIND = "AND (occurred_at, event_id) < (CAST(:last_at AS timestamptz), CAST(:last_id AS uuid))"


def fetch_traffic_events(
    connection: Connection, query: Query, *, reason: str, traffic_class: TrafficClass
) -> TrafficEventsAnswer:
    """A page of the period's events of one reason, the newest first."""
    wanted = {"reason": reason, "traffic_class": traffic_class}
    period = query.period
    after = dict(zip(("last_at", "last_id"), query.page.after, strict=True)) if query.page.after else {}
    given = {
        **wanted,
        **after,
        "begins_at": period.begins_at,
        "ends_before": period.ends_before,
        "fetch": query.page.fetch,
        "ipv6_prefix": query.settings.fraud_ipv6_prefix,
    }
    rows = connection.execute(text(_EVENTS.format(behind=_BEHIND if after else "")), given).all()
    total = connection.execute(_TOTAL, {**wanted, "start": period.start, "end": period.end}).scalar_one()
    return format_traffic_events(rows, query, reason=reason, traffic_class=traffic_class, total=total)


def format_traffic_events(
    rows: Sequence[Row[Any]], query: Query, *, reason: str, traffic_class: TrafficClass, total: int
) -> TrafficEventsAnswer:
    """The answer for the fetched rows, of which the last may belong to the next page."""
    shown, last = query.page.split(rows)
    return TrafficEventsAnswer(
        period=query.period,
        computed_at=query.now,
        reason=reason,
        traffic_class=traffic_class,
        total_events=total,
        events=[_format_event(row, query) for row in shown],
        next_cursor=last and encode_cursor(query.identifiers.references, CURSOR, (last.occurred_at, last.event_id)),
    )


def _format_event(row: Row[Any], query: Query) -> InvestigatedEvent:
    event = format_event(row, query.identifiers)
    return event.model_copy(update={"user_agent": row.user_agent}) if is_program(row.traffic_class) else event
