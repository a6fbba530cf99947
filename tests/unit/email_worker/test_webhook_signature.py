"""Calls that receivers verify by Standard Webhooks, as the documents and the dashboard say, over HTTP."""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from dashboard.admin.notifications import VERIFYING_CODE
from email_worker.settings import WebhookSettings
from email_worker.webhook import build_event_body, build_standard_headers, call_webhook, sign_body
from tests.support.hook_server import HookCall, answer, hook_server
from tests.support.letters import build_claim
from viral_contract.models.deliveries import WebhookEvent

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD_SECRET = "a-secret-of-an-earlier-release"
LOOPBACK = WebhookSettings(webhook_allowed_networks="127.0.0.0/8", webhook_timeout_seconds=1)
AT = datetime(2026, 3, 9, 9, tzinfo=UTC)
EVENT = WebhookEvent(type="conversion.not_credible", timestamp=AT, data={"event_id": "5d0f", "reasons": ["é"]})
DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"


def receive(secret: str, *, now: datetime | None = None, attempts: int = 1) -> list[HookCall]:
    """What a receiver gets of the event."""
    claim = build_claim(kind="webhook", report=None, event=EVENT, signing_secret=secret)
    body, at = build_event_body(claim, EVENT), now or datetime.now(UTC)
    with hook_server(answer(200)) as hook:
        for _ in range(attempts):
            headers = build_standard_headers(body, secret, claim.message_id, now=at)
            call_webhook(LOOPBACK, hook.url, body, headers | {"X-Viral-Signature": sign_body(body, secret, now=at)})
    return hook.calls


def read_code() -> str:
    """The code in the document."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(code)


@pytest.mark.parametrize("code", [VERIFYING_CODE, read_code()], ids=["dashboard", "document"])
def test_the_code_that_receivers_are_given_verifies_a_call(code: str) -> None:
    given: dict[str, Any] = {}
    exec(code, given)  # noqa: S102 - it is ours.
    (call,) = receive(SECRET)
    assert given["is_genuine"](call.headers, call.body, SECRET)
    assert not given["is_genuine"](call.headers, call.body + b" ", SECRET)
    assert not given["is_genuine"](call.headers, call.body, "whsec_" + base64.b64encode(b"another").decode())
    (late,) = receive(SECRET, now=datetime.now(UTC) - timedelta(minutes=6))
    assert not given["is_genuine"](late.headers, late.body, SECRET)


def test_a_receiver_reads_the_event_and_recognizes_a_repeated_call() -> None:
    first, second = receive(SECRET, attempts=2)
    event = Webhook(SECRET).verify(first.body, first.headers)
    assert event == {
        "type": "conversion.not_credible",
        "timestamp": "2026-03-09T09:00:00Z",
        "data": {"event_id": "5d0f", "reasons": ["é"]},
        "id": build_claim().message_id,
    }
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert re.fullmatch("msg_[0-9a-f]{32}", first.headers["webhook-id"])


def test_a_secret_of_an_earlier_release_signs_as_it_is() -> None:
    (call,) = receive(OLD_SECRET)
    assert Webhook(OLD_SECRET.encode()).verify(call.body, call.headers) == json.loads(call.body)


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_the_header_of_the_earlier_release_stays(secret: str) -> None:
    (call,) = receive(secret)
    given = dict(part.split("=", 1) for part in call.headers["X-Viral-Signature"].split(","))
    expected = hmac.new(secret.encode(), given["t"].encode() + b"." + call.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, given["v1"])
