"""Requests for deliveries: the same within 60 seconds is one, and so is ever one with the same unique key."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select, text
from sqlalchemy.dialects.postgresql import insert

from metrics_api.context import Context
from metrics_api.db.tables import delivery_requests, report_runs, subscriptions
from metrics_api.work.job_keys import recall_answer, remember_answer
from metrics_api.work.webhook_events import save_webhook_events
from viral_contract.models.deliveries import DeliveryKind, Notification, Takedown, WebhookEvent
from viral_contract.models.flags import Flag
from viral_contract.models.recipients import drop_repeated
from viral_runtime.flags.evaluate import Flags

MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class DeliveryRequest:
    """What is requested: a report to mail, alert events or another event for a rule, or an item to take down.

    `unique_key` prevents a second request for the same thing.
    """

    kind: DeliveryKind
    recipients: Sequence[str]
    is_placeholder: bool
    requested_by: str
    report_id: int | None = None
    notification: Notification | None = None
    takedown: Takedown | None = None
    event: WebhookEvent | None = None
    rule_id: int | None = None
    unique_key: str | None = None


@dataclass(frozen=True)
class Requested:
    """The id of the request, and whether it is new."""

    request_id: int
    created: bool


# The Message-ID contains the id; its random part keeps a restored database from using a Message-ID twice.
_INSERT = text("""
    WITH given AS (
        SELECT nextval(pg_get_serial_sequence('deliveries', 'id')) AS id, recipient, recipient_hash,
            :kind = 'email' AND NOT :is_placeholder
                AND EXISTS (SELECT FROM suppressions WHERE lower(email) = lower(recipient)) AS is_suppressed
        FROM unnest(CAST(:recipients AS text[]), CAST(:hashes AS text[])) AS given (recipient, recipient_hash)
    )
    INSERT INTO deliveries (id, request_id, kind, recipient, recipient_hash, is_placeholder, status, max_attempts,
        next_attempt_at, message_id, created_at, finished_at)
    OVERRIDING SYSTEM VALUE
    SELECT id, :request_id, :kind, recipient, recipient_hash, :is_placeholder,
        CASE WHEN is_suppressed THEN 'suppressed' ELSE 'pending' END, :max_attempts, :now,
        format('<%s.%s@%s>', id, replace(gen_random_uuid()::text, '-', ''), CAST(:domain AS text)), :now,
        CASE WHEN is_suppressed THEN CAST(:now AS timestamptz) END
    FROM given
""")


# Those who have or may have the email; who only got it by subscription, only while the subscription lasts.
_MAILED = text("""
    WITH RECURSIVE replaced AS (
        SELECT earlier.* FROM report_runs AS run JOIN report_runs AS earlier ON earlier.id = run.restates
        WHERE run.id = :run_id
        UNION ALL SELECT earlier.* FROM replaced JOIN report_runs AS earlier ON earlier.id = replaced.restates
    )
    SELECT recipient FROM replaced
        JOIN delivery_requests AS request ON request.report_id = replaced.id
        JOIN deliveries ON request_id = request.id
    WHERE NOT deliveries.is_placeholder
        AND deliveries.status IN ('pending', 'claimed', 'sending', 'sent', 'uncertain')
        AND (unique_key IS NULL OR lower(recipient) IN (SELECT lower(unnest(replaced.recipient_emails)))
            OR EXISTS (SELECT FROM subscriptions
                WHERE email = lower(recipient) AND subscriptions.report_type = replaced.report_type))
    GROUP BY recipient ORDER BY min(deliveries.id)
