"""The mailing of a report that has just been made: to those who were named, and on a schedule to its subscribers."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from metrics_api.context import Context
from metrics_api.db.tables import report_runs, subscriptions
from metrics_api.deliveries.requests import DeliveryRequest, is_email_off, save_request


def save_mailing(connection: Connection, run_id: int, context: Context, *, now: datetime) -> bool:
    """Record once for ever what is to be mailed of a run, in the transaction that ends it; says whether anything is."""
    run = connection.execute(select(report_runs).where(report_runs.c.id == run_id)).one()
    subscribers = _fetch_subscribers(connection, run.report_type) if _is_newest_slot(connection, run) else []
    recipients = [*run.recipient_emails, *subscribers]
    if recipients:
        request = DeliveryRequest(
            kind="email",
            recipients=recipients,
            is_placeholder=is_email_off(context.flags, report_id=run_id, rule_id=None),
            requested_by=run.requested_by,
            report_id=run_id,
            unique_key=f"run:{run_id}:mailing",
        )
        save_request(connection, request, domain=context.settings.deliveries.message_id_domain, now=now)
    return bool(recipients)


def _is_newest_slot(connection: Connection, run: Row[Any]) -> bool:
    """Whether no later slot of this type is due: after a downtime not everything that was missed is mailed."""
    if run.slot is None:
        return False
    of_type = report_runs.c.report_type == run.report_type
    later = select(exists().where(of_type, report_runs.c.slot > run.slot, report_runs.c.status != "skipped"))
    return not connection.execute(later).scalar_one()


def _fetch_subscribers(connection: Connection, report_type: str) -> list[str]:
    statement = select(subscriptions.c.email).where(subscriptions.c.report_type == report_type)
    return list(connection.execute(statement.order_by(subscriptions.c.id)).scalars())
