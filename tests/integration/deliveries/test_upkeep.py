"""What the reconciler does for deliveries, and what a person decides about those that are stuck."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.deliveries.transitions import prune_deliveries
from metrics_api.reconciler.tasks import reconcile_deliveries
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.queues import QueueSettings
from tests.support.api_fixtures import Api, change_settings
from tests.support.delivery_rows import (
    ANN,
    BOB,
    HOOK,
    NOON,
    change_delivery,
    read_delivery,
    save_delivery,
    save_ready_report,
)
from viral_contract.models.people import ROLE_SCOPES, Role
from viral_runtime.work.queues import QueueName, open_queue


@pytest.fixture
def reconcile(context: Context, redis: Redis) -> Callable[..., None]:
    """One round of the reconciler at a moment."""

    def act(now: datetime, **settings: int) -> None:
        queues = QueueSettings.model_validate(settings)
        reconcile_deliveries(change_settings(replace(context, redis=redis), queues=queues), now)

    return act


def list_jobs(redis: Redis, queue: QueueName = QueueName.EMAIL_DELIVERY) -> list[int]:
    return [job.args[0] for job in open_queue(redis, queue).jobs]


def test_what_was_never_queued_is_and_what_redis_forgot_is_again_after_half_a_minute(
    connection: Connection, redis: Redis, reconcile: Callable[..., None]
) -> None:
    delivery_id = save_delivery(connection)
    reconcile(NOON)
    assert list_jobs(redis) == [delivery_id]
    redis.flushall()
    reconcile(NOON + timedelta(seconds=29))
    assert list_jobs(redis) == []
    reconcile(NOON + timedelta(seconds=31))
    assert list_jobs(redis) == [delivery_id]


def test_what_nobody_takes_stands_on_its_queue_once(
    connection: Connection, redis: Redis, reconcile: Callable[..., None]
) -> None:
    saved = [save_delivery(connection) for _ in range(5)]
    for step in range(100):
        reconcile(NOON + timedelta(seconds=31 * step))
    assert list_jobs(redis) == saved
    open_queue(redis, QueueName.EMAIL_DELIVERY).pop_job_id()
    reconcile(NOON + timedelta(hours=1))
    assert list_jobs(redis) == [*saved[1:], saved[0]]


def test_what_waits_for_its_next_attempt_is_not_queued(
    connection: Connection, redis: Redis, reconcile: Callable[..., None]
) -> None:
    change_delivery(connection, save_delivery(connection), next_attempt_at=NOON + timedelta(seconds=1))
    reconcile(NOON)
    assert list_jobs(redis) == []


def test_webhooks_that_nobody_takes_do_not_keep_emails_from_their_queue(
    connection: Connection, redis: Redis, reconcile: Callable[..., None]
) -> None:
    for number in range(6):
        save_delivery(connection, f"{HOOK}/{number}", now=NOON - timedelta(hours=1))
    email = save_delivery(connection)
    reconcile(NOON, repoke_batch=2)
    assert list_jobs(redis) == [email]
    assert list_jobs(redis, QueueName.WEBHOOKS) == [1, 2]
    reconcile(NOON, repoke_batch=2)
    assert list_jobs(redis, QueueName.WEBHOOKS) == [1, 2, 3, 4]


def test_a_silent_worker_loses_its_delivery_and_the_next_one_gets_it(
    connection: Connection, redis: Redis, reconcile: Callable[..., None]
) -> None:
    delivery_id = save_delivery(connection)
    change_delivery(connection, delivery_id, status="claimed", attempt=1, token=1, lease_until=NOON, claimed_at=NOON)
    reconcile(NOON + timedelta(seconds=1), delivery_retry_minutes="0, 0, 0, 0")
    assert read_delivery(connection, delivery_id).status == "pending"
    assert list_jobs(redis) == [delivery_id]


AGES = {"old": timedelta(days=7, hours=1), "young": timedelta(days=6, hours=23)}
PRUNED = ["sent", "placeholder", "suppressed", "cancelled", "uncertain", "dead"]
KEPT = ["pending", "claimed", "sending"]


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("status", PRUNED + KEPT)
def test_only_the_content_of_what_ended_a_week_ago_is_let_go(connection: Connection, status: str, age: str) -> None:
    ended = NOON - AGES[age]
    delivery_id = save_delivery(connection, now=ended)
    change_delivery(connection, delivery_id, status=status, content='{"subject": "x", "text": "x"}', finished_at=ended)
    prune_deliveries(connection, DeliverySettings(), now=NOON)
    row = read_delivery(connection, delivery_id)
    assert (row.content is None) == (age == "old" and status in PRUNED)
    assert (row.status, row.recipient) == (status, ANN)


@pytest.mark.parametrize("status", ["dead", "uncertain"])
def test_what_is_retried_after_its_content_was_let_go_is_told_whole(
    api: Api, connection: Connection, status: str
) -> None:
    delivery_id = save_delivery(connection, report_id=save_ready_report(connection))
    change_delivery(connection, delivery_id, status=status, content="{}", finished_at=NOON)
    prune_deliveries(connection, DeliverySettings(), now=NOON + timedelta(days=8))
    assert read_delivery(connection, delivery_id).content is None
    api.send("POST", f"/v1/dead-letters/delivery-{delivery_id}/retry")
    claimed = api.send("POST", f"/internal/deliveries/{delivery_id}/claim").get_json()
    assert claimed["report"]["recommendations"] == ["Go on."]


def test_a_mailing_whose_content_was_let_go_is_not_sent_again(api: Api, connection: Connection) -> None:
    subscribe = text("""
        INSERT INTO subscriptions (email, report_type, created_by, created_at) VALUES (:email, 'weekly', 'ana', now())
    """)
    connection.execute(subscribe, {"email": ANN})
    run_id = save_ready_report(connection, slot=NOON)
    mailed = save_delivery(connection, report_id=run_id)
    connection.execute(text("UPDATE delivery_requests SET unique_key = :key"), {"key": f"run:{run_id}:mailing"})
    change_delivery(connection, mailed, status="sent", finished_at=NOON, content="{}")
    prune_deliveries(connection, DeliverySettings(), now=NOON + timedelta(days=8))
    again = text("UPDATE report_runs SET status = 'running', token = 1, started_at = now()")
    connection.execute(again)
    body = {"token": 1, "report": {"insights": [], "recommendations": [], "written_by": "rules", "html": "x"}}
    assert api.send("POST", f"/internal/report-runs/{run_id}/result", json=body).status_code == 200
    assert connection.execute(text("SELECT count(*) FROM deliveries")).scalar_one() == 1


def hold(connection: Connection, status: str, *, recipient: str = ANN) -> str:
    delivery_id = save_delivery(connection, recipient, report_id=save_ready_report(connection))
    state = {"status": status, "token": 1, "attempt": 5, "intent_at": NOON, "finished_at": NOON}
    change_delivery(connection, delivery_id, **state, last_error="nobody answered")
    return f"delivery-{delivery_id}"


def test_every_queue_counts_its_deliveries(api: Api, connection: Connection) -> None:
    for status in ("pending", "claimed", "sending", "dead", "uncertain", "sent", "placeholder"):
        change_delivery(connection, save_delivery(connection), status=status, finished_at=NOON)
    save_delivery(connection, HOOK)
    queues = {queue["name"]: queue for queue in api.read("/v1/queues")["queues"]}
    counted = [queues["email_delivery"][name] for name in ("depth", "running", "failed", "uncertain")]
    assert counted == [1, 2, 1, 1]
    assert (queues["webhooks"]["depth"], queues["webhooks"]["failed"]) == (1, 0)
    assert queues["webhooks"]["oldest_waiting_seconds"] > 0
    assert queues["default"]["oldest_waiting_seconds"] is None


def test_what_waits_for_a_person_is_listed_without_telling_whom_it_is_for(api: Api, connection: Connection) -> None:
    held = [hold(connection, "dead"), hold(connection, "uncertain", recipient=BOB)]
    letters = {letter["id"]: letter for letter in api.read("/v1/queues")["dead_letters"]}
    assert list(letters) == held
    assert [letters[name]["state"] for name in held] == ["failed", "uncertain"]
    assert letters[held[0]]["what"] == "report 1 to a…@school.example"
    found = [letters[held[1]][name] for name in ("queue", "reason", "attempts")]
    assert found == ["email_delivery", "nobody answered", 5]


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"notification": '{"rule": "On call"}'}, "notification of On call"),
        ({"takedown": '{"content_id": "share-1"}'}, "takedown of share-1"),
        ({}, "notification"),
    ],
)
def test_what_failed_is_named(api: Api, connection: Connection, told: dict[str, str], name: str) -> None:
    change_delivery(connection, save_delivery(connection, HOOK), status="dead", finished_at=NOON)
    for column, value in told.items():
        connection.execute(text(f"UPDATE delivery_requests SET {column} = CAST(:value AS jsonb)"), {"value": value})
    [letter] = api.read("/v1/queues")["dead_letters"]
    assert letter["what"] == f"{name} to https://hooks.example/…"


DECISIONS = [
    ("dead", "retry", "queued", "pending"),
    ("dead", "discard", "discarded", "cancelled"),
    ("uncertain", "retry", "queued", "pending"),
    ("uncertain", "discard", "discarded", "uncertain"),
    ("uncertain", "confirm", "sent", "sent"),
]


@pytest.mark.parametrize(("status", "action", "answered", "after"), DECISIONS)
def test_a_decision_is_taken_once_and_audited(
    api: Api, connection: Connection, status: str, action: str, answered: str, after: str
) -> None:
    letter = hold(connection, status)
    answer = api.send("POST", f"/v1/dead-letters/{letter}/{action}")
    assert (answer.status_code, answer.get_json()) == (200, {"id": letter, "state": answered})
    assert read_delivery(connection, 1).status == after
    assert api.read("/v1/queues")["dead_letters"] == []
    api.refuse(404, "POST", f"/v1/dead-letters/{letter}/{action}")
    audited = connection.execute(text("SELECT action, subject FROM audit_entries")).all()
    assert [tuple(row) for row in audited] == [(f"{action}_dead_letter", "delivery:1")]


def test_what_failed_cannot_be_said_to_have_arrived(api: Api, connection: Connection) -> None:
    letter = hold(connection, "dead")
    api.refuse(404, "POST", f"/v1/dead-letters/{letter}/confirm")
    assert read_delivery(connection, 1).status == "dead"


@pytest.mark.parametrize("letter", ["delivery-1", "report-1", "delivery-", f"delivery-{2**63}", "parcel-1", "1"])
@pytest.mark.parametrize("action", ["retry", "discard", "confirm"])
def test_there_is_nothing_to_decide_where_nothing_waits(
    api: Api, connection: Connection, letter: str, action: str
) -> None:
    save_delivery(connection)
    api.refuse(404, "POST", f"/v1/dead-letters/{letter}/{action}")
    assert read_delivery(connection, 1).status == "pending"


def test_sending_again_starts_with_the_first_attempt_and_lifts_what_it_had_suppressed(
    api: Api, connection: Connection
) -> None:
    letter = hold(connection, "dead")
    suppress = text("INSERT INTO suppressions VALUES (:email, 'no such user', :delivery_id, :now)")
    connection.execute(suppress, {"email": ANN, "delivery_id": 1, "now": NOON})
    connection.execute(suppress, {"email": BOB, "delivery_id": 2, "now": NOON})
    api.send("POST", f"/v1/dead-letters/{letter}/retry")
    row = read_delivery(connection, 1)
    assert (row.attempt, row.finished_at, row.enqueued_at is not None) == (0, None, True)
    assert connection.execute(text("SELECT email FROM suppressions")).scalars().all() == [BOB]
    audited = connection.execute(text("SELECT action, subject, details FROM audit_entries ORDER BY id")).all()
    assert [tuple(row) for row in audited] == [
        ("retry_dead_letter", "delivery:1", None),
        ("lift_suppression", f"suppression:{ANN}", {"reason": "no such user"}),
    ]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_only_admins_see_queues_and_decide(holder_of: Callable[..., Api], connection: Connection, role: Role) -> None:
    letter = hold(connection, "uncertain")
    person = holder_of(*ROLE_SCOPES[role])
    person.refuse(403, "GET", "/v1/queues")
    for action in ("retry", "discard", "confirm"):
        person.refuse(403, "POST", f"/v1/dead-letters/{letter}/{action}")
