"""What rules tell about alerts: once each, to whom it concerns, in a digest where it would be a storm."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.context import Context
from metrics_api.notifications.dispatch import enqueue_messages
from metrics_api.settings.deliveries import DeliverySettings
from tests.support.api_fixtures import Api, change_settings
from tests.support.builders import NOON, build_clicks
from tests.support.content_builders import EMAIL, build_share, save_shares
from viral_contract.models.evaluations import Evaluation
from viral_runtime.flags.evaluate import Flags
from viral_runtime.work.queues import QueueName, open_queue

RULES = "/v1/notification-rules"
HOOK, OTHER_HOOK = "https://hooks.example.com/T1/secret-path", "https://chat.example.com/T2"
MINUTE = timedelta(minutes=1)
Evaluate = Callable[..., Evaluation]


@pytest.fixture
def evaluate(mailing: Context) -> Evaluate:
    """One evaluation at a moment, and the telling after it, as the reconciler does both."""

    def run(
        now: datetime = NOON, flags: Flags = mailing.flags, settings: DeliverySettings = mailing.settings.deliveries
    ) -> Evaluation:
        context = change_settings(replace(mailing, flags=flags), deliveries=settings)
        evaluation = evaluate_guardrails(context, now=now)
        enqueue_messages(context, now=now)
        return evaluation

    return run


def create_rule(api: Api, **fields: Any) -> dict[str, Any]:
    """A new rule, of all severities and with a webhook where nothing else is said."""
    body = {"name": "On call", "severities": ["critical", "high", "medium"], "channel": "webhook", "target": HOOK}
    response = api.send("POST", RULES, json={**body, **fields})
    assert response.status_code == 201, response.get_data(as_text=True)
    return dict(response.get_json())


def flag_addresses(api: Api, count: int, *, first: int = 1, at: datetime = NOON) -> None:
    """Let so many addresses click more often than the threshold; more than 5 open the alert of fraud."""
    for host in range(first, first + count):
        api.post_events(*build_clicks(11, at=at, apart=1, ip_address=f"198.51.100.{host}"))


def act(api: Api, alert_id: int, action: str, **body: Any) -> None:
    """A person's action that must succeed."""
    assert api.send("POST", f"/v1/alerts/{alert_id}/{action}", json=body).status_code == 200


def read_messages(connection: Connection) -> list[dict[str, Any]]:
    """Every message of a rule, the first one first, with its delivery."""
    rows = connection.execute(
        text("""
            SELECT rule_id, notification, unique_key, kind, recipient, status, is_placeholder, requested_by
            FROM delivery_requests q JOIN deliveries d ON d.request_id = q.id ORDER BY q.id
        """)
    )
    return [dict(row._mapping) for row in rows]


def read_events(connection: Connection) -> list[list[str]]:
    """What each message told."""
    return [[news["event"] for news in message["notification"]["news"]] for message in read_messages(connection)]


def test_an_alert_is_told_when_it_opens_gets_worse_and_ends(
    admin: Api, evaluate: Evaluate, connection: Connection, redis: Redis
) -> None:
    rule = create_rule(admin)
    flag_addresses(admin, 6)
    (alert_id,) = evaluate().opened_alerts
    assert open_queue(redis, QueueName.WEBHOOKS).count == 1
    flag_addresses(admin, 5, first=10)
    evaluate(NOON + MINUTE)
    assert read_events(connection) == [["opened"]]
    flag_addresses(admin, 1, first=20)
    evaluate(NOON + 2 * MINUTE)
    evaluate(NOON + timedelta(days=8))
    assert read_events(connection) == [["opened"], ["escalated"], ["ended"]]
    opened, escalated, ended = [message["notification"]["news"][0] for message in read_messages(connection)]
    assert opened == {
        "alert_id": alert_id,
        "event": "opened",
        "type": "fraud_detection",
        "severity": "high",
        "message": "6 IP addresses had more than 10 clicks in one day (UTC). Threshold: 5.",
        "count": 6,
        "at": "2026-03-04T12:00:00Z",
        "url": f"https://guardrails.example.com/dashboard/guardrails/alert?id={alert_id}",
    }
    assert (escalated["count"], escalated["severity"]) == (12, "high")
    assert ended["message"].startswith("Resolved automatically. Original alert: 12 IP addresses")
    first = read_messages(connection)[0]
    assert (first["kind"], first["recipient"], first["rule_id"], first["status"]) == (
        "webhook",
        HOOK,
        rule["id"],
        "pending",
    )
    assert {key: first["notification"][key] for key in ("rule", "channel", "is_test")} == {
        "rule": "On call",
        "channel": "webhook",
        "is_test": False,
    }


