"""The jobs of the queues. A job gets the id of a delivery, whose row the metrics API owns.

A job that cannot continue just ends: the reconciler enqueues the row again, or holds it as unconfirmed, once its lease
has expired.
"""

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial

import structlog

from email_worker.alert_summary import head_of
from email_worker.claims_api import ClaimsApi, DeliveryLease
from email_worker.letters import Letter, clean_subject, load_templates, write_alert_letter, write_report_letter
from email_worker.message import build_message, read_mailbox
from email_worker.outcomes import FailedError, NotSentError
from email_worker.settings import EmailSettings, EmailWorkerSettings, WebhookSettings
from email_worker.transport import send_by_smtp, write_to_folder
from email_worker.webhook import (
    build_body,
    build_event_body,
    build_standard_headers,
    build_takedown_body,
    call_webhook,
    sign_body,
)
from viral_contract.client.connection import ApiProblemError
from viral_contract.models.deliveries import Content, DeliveryClaimed, DeliveryResult, Notification
from viral_contract.models.recipients import is_excluded, mask_recipient
from viral_runtime.settings.base import load_settings
from viral_runtime.work.lease import LeaseLostError, claim, format_error

_log = structlog.get_logger()
Attempt = Callable[[DeliveryClaimed, DeliveryLease], DeliveryResult]


def prepare() -> None:
    """Do once what each job would otherwise repeat in its own forked child; opens no connection."""
    connect()
    for name in load_templates().list_templates():
        load_templates().get_template(name)


@cache
def connect() -> ClaimsApi:
    """The API client, from the settings."""
    own: EmailWorkerSettings = load_settings(EmailWorkerSettings)[0]
    return ClaimsApi.connect(own.metrics_api_url, own.email_worker_token.get_secret_value())


def send_email(delivery_id: int) -> None:
    """Send an email, unless another worker has it."""
    _deliver(delivery_id, _send_email)


def post_webhook(delivery_id: int) -> None:
    """Call a webhook, unless another worker has it."""
    _deliver(delivery_id, _post_webhook)


def _deliver(delivery_id: int, attempt: Attempt) -> None:
    api = connect()
    delivery = claim(partial(api.claim, delivery_id), "delivery_not_claimed", delivery_id=delivery_id)
    if delivery is None:
        return
    with structlog.contextvars.bound_contextvars(
        delivery_id=delivery_id, attempt=delivery.attempt, masked_recipient=mask_recipient(delivery.recipient)
    ):
        lease = DeliveryLease(api, delivery)
        try:
            result = _try(delivery, lease, attempt)
            # The outcome is known, so the queue's alarm must not prevent its report.
            signal.alarm(0)
            state = lease.hand_in(result)
        except LeaseLostError:
            _log.warning("delivery_lost")
        except ApiProblemError as error:
            _log.error("delivery_result_refused", code=error.code)
        else:
            _log.info("delivery_attempt_ended", outcome=result.outcome, status=state.status, error=result.error)


def _try(delivery: DeliveryClaimed, lease: DeliveryLease, attempt: Attempt) -> DeliveryResult:
    """How the attempt ended; anything that stops it after the intent leaves an email unconfirmed."""
    try:
        return attempt(delivery, lease)
    except NotSentError as error:
        return DeliveryResult(token=delivery.token, outcome=error.outcome, reply=error.reply, error=str(error))
    except (LeaseLostError, ApiProblemError):
        raise
    except Exception as error:  # Including the alarm by which the queue ends a job that takes too long.
        _log.exception("delivery_attempt_failed")
        outcome = "uncertain" if lease.may_be_sent and delivery.kind == "email" else "refused"
        return DeliveryResult(token=delivery.token, outcome=outcome, error=format_error(error))


def _send_email(delivery: DeliveryClaimed, lease: DeliveryLease) -> DeliveryResult:
    letter = _write_letter(delivery)
    content = Content(subject=letter.subject, html=letter.html, text=letter.text)
    if delivery.is_placeholder:
        _log.info(
            "email_placeholder", subject=letter.subject, report_id=delivery.report.id if delivery.report else None
        )
        return DeliveryResult(token=delivery.token, outcome="placeholder", content=content)
    settings: EmailSettings = load_settings(EmailSettings)[0]
    if is_excluded(delivery.recipient, settings.email_recipient_domains):
        raise FailedError("The recipient's domain is not in EMAIL_RECIPIENT_DOMAINS.")
    recipient = read_mailbox(delivery.recipient)
    message = build_message(letter, delivery, recipient, settings.email_from, now=datetime.now(UTC))
    tell_intent = partial(lease.tell_intent, content)
    if settings.email_transport == "file":
        reply = write_to_folder(settings.email_folder, message, tell_intent)
    else:
        reply = send_by_smtp(settings, message, recipient, tell_intent)
    return DeliveryResult(token=delivery.token, outcome="sent", reply=reply)


def _write_letter(delivery: DeliveryClaimed) -> Letter:
    if delivery.report:
        return write_report_letter(
            delivery.report, report_url=delivery.report_url, unsubscribe_url=delivery.unsubscribe_url
        )
    return write_alert_letter(_notification(delivery), unsubscribe_url=delivery.unsubscribe_url)


def _post_webhook(delivery: DeliveryClaimed, lease: DeliveryLease) -> DeliveryResult:
    settings: WebhookSettings = load_settings(WebhookSettings)[0]
    is_signed = delivery.event or (delivery.notification and delivery.notification.channel == "webhook")
    if is_signed and not delivery.signing_secret:
        raise FailedError("The rule's secret can't be read. Create a new one, then retry.")
    subject, body = _build_call(delivery)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "viral-guardrails",
        "Idempotency-Key": delivery.message_id,
    }
    if delivery.signing_secret:
        now = datetime.now(UTC)
        headers["X-Viral-Signature"] = sign_body(body, delivery.signing_secret, now=now)
        headers |= build_standard_headers(body, delivery.signing_secret, delivery.message_id, now=now)
    lease.tell_intent(Content(subject=subject, text=body.decode()))
    reply = call_webhook(settings, delivery.recipient, body, headers)
    return DeliveryResult(token=delivery.token, outcome="sent", reply=reply)


def _build_call(delivery: DeliveryClaimed) -> tuple[str, bytes]:
    if delivery.takedown:
        kind = delivery.takedown.content_kind.replace("_", " ")
        return f"Take down a {kind}", build_takedown_body(delivery, delivery.takedown)
    if delivery.event:
        return delivery.event.type, build_event_body(delivery, delivery.event)
    notification = _notification(delivery)
    return clean_subject(head_of(notification)), build_body(delivery, notification)


def _notification(delivery: DeliveryClaimed) -> Notification:
    if delivery.notification is None:
        raise ValueError("The delivery has neither a report nor a notification.")
    return delivery.notification
