"""Claims of deliveries, with everything that a worker needs to send them."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import References
from metrics_api.context import Context
from metrics_api.deliveries.requests import is_email_off
from metrics_api.deliveries.signing_secrets import fetch_signing_secret
from metrics_api.deliveries.subscriptions import build_unsubscribe_url
from metrics_api.deliveries.transitions import Claim, Ended, claim_delivery, save_result
from metrics_api.reports.listing import fetch_report
from metrics_api.settings.queues import QueueSettings
from viral_contract.models.deliveries import DeliveryClaimed, DeliveryResult, Notification, Takedown, WebhookEvent

_SUBJECT = text("""
    SELECT report_id, rule_id, notification, takedown, event FROM delivery_requests
    WHERE id = (SELECT request_id FROM deliveries WHERE id = :delivery_id)
""")
# An attempt may have been in progress while its rule changed, or a person may have retried a failed one. A test is sent
# even by a disabled rule.
_CANCEL_OUTDATED = text("""
    UPDATE deliveries SET status = 'cancelled', finished_at = :now FROM delivery_requests request
    WHERE deliveries.id = :delivery_id AND status = 'pending' AND request.id = request_id AND rule_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM notification_rules rule
            WHERE rule.id = rule_id AND target = recipient AND channel = coalesce(notification ->> 'channel', 'webhook')
                AND (enabled OR (notification ->> 'is_test')::boolean)
        )
""")
_IS_SUBSCRIBED = text("SELECT EXISTS (SELECT FROM subscriptions WHERE lower(email) = lower(:recipient))")


class UnreadableSubjectError(Exception):
    """The stored content of a claimed delivery cannot be parsed by this release."""

    def __init__(self, claim: Claim, error: ValidationError) -> None:
        """Store the claim, and the first error in the message."""
        wrong = error.errors()[0]
        place = ".".join(str(part) for part in wrong["loc"])
        super().__init__(f"The content cannot be read: {place}: {wrong['msg']}")
        self.claim = claim


def claim_with_subject(
    connection: Connection, delivery_id: int, context: Context, *, now: datetime
) -> DeliveryClaimed | None:
    """Claim the delivery with its content; None if it is not due, or its rule no longer wants it.

    Raises UnreadableSubjectError.
    """
    subject = connection.execute(_SUBJECT, {"delivery_id": delivery_id}).one_or_none()
    if subject is None:
        return None
    connection.execute(_CANCEL_OUTDATED, {"delivery_id": delivery_id, "now": now})
    off = is_email_off(context.flags, report_id=subject.report_id, rule_id=subject.rule_id)
    claim = claim_delivery(connection, delivery_id, context.settings.deliveries, switched_off=off, now=now)
    if claim is None:
        return None
    try:
        return _describe(connection, claim, subject, context)
    except ValidationError as error:
        raise UnreadableSubjectError(claim, error) from error


def fail_unreadable(
    connection: Connection, error: UnreadableSubjectError, settings: QueueSettings, *, now: datetime
) -> Ended | None:
    """End a delivery that cannot be parsed as failed, with the reason."""
    result = DeliveryResult(token=error.claim.token, outcome="failed", error=str(error))
    return save_result(connection, error.claim.delivery_id, result, settings, now=now)


def _describe(connection: Connection, claim: Claim, subject: Row[Any], context: Context) -> DeliveryClaimed:
    references, settings = context.references, context.settings.deliveries
    report_id, public_url = subject.report_id, settings.public_dashboard_url.rstrip("/")
    notification = Notification.model_validate(subject.notification) if subject.notification else None
    return DeliveryClaimed(
        delivery_id=claim.delivery_id,
        token=claim.token,
        attempt=claim.attempt,
        kind=claim.kind,
        recipient=claim.recipient,
        is_placeholder=claim.is_placeholder,
        message_id=claim.message_id,
        lease_seconds=settings.delivery_lease_seconds,
        unsubscribe_url=_build_unsubscribe_url(connection, claim, references, public_url) if report_id else None,
        signing_secret=_fetch_secret(connection, claim, subject, context),
        report=fetch_report(connection, report_id) if report_id else None,
        report_url=f"{public_url}/dashboard/reports/{report_id}" if report_id else None,
        notification=notification,
        takedown=Takedown.model_validate(subject.takedown) if subject.takedown else None,
        event=WebhookEvent.model_validate(subject.event) if subject.event else None,
    )


def _fetch_secret(connection: Connection, claim: Claim, subject: Row[Any], context: Context) -> str | None:
    if claim.kind != "webhook":
        return None
    if subject.takedown:
        secret = context.settings.deliveries.takedown_webhook_secret
        return secret.get_secret_value() if secret else None
    return fetch_signing_secret(connection, context.references, subject.rule_id) if subject.rule_id else None


def _build_unsubscribe_url(connection: Connection, claim: Claim, references: References, public_url: str) -> str | None:
    """The recipient's unsubscribe URL, None without a subscription."""
    if not connection.execute(_IS_SUBSCRIBED, {"recipient": claim.recipient}).scalar_one():
        return None
    return build_unsubscribe_url(public_url, references, claim.recipient)
