"""Asking for deliveries: once within 60 seconds, and once for ever for a mailing or a notification with a key."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from metrics_api.db.tables import delivery_requests
from metrics_api.work.job_keys import recall_answer, remember_answer
from viral_contract.models.deliveries import DeliveryKind, Notification, Takedown
from viral_contract.models.recipients import drop_repeated

MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Question:
    """What is asked for: a report to be mailed, news of a rule to be told, or an item to be taken down.

    `unique_key` is given where the same must never be asked for twice.
    """

    kind: DeliveryKind
    recipients: Sequence[str]
    is_placeholder: bool
    requested_by: str
    report_id: int | None = None
    notification: Notification | None = None
    takedown: Takedown | None = None
    rule_id: int | None = None
    unique_key: str | None = None


@dataclass(frozen=True)
class Asked:
    """The request that answers, and whether it is a new one."""

    request_id: int
    created: bool


# The id is drawn first, so that the Message-ID names it; the random part keeps a restored database from using a
# Message-ID twice.
_INSERT = text("""
    WITH given AS (
        SELECT nextval(pg_get_serial_sequence('deliveries', 'id')) AS id, recipient, recipient_hash,
            :kind = 'email' AND NOT :is_placeholder
                AND EXISTS (SELECT FROM suppressions WHERE lower(email) = lower(recipient)) AS is_suppressed
        FROM unnest(CAST(:recipients AS text[]), CAST(:hashes AS text[])) AS asked (recipient, recipient_hash)
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


def request_report_emails(connection: Connection, question: Question, *, domain: str, now: datetime) -> Asked:
    """Record the deliveries of a report, or find those that the same question made within the last 60 seconds.

    Who asked while email was off got placeholders; who asks once it is on wants an email.
    """
    recipients = sorted(_hash(recipient) for recipient in drop_repeated(question.recipients))
    what = "placeholder" if question.is_placeholder else "delivery"
    key = f"{what}:{question.report_id}:{hashlib.sha256(''.join(recipients).encode()).hexdigest()}"
    known = recall_answer(connection, key, now=now)
    if known is not None:
        return Asked(known, created=False)
    asked = save_request(connection, question, domain=domain, now=now)
    remember_answer(connection, key, asked.request_id, now=now)
    return asked


def save_request(connection: Connection, question: Question, *, domain: str, now: datetime) -> Asked:
    """Record the deliveries, each recipient's once, or find those of the same unique key."""
    statement = insert(delivery_requests).values(
        report_id=question.report_id,
        notification=question.notification and question.notification.model_dump(mode="json"),
        takedown=question.takedown and question.takedown.model_dump(mode="json"),
        rule_id=question.rule_id,
        unique_key=question.unique_key,
        requested_by=question.requested_by,
        created_at=now,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["unique_key"])
    request_id = connection.execute(statement.returning(delivery_requests.c.id)).scalar_one_or_none()
    if request_id is None:
        return Asked(_find_by_key(connection, question.unique_key), created=False)
    _save_deliveries(connection, request_id, question, domain=domain, now=now)
    return Asked(request_id, created=True)


def _save_deliveries(
    connection: Connection, request_id: int, question: Question, *, domain: str, now: datetime
) -> None:
    recipients = drop_repeated(question.recipients)
    values = {
        "request_id": request_id,
        "kind": question.kind,
        "is_placeholder": question.is_placeholder,
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
