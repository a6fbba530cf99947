"""Turns what happened into calls of webhooks: one call for each event, and no limit, as programs act on each."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Connection, Row, text

from metrics_api.alerts.alert_events import is_switched_on
from metrics_api.alerts.evaluate import build_recent_query
from metrics_api.cases.credibility import NotAConversionError, fetch_credibility
from metrics_api.context import Context
from metrics_api.db.paging import Page
from metrics_api.deliveries.requests import DeliveryRequest, save_request
from metrics_api.notifications.rules import UnknownRuleError, lock_rule
from viral_contract.models.deliveries import WebhookEvent

_ACTOR = "notifications"
_MOST = 200
_WAITING_RULES = text("SELECT DISTINCT rule_id FROM webhook_events WHERE request_id IS NULL ORDER BY rule_id")
_WAITING = text("""
    SELECT id, type, data, created_at FROM webhook_events
    WHERE rule_id = :rule_id AND request_id IS NULL ORDER BY id LIMIT :most
""")
_CALLED = text("UPDATE webhook_events SET request_id = :request_id WHERE id = :id")
_DROP = text("DELETE FROM webhook_events WHERE id = ANY(:ids)")
_PAGES = {"case_id": "/dashboard/cases/{}", "report_id": "/dashboard/reports/{}"}


def request_calls(connection: Connection, context: Context, *, now: datetime) -> int:
    """Request a call for each waiting event, at most some for each rule; returns how many."""
    waiting = connection.execute(_WAITING_RULES).scalars().all()
    return sum(_request_calls_of(connection, rule_id, context, now=now) for rule_id in waiting)


def _request_calls_of(connection: Connection, rule_id: int, context: Context, *, now: datetime) -> int:
    try:
        rule = lock_rule(connection, rule_id)
    except UnknownRuleError:
        return 0
    rows = connection.execute(_WAITING, {"rule_id": rule_id, "most": _MOST}).all()
    events = {row.id: _build_event(connection, row, context, now=now) for row in rows}
    wanted = {row_id: event for row_id, event in events.items() if event and is_switched_on(context.flags, rule_id)}
    connection.execute(_DROP, {"ids": [row_id for row_id in events if row_id not in wanted]})
    for row_id, event in wanted.items():
        request = DeliveryRequest(
            kind="webhook",
            recipients=[rule.target],
            is_placeholder=False,
            requested_by=_ACTOR,
            event=event,
            rule_id=rule_id,
            unique_key=f"event:{row_id}",
        )
        domain = context.settings.deliveries.message_id_domain
        requested = save_request(connection, request, domain=domain, now=now)
        connection.execute(_CALLED, {"request_id": requested.request_id, "id": row_id})
    return len(wanted)


def _build_event(connection: Connection, row: Row[object], context: Context, *, now: datetime) -> WebhookEvent | None:
    """The event with what it leads to; None for a conversion about which that is no longer true."""
    data = dict(row.data)
    if row.type == "conversion.not_credible":
        found = _fetch_reasons(connection, UUID(data["event_id"]), context, now=now)
        if found is None:
            return None
        data |= found
    public_url = context.settings.deliveries.public_dashboard_url.rstrip("/")
    page = next((page.format(data[name]) for name, page in _PAGES.items() if name in data), None)
    page_url = {"url": public_url + page} if page else {}
    return WebhookEvent(type=row.type, timestamp=row.created_at, data={**data, **page_url})


def _fetch_reasons(
    connection: Connection, event_id: UUID, context: Context, *, now: datetime
) -> Mapping[str, JsonValue] | None:
    """Why the conversion is not credible; None if it is, or is gone."""
    try:
        answer = fetch_credibility(connection, event_id, build_recent_query(context, Page(1), now=now))
    except NotAConversionError:
        return None
    if answer is None or answer.verdict != "not_credible":
        return None
    return {"verdict": answer.verdict, "reasons": [reason.model_dump(mode="json") for reason in answer.reasons]}