""")


def is_email_off(flags: Flags, *, report_id: int | None, rule_id: int | None) -> bool:
    """Whether emails of this report, or else of this notification rule, are currently placeholders."""
    key = f"report:{report_id}" if report_id is not None else f"rule:{rule_id}"
    return not flags.is_on(Flag.EMAIL_DELIVERY, key)


def request_report_emails(connection: Connection, request: DeliveryRequest, *, domain: str, now: datetime) -> Requested:
    """Record the deliveries of a report, or find those that the same request made within the last 60 seconds.

    A request while email is off creates placeholders; repeated once it is on, it creates emails.
    """
    recipients = sorted(_hash(recipient) for recipient in drop_repeated(request.recipients))
    what = "placeholder" if request.is_placeholder else "delivery"
    key = f"{what}:{request.report_id}:{hashlib.sha256(''.join(recipients).encode()).hexdigest()}"
    known = recall_answer(connection, key, now=now)
    if known is not None:
        return Requested(known, created=False)
    requested = save_request(connection, request, domain=domain, now=now)
    remember_answer(connection, key, requested.request_id, now=now)
    return requested


def save_request(connection: Connection, request: DeliveryRequest, *, domain: str, now: datetime) -> Requested:
    """Record one delivery per recipient, or find the request with the same unique key."""
    statement = insert(delivery_requests).values(
        report_id=request.report_id,
        notification=request.notification and request.notification.model_dump(mode="json"),
        takedown=request.takedown and request.takedown.model_dump(mode="json"),
        event=request.event and request.event.model_dump(mode="json"),
        rule_id=request.rule_id,
        unique_key=request.unique_key,
        requested_by=request.requested_by,
        created_at=now,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["unique_key"])
    request_id = connection.execute(statement.returning(delivery_requests.c.id)).scalar_one_or_none()
    if request_id is None:
        return Requested(_find_by_key(connection, request.unique_key), created=False)
    _save_deliveries(connection, request_id, request, domain=domain, now=now)
    return Requested(request_id, created=True)


def _save_deliveries(
    connection: Connection, request_id: int, request: DeliveryRequest, *, domain: str, now: datetime
) -> None:
    recipients = drop_repeated(request.recipients)
    values = {
        "request_id": request_id,
        "kind": request.kind,
        "is_placeholder": request.is_placeholder,
        "recipients": recipients,
        "hashes": [_hash(recipient) for recipient in recipients],
        "max_attempts": MAX_ATTEMPTS,
        "domain": domain,
        "now": now,
    }
    connection.execute(_INSERT, values)


def _find_by_key(connection: Connection, key: str | None) -> int:
    statement = text("SELECT id FROM delivery_requests WHERE unique_key = :key")
    request_id: int = connection.execute(statement, {"key": key}).scalar_one()
    return request_id


def _hash(recipient: str) -> str:
    return hashlib.sha256(recipient.casefold().encode()).hexdigest()


def save_mailing(connection: Connection, run_id: int, context: Context, *, now: datetime) -> bool:
    """Record a finished report's emails, and for programs that it is ready, in the transaction that ends its run.

    Those who were mailed the reports that it replaces get it as well.

    Returns whether there are emails.
    """
    run = connection.execute(select(report_runs).where(report_runs.c.id == run_id)).one()
    _save_report_ready(connection, run, now=now)
    subscribers = _fetch_subscribers(connection, run.report_type) if _is_newest_slot(connection, run) else []
    mailed = [] if run.restates is None else _fetch_mailed(connection, run_id)
    recipients = [*run.recipient_emails, *subscribers, *mailed]
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


def _save_report_ready(connection: Connection, run: Row[Any], *, now: datetime) -> None:
    data: dict[str, object] = {name: str(run._mapping[name]) for name in ("report_type", "period_start", "period_end")}
    save_webhook_events(connection, "report.ready", {str(run.id): {"report_id": run.id, **data}}, now=now)
    if run.restates is not None:
        data = {**data, "restates": run.restates}
        save_webhook_events(connection, "report.restated", {str(run.id): {"report_id": run.id, **data}}, now=now)


def _fetch_mailed(connection: Connection, run_id: int) -> list[str]:
    """Who was mailed a report that this run replaces, directly or through others."""
    return list(connection.execute(_MAILED, {"run_id": run_id}).scalars())


def _is_newest_slot(connection: Connection, run: Row[Any]) -> bool:
    """Whether no later slot of this type has a run: after a downtime, only the newest report is mailed."""
    if run.slot is None:
        return False
    of_type = report_runs.c.report_type == run.report_type
    later = select(exists().where(of_type, report_runs.c.slot > run.slot, report_runs.c.status != "skipped"))
    return not connection.execute(later).scalar_one()


def _fetch_subscribers(connection: Connection, report_type: str) -> list[str]:
    statement = select(subscriptions.c.email).where(subscriptions.c.report_type == report_type)
    return list(connection.execute(statement.order_by(subscriptions.c.id)).scalars())
