"""Bodies of webhooks: readable by Slack and by programs, and provably ours."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from email_worker.alert_summary import MOST_SHOWN
from email_worker.webhook import build_body, build_takedown_body, sign_body
from tests.support.letters import AT, build_alert_event, build_claim, build_notification
from viral_contract.models.deliveries import AlertEvent, Channel, DeliveryClaimed, Takedown


def claim(channel: Channel, *events: AlertEvent) -> DeliveryClaimed:
    notification = build_notification(*events, channel=channel)
    return build_claim(kind="webhook", recipient="https://hooks.example/x", notification=notification)


def read(channel: Channel, *events: AlertEvent) -> dict[str, Any]:
    given = claim(channel, *events)
    assert given.notification
    body: dict[str, Any] = json.loads(build_body(given, given.notification))
    return body


def test_a_program_gets_every_alert_event() -> None:
    body = read("webhook", build_alert_event(), build_alert_event(alert_id=4, event="ended"))
    assert (body["id"], body["type"], body["rule"]) == (build_claim().message_id, "alerts", "On call")
    assert [(news["alert_id"], news["event"], news["severity"]) for news in body["news"]] == [
        (3, "opened", "high"),
        (4, "ended", "high"),
    ]
    assert body["news"][0]["at"] == "2026-03-09T09:00:05Z"
    assert body["text"] == "2 alert updates from On call"


def test_slack_gets_text_and_blocks() -> None:
    body = read("slack")
    assert body.keys() == {"text", "blocks"}
    assert body["text"] == "New alert (high): 14 IP addresses were flagged"
    texts = [block["text"]["text"] for block in body["blocks"]]
    assert {block["type"] for block in body["blocks"]} == {"section"}
    assert len(texts) == 1
    assert texts[0].startswith("*New alert, high*\n14 IP addresses were flagged\n")
    assert "<https://dashboard.example/dashboard/alerts/3|View alert>" in texts[0]


def test_a_digest_in_slack_begins_with_how_much_there_is() -> None:
    blocks = read("slack", build_alert_event(), build_alert_event(alert_id=4, event="ended"))["blocks"]
    assert (blocks[0]["text"]["text"], len(blocks)) == ("*2 alert updates from On call*", 3)


def test_nothing_in_an_alert_calls_a_channel_or_hides_a_link() -> None:
    texts = json.dumps(read("slack", build_alert_event(message="<!channel> & <https://eve.example|click>")))
    assert "&lt;!channel&gt; &amp; &lt;https://eve.example|click&gt;" in texts
    assert "<!channel>" not in texts


def test_slack_links_nothing_by_itself() -> None:
    blocks = read("slack", build_alert_event(message="@channel #general eve.example"))["blocks"]
    assert [block["text"]["verbatim"] for block in blocks] == [True] * len(blocks)


@pytest.mark.parametrize("count", [1, 100])
def test_slack_takes_every_message(count: int) -> None:
    body = read("slack", *[build_alert_event(message="&" * 5000)] * count)
    assert len(body["blocks"]) <= MOST_SHOWN + 2 <= 50
    assert max(len(block["text"]["text"]) for block in body["blocks"]) <= 3000
    assert len(body["text"]) <= 4000


def test_the_receiver_can_check_the_signature_and_its_age() -> None:
    given = claim("webhook")
    assert given.notification
    body = build_body(given, given.notification)
    signature = dict(part.split("=") for part in sign_body(body, "secret", now=AT).split(","))
    assert int(signature["t"]) == int(AT.timestamp())
    told = hmac.new(b"secret", f"{signature['t']}.".encode() + body, hashlib.sha256).hexdigest()
    assert signature["v1"] == told
    assert signature["v1"] != hmac.new(b"other", f"{signature['t']}.".encode() + body, hashlib.sha256).hexdigest()


def test_the_app_is_told_which_item_to_hide() -> None:
    takedown = Takedown(content_kind="parent_share", content_id="s-1", types=["email"], found_at=AT)
    given = build_claim(kind="webhook", recipient="https://app.example/hide", takedown=takedown)
    body = json.loads(build_takedown_body(given, takedown))
    assert (body["type"], body["id"]) == ("takedown", given.message_id)
    assert (body["content_kind"], body["content_id"], body["types"]) == ("parent_share", "s-1", ["email"])
