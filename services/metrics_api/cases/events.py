"""What programs are told about cases: those that are opened or decided, and conversions that are not credible."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, TextClause, select, text

from metrics_api.db.advisory_locks import AdvisoryLock, await_lock
from metrics_api.db.tables import cases
from metrics_api.detection.case_effects import FRAUDS, IS_LEFT_OUT, IS_OF_FRAUD
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.listed_events import build_is_listed, listing_values
from metrics_api.detection.query import Query
from metrics_api.work.webhook_events import save_webhook_events

# A conversion is found by a case that holds it, or by whom and what it is of. The days are read only where there is
# somebody to look for. Rows are locked by their ids in order, as others delete some of them.
_FIND = f"""
    WITH fraud AS ({FRAUDS}), conversion AS NOT MATERIALIZED (
        SELECT *, network AS ip_address FROM referrals WHERE event_type = 'conversion' AND {{scope}}
    ), suspect AS (
        SELECT event_id, day FROM conversion WHERE NOT {{is_allowed}} AND event_id IN (
            SELECT event_id FROM case_conversions JOIN cases ON cases.id = case_id WHERE {{scope}} AND {IS_LEFT_OUT})
        UNION SELECT event_id, day FROM conversion
        WHERE NOT {{is_allowed}} AND (:are_denied OR EXISTS (SELECT FROM fraud)) AND ({{is_denied}} OR {IS_OF_FRAUD})
    ), credible AS (
        DELETE FROM not_credible_conversions WHERE event_id IN (
            SELECT event_id FROM not_credible_conversions AS known
            WHERE {{scope}} AND :are_all AND NOT EXISTS (SELECT FROM suspect WHERE event_id = known.event_id)
            ORDER BY event_id FOR UPDATE
        )
    )
    INSERT INTO not_credible_conversions (event_id, day)
    SELECT event_id, day FROM suspect
    WHERE NOT EXISTS (SELECT FROM not_credible_conversions WHERE event_id = suspect.event_id) ORDER BY event_id
    ON CONFLICT DO NOTHING RETURNING event_id
"""
_FIND_IN_WINDOW = text(
    _FIND.format(scope="day >= :first_day", is_allowed=build_is_listed("allow"), is_denied=build_is_listed("deny"))
)
# What lists say is found by the next evaluation.
_FIND_IN_CASES = text(
    _FIND.format(
        scope="event_id IN (SELECT event_id FROM case_conversions WHERE case_id = ANY(:ids))",
        is_allowed="false",
        is_denied="false",
    )
)


def save_opened(connection: Connection, case_ids: Iterable[int], *, now: datetime) -> None:
    """Record that these cases are open, for the first time or again."""
    ids = list(case_ids)
    if ids:
        rows = connection.execute(select(cases).where(cases.c.id.in_(ids)).order_by(cases.c.id))
        happened = {f"{row.id} {now.isoformat()}": _describe(row) for row in rows}
        save_webhook_events(connection, "case.opened", happened, now=now)


def save_decided(connection: Connection, rows: Collection[Row[Any]], *, is_undone: bool, now: datetime) -> None:
    """Record the verdicts on these cases, or that they were undone, and what that makes of their conversions."""
    happened = {f"{row.id} {now.isoformat()}": _describe(row) | {"undone": is_undone} for row in rows}
    save_webhook_events(connection, "case.decided", happened, now=now)
    # Of two people who take back what both have said of a conversion, the second has to see that the first has.
    await_lock(connection, AdvisoryLock.NOT_CREDIBLE)
    values = {"ids": [row.id for row in rows], "are_denied": False, "are_all": True, "now": now}
    _save_not_credible(connection, _FIND_IN_CASES, values, now=now)


def save_not_credible(connection: Connection, query: Query, lists: Lists, first_day: date, *, are_all: bool) -> None:
    """Record which conversions since that date are no longer credible, and forget those that are again.

    Unless these are `are_all` facts, none is forgotten.
    """
    listed = listing_values(lists)
    are_denied = any(lists.deny.values())
    values = {**listed, "are_denied": are_denied, "are_all": are_all, "first_day": first_day, "now": query.now}
    _save_not_credible(connection, _FIND_IN_WINDOW, values, now=query.now)


def _save_not_credible(
    connection: Connection, statement: TextClause, values: Mapping[str, object], *, now: datetime
) -> None:
    """Tell programs once each time that a conversion stops being credible, whatever is to blame."""
    found = connection.execute(statement, values).scalars()
    happened = {f"{event_id} {now.isoformat()}": {"event_id": str(event_id)} for event_id in found}
    save_webhook_events(connection, "conversion.not_credible", happened, now=now)


def _describe(row: Row[Any]) -> dict[str, object]:
    return {
        "case_id": row.id,
        "kind": row.kind,
        "rules": list(row.rules),
        "strength": row.strength,
        "status": row.status,
        "verdict": row.verdict,
        "stake": {"clicks": row.clicks, "conversions": row.conversions},
    }