def test_evaluations_that_find_the_same_tell_nothing_more(
    admin: Api, evaluate: Evaluate, connection: Connection
) -> None:
    create_rule(admin)
    flag_addresses(admin, 6)
    for minutes in range(5):
        evaluate(NOON + minutes * MINUTE)
    assert read_events(connection) == [["opened"]]


def test_each_doubling_is_told_and_nothing_between(admin: Api, evaluate: Evaluate, connection: Connection) -> None:
    create_rule(admin)
    counts = (6, 11, 12, 23, 24, 47, 48)
    flagged = 0
    for hours, count in enumerate(counts):
        flag_addresses(admin, count - flagged, first=flagged + 1)
        flagged = count
        evaluate(NOON + timedelta(hours=hours))
    told = [message["notification"]["news"][0]["count"] for message in read_messages(connection)]
    assert told == [6, 12, 24, 48]


def test_a_rule_hears_only_of_its_severities(admin: Api, evaluate: Evaluate, connection: Connection) -> None:
    create_rule(admin, name="Privacy", severities=["critical"])
    create_rule(admin, name="Fraud", severities=["high", "medium"], target=OTHER_HOOK)
    flag_addresses(admin, 6)
    save_shares(admin, build_share("share_1", EMAIL, inserted_at=NOON.isoformat()))
    evaluate()
    heard = {(each["recipient"], each["notification"]["news"][0]["type"]) for each in read_messages(connection)}
    assert heard == {(HOOK, "coppa_violation"), (OTHER_HOOK, "fraud_detection")}


@pytest.mark.parametrize(
    ("action", "body"),
    [("acknowledge", {"note": "Mine"}), ("snooze", {"until": "2999-01-01T00:00:00Z"})],
)
def test_nothing_is_told_while_somebody_has_taken_it_up_or_put_it_off_but_the_end_is(
    admin: Api, evaluate: Evaluate, connection: Connection, action: str, body: dict[str, Any]
) -> None:
    create_rule(admin)
    flag_addresses(admin, 6)
    (alert_id,) = evaluate().opened_alerts
    act(admin, alert_id, action, **body)
    flag_addresses(admin, 20, first=10)
    evaluate(NOON + MINUTE)
    assert read_events(connection) == [["opened"]]
    evaluate(NOON + timedelta(days=8))
    assert read_events(connection) == [["opened"], ["ended"]]


def test_an_event_that_still_waits_when_its_alert_is_taken_up_waits_for_the_end(
    admin: Api, evaluate: Evaluate, connection: Connection, mailing: Context
) -> None:
    create_rule(admin)
    flag_addresses(admin, 6)
    evaluation = evaluate_guardrails(mailing, now=NOON)
    act(admin, evaluation.opened_alerts[0], "acknowledge")
    enqueue_messages(mailing, now=NOON)
    assert read_messages(connection) == []
    evaluate(NOON + timedelta(days=8))
    assert read_events(connection) == [["opened", "ended"]]


def test_when_a_snooze_is_over_it_is_told_that_it_got_worse(
    admin: Api, evaluate: Evaluate, connection: Connection
) -> None:
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    create_rule(admin)
    flag_addresses(admin, 6, at=today - timedelta(days=2))
    (alert_id,) = evaluate(today).opened_alerts
    until = today + timedelta(days=1)
    act(admin, alert_id, "snooze", until=until.isoformat())
    flag_addresses(admin, 6, first=10, at=today - timedelta(days=2))
    evaluate(until - MINUTE)
    assert read_events(connection) == [["opened"]]
    evaluate(until)
    assert read_events(connection) == [["opened"], ["escalated"]]


@pytest.mark.parametrize(
    ("false_positive", "said"),
    [(False, "olga@example.com resolved it."), (True, "olga@example.com marked it as a false positive.")],
)
def test_who_ended_an_alert_is_told_at_once_without_their_note(
    admin: Api, evaluate: Evaluate, connection: Connection, false_positive: bool, said: str
) -> None:
    create_rule(admin)
    flag_addresses(admin, 6)
    (alert_id,) = evaluate().opened_alerts
    act(admin, alert_id, "resolve", note="It was 198.51.100.7", false_positive=false_positive)
    assert read_events(connection) == [["opened"], ["ended"]]
    message = read_messages(connection)[1]["notification"]["news"][0]["message"]
    assert message == f"{said} Original alert: 6 IP addresses had more than 10 clicks in one day (UTC). Threshold: 5."


