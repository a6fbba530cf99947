"""Deliveries as tests need them: asked for by the code of the product, and put into any state by hand."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Row, text

from metrics_api.deliveries.requests import DeliveryRequest, save_request
from tests.support.api_fixtures import build_app
from tests.support.report_facts import build_facts
from viral_contract.models.deliveries import DeliveryKind

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
ANN, BOB = "ann@school.example", "bob@school.example"
HOOK = "https://hooks.example/alerts"
DOMAIN = "mail.example"
_FLAG = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'
_READY = text("""
    INSERT INTO report_runs (report_type, period_start, period_end, requested_by, status, max_attempts,
        next_attempt_at, created_at, slot, recipient_emails)
    VALUES (:report_type, '2026-03-02', '2026-03-08', 'ana', :status, 3, :now, :now, :slot, :recipients) RETURNING id
""")


def save_delivery(
    connection: Connection,
    *recipients: str,
    report_id: int | None = None,
    placeholder: bool = False,
    now: datetime = NOON,
) -> int:
    """Ask for deliveries and return the first one's id; a URL is a webhook."""
    recipients = recipients or (ANN,)
    kind: DeliveryKind = "webhook" if "://" in recipients[0] else "email"
    request = DeliveryRequest(kind, recipients, placeholder, requested_by="ana", report_id=report_id)
    requested = save_request(connection, request, domain=DOMAIN, now=now)
    first = text("SELECT min(id) FROM deliveries WHERE request_id = :request_id")
    delivery_id: int = connection.execute(first, {"request_id": requested.request_id}).scalar_one()
    return delivery_id


def change_delivery(connection: Connection, delivery_id: int, **columns: Any) -> None:
    """Put a delivery into a state in which others would have brought it."""
    changes = ", ".join(f"{name} = :{name}" for name in columns)
    connection.execute(
        text(f"UPDATE deliveries SET {changes} WHERE id = :delivery_id"), columns | {"delivery_id": delivery_id}
    )


def read_delivery(connection: Connection, delivery_id: int) -> Row[Any]:
    """The row."""
    return connection.execute(text("SELECT * FROM deliveries WHERE id = :id"), {"id": delivery_id}).one()


def save_run(
    connection: Connection,
    *recipients: str,
    report_type: str = "weekly",
    status: str = "running",
    slot: datetime | None = None,
) -> int:
    """A run of a report, without what it says."""
    values = {"report_type": report_type, "status": status, "now": NOON, "slot": slot, "recipients": list(recipients)}
    run_id: int = connection.execute(_READY, values).scalar_one()
    return run_id


def save_ready_report(connection: Connection, **columns: Any) -> int:
    """A report that is ready and says something."""
    run_id = save_run(connection, status="ready", **columns)
    said = {"facts": build_facts().model_dump(mode="json"), "insights": [], "recommendations": ["Go on."]}
    content = json.dumps(said | {"written_by": "rules"})
    save = text("UPDATE report_runs SET content = CAST(:content AS jsonb), html = '<p>report</p>' WHERE id = :run_id")
    connection.execute(save, {"content": content, "run_id": run_id})
    return run_id


def create_mailing_app(database_url: str, redis_url: str, folder: Path) -> Flask:
    """The application with emails and notifications switched on."""
    path = folder / "flags.json"
    path.write_text(f'{{"flags": {{"email_delivery": {_FLAG}, "alert_notifications": {_FLAG}}}}}')
    return build_app(database_url=database_url, redis_url=redis_url, flags_file=path)
