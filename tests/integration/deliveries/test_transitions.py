"""The state machine of deliveries: what leads where, and what leads nowhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any, get_args

import pytest
from sqlalchemy import Connection, text

from metrics_api.deliveries.transitions import (
    Status,
    claim_delivery,
    expire_leases,
    save_intent,
    save_result,
)
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.queues import QueueSettings
from tests.support.delivery_rows import ANN, HOOK, NOON, change_delivery, read_delivery, save_delivery
from viral_contract.models.deliveries import Content, DeliveryIntent, DeliveryKind, DeliveryResult

DELIVERIES, QUEUES = DeliverySettings(), QueueSettings()
TOKEN, ATTEMPT = 3, 2
CONTENT = Content(subject="Weekly report", html="<p>K 1.5</p>", text="K 1.5")


@dataclass(frozen=True)
class Situation:
    """A delivery as an action finds it."""

    status: Status
    kind: DeliveryKind = "email"
    placeholder: bool = False


def arrange(connection: Connection, found: Situation, **columns: Any) -> int:
    recipient = HOOK if found.kind == "webhook" else ANN
    delivery_id = save_delivery(connection, recipient, placeholder=found.placeholder)
    state = {"status": found.status, "token": TOKEN, "attempt": ATTEMPT, "lease_until": NOON, "claimed_at": NOON}
    change_delivery(connection, delivery_id, **state | columns)
    return delivery_id


def claim(connection: Connection, delivery_id: int) -> None:
    claim_delivery(connection, delivery_id, DELIVERIES, switched_off=False, now=NOON)


def intend(connection: Connection, delivery_id: int, token: int = TOKEN) -> bool:
    return save_intent(connection, delivery_id, DeliveryIntent(token=token), DELIVERIES, now=NOON)


def report(outcome: str, token: int = TOKEN, **fields: Any) -> Callable[[Connection, int], None]:
    def act(connection: Connection, delivery_id: int) -> None:
        error = None if outcome in ("sent", "placeholder") else "a reason"
        values = {"token": token, "outcome": outcome, "error": error, **fields}
        result = DeliveryResult.model_validate(values)
        save_result(connection, delivery_id, result, QUEUES, now=NOON)

    return act


def expire(connection: Connection, _delivery_id: int) -> None:
    expire_leases(connection, QUEUES, now=NOON + timedelta(seconds=1))


ACTIONS: dict[str, Callable[[Connection, int], object]] = {
    "claim": claim,
    "intent": intend,
    "sent": report("sent"),
    "placeholder": report("placeholder"),
    "refused": report("refused"),
    "failed": report("failed"),
    "uncertain": report("uncertain"),
    "expiry": expire,
}
EMAIL = {
    ("pending", "claim"): "claimed",
    ("claimed", "intent"): "sending",
    ("claimed", "refused"): "pending",
    ("claimed", "failed"): "dead",
    ("claimed", "expiry"): "pending",
    ("sending", "intent"): "sending",
    ("sending", "sent"): "sent",
    ("sending", "refused"): "pending",
    ("sending", "failed"): "dead",
    ("sending", "uncertain"): "uncertain",
    ("sending", "expiry"): "uncertain",
    ("uncertain", "sent"): "sent",
}
WEBHOOK = EMAIL | {("sending", "uncertain"): "pending", ("sending", "expiry"): "pending"}
PLACEHOLDER = {
    ("pending", "claim"): "claimed",
    ("claimed", "placeholder"): "placeholder",
    ("claimed", "refused"): "pending",
    ("claimed", "failed"): "dead",
    ("claimed", "expiry"): "pending",
}
RULES = [
    *((Situation(status), action, EMAIL) for status, action in product(get_args(Status), ACTIONS)),
    *((Situation(status, kind="webhook"), action, WEBHOOK) for status, action in product(get_args(Status), ACTIONS)),
    # A placeholder never gets as far as "sending".
    *(
        (Situation(status, placeholder=True), action, PLACEHOLDER)
        for status, action in product(get_args(Status), ACTIONS)
        if status not in ("sending", "uncertain", "sent")
    ),
]


@pytest.mark.parametrize(("found", "action", "allowed"), RULES, ids=lambda value: str(value)[:80])
def test_an_action_leads_where_the_rules_say_or_nowhere(
    connection: Connection, found: Situation, action: str, allowed: dict[tuple[str, str], str]
) -> None:
    delivery_id = arrange(connection, found)
    before = read_delivery(connection, delivery_id)
    ACTIONS[action](connection, delivery_id)
    after = read_delivery(connection, delivery_id)
    if (found.status, action) in allowed:
        assert after.status == allowed[found.status, action]
    else:
        assert after == before


@pytest.mark.parametrize("status", ["claimed", "sending", "uncertain"])
@pytest.mark.parametrize("action", ["sent", "placeholder", "refused", "failed", "uncertain", "intent"])
def test_the_token_of_an_earlier_claim_changes_nothing(connection: Connection, status: Status, action: str) -> None:
    delivery_id = arrange(connection, Situation(status, placeholder=action == "placeholder"))
    before = read_delivery(connection, delivery_id)
    if action == "intent":
        assert not intend(connection, delivery_id, token=TOKEN - 1)
    else:
        report(action, token=TOKEN - 1)(connection, delivery_id)
    assert read_delivery(connection, delivery_id) == before


@pytest.mark.parametrize("action", ["refused", "expiry"])
@pytest.mark.parametrize("status", ["claimed", "sending"])
def test_the_last_attempt_ends_as_dead(connection: Connection, status: Status, action: str) -> None:
    delivery_id = arrange(connection, Situation(status, kind="webhook"), attempt=5)
    ACTIONS[action](connection, delivery_id)
    row = read_delivery(connection, delivery_id)
    assert (row.status, row.finished_at is None, row.lease_until) == ("dead", False, None)


def test_a_claim_holds_the_delivery_for_a_lease_and_counts_the_attempt(connection: Connection) -> None:
    delivery_id = save_delivery(connection)
    claimed = claim_delivery(connection, delivery_id, DELIVERIES, switched_off=False, now=NOON)
    assert claimed is not None
    assert (claimed.token, claimed.attempt, claimed.recipient, claimed.is_placeholder) == (1, 1, ANN, False)
    assert read_delivery(connection, delivery_id).lease_until == NOON + timedelta(seconds=60)
    assert claim_delivery(connection, delivery_id, DELIVERIES, switched_off=False, now=NOON) is None


def test_a_delivery_is_not_taken_before_its_time(connection: Connection) -> None:
    delivery_id = save_delivery(connection)
    early = NOON - timedelta(seconds=1)
    assert claim_delivery(connection, delivery_id, DELIVERIES, switched_off=False, now=early) is None


def test_a_worker_that_fell_silent_while_sending_may_still_prove_that_it_sent(connection: Connection) -> None:
    delivery_id = save_delivery(connection)
    claim(connection, delivery_id)
    assert intend(connection, delivery_id, token=1)
    silent = NOON + timedelta(minutes=15, seconds=1)
    assert [ended.status for ended in expire_leases(connection, QUEUES, now=silent)] == ["uncertain"]
    report("sent", token=1, reply="250 OK", content=CONTENT)(connection, delivery_id)
    row = read_delivery(connection, delivery_id)
    assert (row.status, row.sent_at, row.last_error, row.reply) == ("sent", NOON, None, "250 OK")
    assert row.content == {"subject": "Weekly report", "html": "<p>K 1.5</p>", "text": "K 1.5"}


def test_what_was_rendered_before_sending_is_kept_until_the_result_brings_it(connection: Connection) -> None:
    delivery_id = arrange(connection, Situation("claimed"))
    intent = DeliveryIntent(token=TOKEN, content=CONTENT)
    assert save_intent(connection, delivery_id, intent, DELIVERIES, now=NOON)
    report("sent")(connection, delivery_id)
    assert read_delivery(connection, delivery_id).content["subject"] == "Weekly report"


def test_a_refused_attempt_waits_longer_each_time(connection: Connection) -> None:
    waits = []
    for attempt in range(1, 5):
        delivery_id = arrange(connection, Situation("claimed"), attempt=attempt)
        report("refused")(connection, delivery_id)
        waits.append((read_delivery(connection, delivery_id).next_attempt_at - NOON).total_seconds())
    for wait, shortest in zip(waits, (60, 240, 600, 2700), strict=True):
        assert shortest <= wait <= shortest * 1.1


@pytest.mark.parametrize(("minutes", "attempts"), [(2, 3), (5, 4), (10, 4), (30, 5)])
def test_a_mail_server_that_refuses_for_a_while_gets_the_email_after_it(
    connection: Connection, minutes: int, attempts: int
) -> None:
    """Greylisting by default takes 5 minutes; the attempts used to be over after 2."""
    delivery_id, now, taken = save_delivery(connection), NOON, None
    while taken is None or now < NOON + timedelta(minutes=minutes):
        if taken:
            result = DeliveryResult(token=taken.token, outcome="refused", error="451 4.7.1 greylisted")
            save_result(connection, delivery_id, result, QUEUES, now=now)
            now = read_delivery(connection, delivery_id).next_attempt_at
        taken = claim_delivery(connection, delivery_id, DELIVERIES, switched_off=False, now=now)
        assert taken is not None
    assert taken.attempt <= attempts


def test_an_email_that_is_taken_while_email_is_off_is_a_placeholder_for_good(connection: Connection) -> None:
    delivery_id = save_delivery(connection)
    taken = claim_delivery(connection, delivery_id, DELIVERIES, switched_off=True, now=NOON)
    assert taken is not None
    assert taken.is_placeholder
    expire_leases(connection, QUEUES, now=NOON + timedelta(minutes=2))
    later = NOON + timedelta(minutes=5)
    again = claim_delivery(connection, delivery_id, DELIVERIES, switched_off=False, now=later)
    assert again is not None
    assert again.is_placeholder
    assert not intend(connection, delivery_id, token=again.token)


def test_a_webhook_does_not_care_whether_email_is_off(connection: Connection) -> None:
    delivery_id = save_delivery(connection, HOOK)
    taken = claim_delivery(connection, delivery_id, DELIVERIES, switched_off=True, now=NOON)
    assert taken is not None
    assert not taken.is_placeholder


def test_an_address_that_was_suppressed_meanwhile_gets_nothing(connection: Connection) -> None:
    delivery_id = save_delivery(connection)
    suppress = text("INSERT INTO suppressions (email, reason, created_at) VALUES (:email, 'no such user', :now)")
    connection.execute(suppress, {"email": ANN.upper(), "now": NOON})
    assert claim_delivery(connection, delivery_id, DELIVERIES, switched_off=False, now=NOON) is None
    row = read_delivery(connection, delivery_id)
    assert (row.status, row.finished_at, row.attempt) == ("suppressed", NOON, 0)


def test_every_message_id_is_different_and_names_its_delivery(connection: Connection) -> None:
    first = save_delivery(connection, ANN, "bob@school.example")
    ids = connection.execute(text("SELECT id, message_id FROM deliveries ORDER BY id")).all()
    assert [row.id for row in ids] == [first, first + 1]
    for row in ids:
        assert row.message_id.startswith(f"<{row.id}.")
        assert row.message_id.endswith("@mail.example>")