def test_while_the_flag_is_off_nobody_is_told_not_even_later(
    admin: Api, evaluate: Evaluate, connection: Connection
) -> None:
    create_rule(admin)
    flag_addresses(admin, 6)
    evaluate(flags=Flags(None))
    flag_addresses(admin, 20, first=10)
    evaluate(NOON + MINUTE)
    evaluate(NOON + timedelta(days=8))
    assert read_messages(connection) == []


def test_a_rule_learns_of_alerts_that_open_after_it_was_made(
    admin: Api, evaluate: Evaluate, connection: Connection
) -> None:
    flag_addresses(admin, 6)
    evaluate()
    create_rule(admin)
    flag_addresses(admin, 20, first=10)
    evaluate(NOON + MINUTE)
    evaluate(NOON + timedelta(days=8))
    assert read_messages(connection) == []


def test_a_rule_that_is_switched_off_tells_nothing_and_forgets_what_it_had_to_tell(
    admin: Api, evaluate: Evaluate, connection: Connection
) -> None:
    rule = create_rule(admin)
    flag_addresses(admin, 6)
    evaluate()
    off = {"name": "On call", "severities": ["high"], "channel": "webhook", "enabled": False}
    assert admin.send("PUT", f"{RULES}/{rule['id']}", json=off).status_code == 200
    evaluate(NOON + timedelta(days=8))
    assert [(each["status"], len(each["notification"]["news"])) for each in read_messages(connection)] == [
        ("cancelled", 1)
    ]


def open_and_end(admin: Api, evaluate: Evaluate, alerts: int, start: datetime) -> None:
    """Alerts of fraud that open and are resolved, one a minute, each told twice."""
    for number in range(alerts):
        now = start + number * MINUTE
        for alert_id in evaluate(now).opened_alerts:
            act(admin, alert_id, "resolve")


def test_a_storm_becomes_a_digest_when_the_window_is_free_again(
    admin: Api, evaluate: Evaluate, connection: Connection
) -> None:
    create_rule(admin)
    now = datetime.now(UTC)
    flag_addresses(admin, 6, at=now - timedelta(hours=1))
    open_and_end(admin, evaluate, 4, now)
    assert read_events(connection) == [["opened"], ["ended"], ["opened"]]
    assert admin.read(RULES)["rules"][0]["waiting"] == 5
    evaluate(now + 9 * MINUTE)
    assert len(read_events(connection)) == 3
    evaluate(now + 11 * MINUTE)
    assert read_events(connection)[3] == ["ended", "opened", "ended", "opened", "ended", "opened"]
    assert admin.read(RULES)["rules"][0]["waiting"] == 0
    told = read_messages(connection)
    assert len({each["unique_key"] for each in told}) == 4


def test_what_opens_together_is_told_together(admin: Api, evaluate: Evaluate, connection: Connection) -> None:
    create_rule(admin)
    flag_addresses(admin, 6)
    save_shares(admin, build_share("share_1", EMAIL, inserted_at=NOON.isoformat()))
    evaluate()
    assert read_events(connection) == [["opened", "opened"]]


def test_evaluations_and_tellings_at_one_moment_tell_everything_once(
    admin: Api, evaluate: Evaluate, connection: Connection
) -> None:
    for name in ("One", "Two", "Three"):
        create_rule(admin, name=name)
    flag_addresses(admin, 6)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(evaluate, NOON) for _ in range(8)]
        opened = [alert for each in done for alert in each.result().opened_alerts]
    assert len(opened) == 1
    assert read_events(connection) == [["opened"]] * 3
    assert len({each["rule_id"] for each in read_messages(connection)}) == 3


@pytest.mark.parametrize("is_on", [True, False])
def test_an_email_is_a_placeholder_while_email_is_switched_off(
    admin: Api, connection: Connection, evaluate: Evaluate, mailing: Context, redis: Redis, tmp_path: Path, is_on: bool
) -> None:
    flags = mailing.flags
    if not is_on:
        on = '{"state": "ENABLED", "variants": {"on": true}, "defaultVariant": "on"}'
        (tmp_path / "flags.json").write_text(f'{{"flags": {{"alert_notifications": {on}}}}}')
        flags = Flags(tmp_path / "flags.json")
    create_rule(admin, channel="email", target="On.Call@Example.com")
    flag_addresses(admin, 6)
    evaluate(flags=flags)
    (message,) = read_messages(connection)
    assert (message["kind"], message["recipient"], message["is_placeholder"]) == (
        "email",
        "On.Call@example.com",
        not is_on,
    )
    assert open_queue(redis, QueueName.EMAIL_DELIVERY).count == 1


