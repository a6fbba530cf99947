"""What workers call to send: claim, intent and result, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, Engine, text
from structlog.testing import capture_logs

from metrics_api.deliveries.requests import DeliveryRequest, save_request
from tests.support.api_fixtures import Api, create_token
from tests.support.delivery_rows import ANN, DOMAIN, create_mailing_app, read_delivery, save_delivery, save_ready_report
from viral_contract.models.deliveries import AlertEvent, Notification
from viral_contract.models.people import Scope

CONTENT = {"subject": "Weekly report", "html": "<p>K 1.5</p>", "text": "K 1.5"}


@pytest.fixture(scope="module")
def mailing_app(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application with emails switched on."""
    return create_mailing_app(database_url, redis_url, tmp_path_factory.mktemp("flags"))


@pytest.fixture
def worker(mailing_app: Flask, empty_database: Engine) -> Api:
    """A worker's calls while emails are switched on."""
    return Api(mailing_app, create_token(empty_database, Scope.JOBS_RUN))


@pytest.fixture
def off_worker(app: Flask, empty_database: Engine) -> Api:
    """A worker's calls while emails are switched off."""
    return Api(app, create_token(empty_database, Scope.JOBS_RUN))


def call(worker: Api, delivery_id: int, step: str, **body: Any) -> dict[str, Any]:
    response = worker.send("POST", f"/internal/deliveries/{delivery_id}/{step}", json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    answer: dict[str, Any] = response.get_json()
    return answer


def claim(worker: Api, delivery_id: int) -> dict[str, Any]:
    return call(worker, delivery_id, "claim")


def test_an_email_goes_from_claim_over_intent_to_sent(worker: Api, connection: Connection) -> None:
    report_id = save_ready_report(connection)
    delivery_id = save_delivery(connection, report_id=report_id, now=datetime.now(UTC))
    claimed = claim(worker, delivery_id)
    assert (claimed["recipient"], claimed["attempt"], claimed["lease_seconds"]) == (ANN, 1, 60)
    assert (claimed["report"]["id"], claimed["report"]["recommendations"]) == (report_id, ["Go on."])
    assert claimed["report_url"] == f"http://127.0.0.1:8050/dashboard/reports/{report_id}"
    assert (claimed["is_placeholder"], claimed["notification"], claimed["unsubscribe_url"]) == (False, None, None)
    proof = {"token": claimed["token"]}
    assert call(worker, delivery_id, "intent", **proof) == {"status": "sending", "lease_seconds": 900}
    sent = call(worker, delivery_id, "result", **proof, outcome="sent", reply="250 OK", content=CONTENT)
    assert sent == {"status": "sent"}
    assert read_delivery(connection, delivery_id).content == CONTENT


def test_what_cannot_be_read_any_more_fails_for_good(worker: Api, connection: Connection) -> None:
    request = DeliveryRequest(
        kind="webhook", recipients=["https://hooks.example/x"], is_placeholder=False, requested_by="notifications"
    )
    save_request(connection, request, domain=DOMAIN, now=datetime.now(UTC))
    connection.execute(text("UPDATE delivery_requests SET notification = jsonb_build_object('channel', 'slack')"))
    delivery_id: int = connection.execute(text("SELECT id FROM deliveries")).scalar_one()
    worker.refuse(409, "POST", f"/internal/deliveries/{delivery_id}/claim")
    ended = read_delivery(connection, delivery_id)
    assert (ended.status, ended.last_error) == ("dead", "The content cannot be read: rule: Field required")


@pytest.mark.parametrize("outcome", ["sent", "failed", "uncertain"])
def test_a_result_that_is_said_again_changes_nothing(worker: Api, connection: Connection, outcome: str) -> None:
    delivery_id = save_delivery(connection, now=datetime.now(UTC))
    proof = {"token": claim(worker, delivery_id)["token"]}
    call(worker, delivery_id, "intent", **proof)
    result = proof | {"outcome": outcome, "error": "451 Who knows", "content": CONTENT}
    first = call(worker, delivery_id, "result", **result)
    before = read_delivery(connection, delivery_id)
    assert call(worker, delivery_id, "result", **result) == first
    assert read_delivery(connection, delivery_id) == before
    earlier = result | {"token": proof["token"] - 1}
    worker.refuse(409, "POST", f"/internal/deliveries/{delivery_id}/result", json=earlier)


def test_while_email_is_off_a_delivery_is_rendered_and_kept(off_worker: Api, connection: Connection) -> None:
    delivery_id = save_delivery(connection, report_id=save_ready_report(connection), now=datetime.now(UTC))
    claimed = claim(off_worker, delivery_id)
    assert claimed["is_placeholder"]
    proof = {"token": claimed["token"]}
    off_worker.refuse(409, "POST", f"/internal/deliveries/{delivery_id}/intent", json=proof)
    ended = call(off_worker, delivery_id, "result", **proof, outcome="placeholder", content=CONTENT)
    assert ended == {"status": "placeholder"}


def test_switching_email_on_sends_no_placeholder(worker: Api, connection: Connection) -> None:
    delivery_id = save_delivery(connection, placeholder=True, now=datetime.now(UTC))
    claimed = claim(worker, delivery_id)
    assert claimed["is_placeholder"]
    body = {"token": claimed["token"], "outcome": "sent"}
    worker.refuse(409, "POST", f"/internal/deliveries/{delivery_id}/result", json=body)


def test_who_is_subscribed_gets_a_link_that_ends_it(worker: Api, connection: Connection) -> None:
    subscribe = text("""
        INSERT INTO subscriptions (email, report_type, created_by, created_at) VALUES (:email, 'weekly', 'ana', now())
    """)
    connection.execute(subscribe, {"email": ANN})
    report_id = save_ready_report(connection)
    delivery_id = save_delivery(connection, ANN.title(), report_id=report_id, now=datetime.now(UTC))
    assert claim(worker, delivery_id)["unsubscribe_url"].startswith("http://127.0.0.1:8050/unsubscribe/")


def test_a_notification_is_told_with_what_happened(worker: Api, connection: Connection) -> None:
    now = datetime.now(UTC)
    news = AlertEvent(
        alert_id=7,
        event="opened",
        type="fraud_detection",
        severity="high",
        message="6 addresses were flagged.",
        count=6,
        at=now,
        url="http://127.0.0.1:8050/dashboard/alerts/7",
    )
    told = Notification(rule="Night shift", channel="email", news=[news])
    request = DeliveryRequest("email", [ANN], False, requested_by="rule", notification=told)
    save_request(connection, request, domain=DOMAIN, now=now)
    claimed = claim(worker, 1)
    assert claimed["notification"] == told.model_dump(mode="json")
    assert (claimed["report"], claimed["report_url"], claimed["unsubscribe_url"]) == (None, None, None)


@pytest.mark.parametrize("step", ["claim", "intent", "result"])
def test_what_is_not_there_is_not_held(worker: Api, step: str) -> None:
    body = {"token": 1} | ({"outcome": "sent"} if step == "result" else {})
    problem = worker.refuse(409, "POST", f"/internal/deliveries/1/{step}", json=body)
    assert problem["code"] == "not_held"


@pytest.mark.parametrize("outcome", ["refused", "failed", "uncertain"])
def test_an_attempt_that_went_wrong_says_why(worker: Api, outcome: str) -> None:
    body = {"token": 1, "outcome": outcome}
    worker.refuse(422, "POST", "/internal/deliveries/1/result", json=body)


@pytest.mark.parametrize(
    ("reply", "is_suppressed"),
    [
        ("550 5.1.1 No such user", True),
        ("550 No such user", True),
        ("550 <ann@school.example>: Recipient address rejected: User unknown in virtual mailbox table", True),
        ("553 sorry, no mailbox here by that name. (#5.7.17)", False),
        ("550 sorry, no mailbox here by that name. (#5.1.1)", True),
        ("553 The e-mail address does not exist", True),
        ("550-The account that you tried to reach does not exist\n550 5.1.1 Look for typing errors", True),
        ("550 5.1.1 Recipient address rejected: User unknown in relay recipient table", True),
        ("550 relay not permitted", False),
        ("550 Unknown user, relaying denied", False),
        ("550 Rejected because 192.0.2.5 is in a black list at zen.spamhaus.org", False),
        ("550 Sender verify failed", False),
        (
            "550-Verification failed for <reports@here.example>\n550-550 5.1.1 No such user\n550 Sender verify failed",
            False,
        ),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", False),
        ("550 5.1.1.2 is listed", False),
        ("550 Mailbox unavailable", False),
        ("551 User not local", False),
        ("552 5.3.4 Message too big", False),
        ("535 5.7.8 Who are you?", False),
        ("550 5.7.26 The sender is not authenticated", False),
    ],
)
def test_only_a_mailbox_that_is_gone_is_suppressed(
    worker: Api, connection: Connection, reply: str, is_suppressed: bool
) -> None:
    delivery_id = save_delivery(connection, now=datetime.now(UTC))
    proof = {"token": claim(worker, delivery_id)["token"]}
    ended = call(worker, delivery_id, "result", **proof, outcome="failed", reply=reply, error=reply)
    assert ended == {"status": "failed"}
    listed = connection.execute(text("SELECT email, reason, delivery_id FROM suppressions")).all()
    assert [tuple(row) for row in listed] == ([(ANN, reply, delivery_id)] if is_suppressed else [])
    again = save_delivery(connection, now=datetime.now(UTC))
    assert read_delivery(connection, again).status == ("suppressed" if is_suppressed else "pending")


def test_a_message_that_is_refused_for_its_content_is_not_the_mailboxs_fault(
    worker: Api, connection: Connection
) -> None:
    delivery_id = save_delivery(connection, now=datetime.now(UTC))
    proof = {"token": claim(worker, delivery_id)["token"]}
    call(worker, delivery_id, "intent", **proof)
    call(worker, delivery_id, "result", **proof, outcome="failed", reply="550 No such user", error="x")
    assert connection.execute(text("SELECT count(*) FROM suppressions")).scalar_one() == 0


def test_workers_alone_may_send(app: Flask, empty_database: Engine, connection: Connection) -> None:
    delivery_id = save_delivery(connection, now=datetime.now(UTC))
    others = Api(app, create_token(empty_database, *(set(Scope) - {Scope.JOBS_RUN, Scope.JOBS_DELIVERIES})))
    for step in ("claim", "intent", "result"):
        others.refuse(403, "POST", f"/internal/deliveries/{delivery_id}/{step}", json={"token": 1})


def test_of_thirty_workers_that_ask_at_once_one_gets_the_delivery(http: httpx.Client, connection: Connection) -> None:
    delivery_id = save_delivery(connection, report_id=save_ready_report(connection), now=datetime.now(UTC))
    with ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(http.post, f"/internal/deliveries/{delivery_id}/claim") for _ in range(30)]
    assert sorted(call.result().status_code for call in asked) == [200] + [409] * 29
    row = read_delivery(connection, delivery_id)
    assert (row.attempt, row.token) == (1, 1)


