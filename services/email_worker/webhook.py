"""A webhook call: its body, the signature that proves it is ours, and one POST without redirects or proxies."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpcore
from standardwebhooks import Webhook

from email_worker.alert_summary import describe, head_of, list_shown
from email_worker.checked_network import CheckedNetwork
from email_worker.outcomes import FailedError, RefusedError, judge_http
from email_worker.settings import WebhookSettings
from viral_contract.models.deliveries import AlertEvent, DeliveryClaimed, Notification, Takedown, WebhookEvent
from viral_reports.figures import format_moment
from viral_runtime.settings.networks import read_networks

_MOST_SECTION_CHARACTERS = 2900  # Slack refuses sections of more than 3000.
_MOST_HEAD_CHARACTERS = 1000
_MOST_ANSWER_BYTES = 500
_STANDARD_SECRET = "whsec_"  # noqa: S105 - the prefix of a secret.
_ID_CHARACTERS = 32


def build_body(claim: DeliveryClaimed, notification: Notification) -> bytes:
    """The body of the call; the same in every attempt."""
    content = _for_slack(notification) if notification.channel == "slack" else _in_general(claim, notification)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def build_takedown_body(claim: DeliveryClaimed, takedown: Takedown) -> bytes:
    """The body of the call that asks the app to hide an item; the same in every attempt."""
    content = {"id": claim.message_id, "type": "takedown", **takedown.model_dump(mode="json")}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def build_event_body(claim: DeliveryClaimed, event: WebhookEvent) -> bytes:
    """The body of a call about one event; the same in every attempt."""
    content = {**event.model_dump(mode="json"), "id": claim.message_id}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def build_standard_headers(body: bytes, secret: str, message_id: str, *, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks; the id is the same in every attempt.

    A secret that is not in the standard's form, which older ones and configured ones may not be, signs as it is.
    """
    webhook_id = f"msg_{hashlib.sha256(message_id.encode()).hexdigest()[:_ID_CHARACTERS]}"
    webhook = Webhook(secret if secret.startswith(_STANDARD_SECRET) else secret.encode())
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(webhook_id, now, body.decode()),
    }


def sign_body(body: bytes, secret: str, *, now: datetime) -> str:
    """The value of `X-Viral-Signature`: the time, and HMAC-SHA256 over the time, a dot and the body."""
    at = str(int(now.timestamp()))
    digest = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _in_general(claim: DeliveryClaimed, notification: Notification) -> dict[str, Any]:
    return {
        "id": claim.message_id,
        "type": "alerts",
        "text": head_of(notification),
        **notification.model_dump(mode="json", exclude={"channel"}),
    }


def _for_slack(notification: Notification) -> dict[str, Any]:
    shown, more = list_shown(notification)
    # A single event already says what the head would say.
    is_alone = len(shown) == 1 and not notification.is_test
    sections = [] if is_alone else [_section(f"*{_escape(head_of(notification))[:_MOST_HEAD_CHARACTERS]}*")]
    sections += [_section(_describe(event)) for event in shown]
    if more:
        sections.append(_section(f"And {more} more on the dashboard."))
    return {"text": _escape(head_of(notification))[:_MOST_HEAD_CHARACTERS], "blocks": sections}


def _describe(event: AlertEvent) -> str:
    message = _escape(event.message)[:_MOST_HEAD_CHARACTERS]
    return f"*{describe(event)}*\n{message}\n{format_moment(event.at)} · <{_escape(event.url)}|View alert>"


def _section(text: str) -> dict[str, Any]:
    # Verbatim: Slack does not turn channels, people or URLs in a text into links.
    text = text[:_MOST_SECTION_CHARACTERS]
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _escape(text: str) -> str:
    """The text, escaped so that Slack reads none of it as a link or mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def call_webhook(settings: WebhookSettings, url: str, body: bytes, headers: Mapping[str, str]) -> str:
    """Call the webhook; returns its answer. Raises NotSentError.

    A call that may have arrived counts as refused, because the receiver recognizes a repeated call by its id.
    """
    _check_url(url)
    network = CheckedNetwork(read_networks(settings.webhook_allowed_networks), settings.webhook_timeout_seconds)
    try:
        with httpcore.ConnectionPool(network_backend=network) as pool:
            status, answer = _post(pool, url, body, headers)
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise RefusedError(f"The webhook did not respond: {type(error).__name__}: {error}") from error
    if status // 100 != HTTPStatus.OK // 100:
        raise judge_http(status, answer)
    return f"{status} {answer}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not url.isascii():
        raise FailedError("The webhook must be an http or https URL in ASCII.")


def _post(pool: httpcore.ConnectionPool, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    content = b""
    with pool.stream("POST", url, headers=list(headers.items()), content=body) as response:
        for part in response.iter_stream():
            content += part
            if len(content) >= _MOST_ANSWER_BYTES:
                break
    return response.status, content[:_MOST_ANSWER_BYTES].decode("utf-8", "replace")