def test_a_test_message_says_so_and_needs_no_alert(admin: Api, connection: Connection) -> None:
    rule = create_rule(admin, severities=["medium", "critical"], enabled=False)
    response = admin.send("POST", f"{RULES}/{rule['id']}/test")
    assert response.status_code == 202
    (message,) = read_messages(connection)
    (news,) = message["notification"]["news"]
    assert (message["notification"]["is_test"], news["severity"], message["requested_by"]) == (
        True,
        "critical",
        "olga@example.com",
    )
    assert "This is a test of the rule “On call”" in news["message"]
    last = admin.read(f"{RULES}/{rule['id']}")["last_message"]
    assert (last["is_test"], last["news"], last["status"]) == (True, 1, "queued")


def test_test_messages_do_not_use_up_what_a_rule_may_send(
    admin: Api, evaluate: Evaluate, connection: Connection
) -> None:
    rule = create_rule(admin)
    now = datetime.now(UTC)
    for _ in range(4):
        admin.send("POST", f"{RULES}/{rule['id']}/test")
    flag_addresses(admin, 6, at=now - timedelta(hours=1))
    evaluate(now)
    assert len(read_messages(connection)) == 5


def read_statuses(connection: Connection) -> list[tuple[str, str]]:
    """To whom each message goes, and how it stands."""
    return [(message["recipient"], message["status"]) for message in read_messages(connection)]


def change_rule(api: Api, rule: dict[str, Any], **fields: Any) -> None:
    """A change that must succeed; the target stays unless another is given."""
    body = {name: rule[name] for name in ("name", "severities", "channel")}
    assert api.send("PUT", f"{RULES}/{rule['id']}", json={**body, "target": None, **fields}).status_code == 200


@pytest.mark.parametrize(
    "change", [{"target": OTHER_HOOK}, {"channel": "slack", "target": HOOK}], ids=["other target", "other channel"]
)
def test_what_waited_for_another_target_or_channel_is_told_to_the_new_one(
    admin: Api, evaluate: Evaluate, connection: Connection, change: dict[str, str]
) -> None:
    rule = create_rule(admin)
    flag_addresses(admin, 6)
    evaluate()
    change_rule(admin, rule, **change)
    evaluate(NOON + MINUTE)
    assert read_statuses(connection) == [(HOOK, "cancelled"), (change["target"], "pending")]
    told = read_messages(connection)[1]["notification"]
    assert (told["channel"], [news["event"] for news in told["news"]]) == (change.get("channel", "webhook"), ["opened"])
    change_rule(admin, rule, **change)
    assert read_statuses(connection)[1] == (change["target"], "pending")


@pytest.mark.parametrize("change", ["deleted", "switched off", "other target", "other channel"])
def test_an_attempt_that_is_refused_after_its_rule_changed_is_not_repeated(
    admin: Api, evaluate: Evaluate, connection: Connection, change: str
) -> None:
    rule = create_rule(admin)
    flag_addresses(admin, 6)
    evaluate()
    (delivery_id,) = connection.execute(text("SELECT id FROM deliveries")).scalars()
    claimed = admin.send("POST", f"/internal/deliveries/{delivery_id}/claim").get_json()
    assert claimed["signing_secret"] == rule["secret"]
    if change == "deleted":
        assert admin.send("DELETE", f"{RULES}/{rule['id']}").status_code == 204
    else:
        fields: dict[str, dict[str, Any]] = {
            "switched off": {"enabled": False},
            "other target": {"target": OTHER_HOOK},
            "other channel": {"channel": "slack", "target": HOOK},
        }
        change_rule(admin, rule, **fields[change])
    refused = {"token": claimed["token"], "outcome": "refused", "error": "503"}
    assert admin.send("POST", f"/internal/deliveries/{delivery_id}/result", json=refused).status_code == 200
    connection.execute(text("UPDATE deliveries SET next_attempt_at = now()"))
    admin.refuse(409, "POST", f"/internal/deliveries/{delivery_id}/claim")
    assert read_statuses(connection) == [(HOOK, "cancelled")]


def test_a_test_is_sent_by_a_rule_that_is_switched_off(admin: Api, connection: Connection) -> None:
    rule = create_rule(admin, enabled=False)
    assert admin.send("POST", f"{RULES}/{rule['id']}/test").status_code == 202
    (delivery_id,) = connection.execute(text("SELECT id FROM deliveries")).scalars()
    assert admin.send("POST", f"/internal/deliveries/{delivery_id}/claim").status_code == 200