def test_no_log_tells_who_the_recipient_is(worker: Api, connection: Connection) -> None:
    delivery_id = save_delivery(connection, now=datetime.now(UTC))
    with capture_logs() as logs:
        proof = {"token": claim(worker, delivery_id)["token"]}
        call(worker, delivery_id, "intent", **proof)
        call(worker, delivery_id, "result", **proof, outcome="sent", content=CONTENT)
    events = [log["event"] for log in logs if log["event"].startswith("viral_engine.")]
    assert events == ["viral_engine.email.delivery_started", "viral_engine.email.delivery_completed"]
    assert ANN not in str(logs)


def test_attempts_are_counted_by_how_they_ended(worker: Api, connection: Connection) -> None:
    before = read_attempts(worker)
    for outcome in ("refused", "refused", "failed"):
        delivery_id = save_delivery(connection, now=datetime.now(UTC))
        token = claim(worker, delivery_id)["token"]
        call(worker, delivery_id, "result", token=token, outcome=outcome, error="451 Try later")
    after = read_attempts(worker)
    assert {status: after[status] - before.get(status, 0) for status in ("queued", "failed")} == {
        "queued": 2,
        "failed": 1,
    }


def read_attempts(api: Api) -> dict[str, float]:
    """The counter of attempts to deliver an email, by status."""
    families = text_string_to_metric_families(api.get("/metrics").get_data(as_text=True))
    samples = [sample for family in families for sample in family.samples]
    counted = [sample for sample in samples if sample.name == "viral_engine_email_attempts_total"]
    return {sample.labels["status"]: sample.value for sample in counted}


def test_a_character_that_cannot_be_stored_costs_no_result(worker: Api, connection: Connection) -> None:
    delivery_id = save_delivery(connection, report_id=save_ready_report(connection), now=datetime.now(UTC))
    proof = {"token": claim(worker, delivery_id)["token"]}
    call(worker, delivery_id, "intent", **proof, content={**CONTENT, "text": "K\0 1.5"})
    call(worker, delivery_id, "result", **proof, outcome="sent", reply="250 \0 taken")
    assert read_delivery(connection, delivery_id).reply == "250 \N{REPLACEMENT CHARACTER} taken"
