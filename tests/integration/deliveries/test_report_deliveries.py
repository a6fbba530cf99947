"""Mailing reports: who may ask, what is one request, and what the report says of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from redis import Redis
from sqlalchemy import Connection, text

from metrics_api.db.database import Database
from metrics_api.deliveries.requests import DeliveryRequest, request_report_emails
from metrics_api.reports.slots import tick
from tests.support.api_fixtures import Api
from tests.support.delivery_rows import (
    ANN,
    BOB,
    DOMAIN,
    NOON,
    change_delivery,
    save_delivery,
    save_ready_report,
    save_run,
)
from tests.support.report_runs import WRITTEN
from viral_contract.models.people import ROLE_SCOPES, Role, Scope
from viral_runtime.work.queues import QueueName, open_queue

CYD = "cyd@school.example"


def deliver(api: Api, report_id: int, *recipients: str, status: int = 202) -> dict[str, Any]:
    response = api.send("POST", f"/v1/reports/{report_id}/deliveries", json={"recipient_emails": list(recipients)})
    assert response.status_code == status, response.get_data(as_text=True)
    answer: dict[str, Any] = response.get_json()
    return answer


def count(connection: Connection, table: str = "deliveries") -> int:
    number: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return number


def test_a_report_is_mailed_to_each_recipient_once_whatever_the_spelling(api: Api, connection: Connection) -> None:
    answer = deliver(api, save_ready_report(connection), ANN, BOB, ANN.upper())
    found = [(delivery["recipient_email"], delivery["status"]) for delivery in answer["deliveries"]]
    assert found == [(ANN, "queued"), (BOB, "queued")]
    assert answer["email_enabled"] is False


def test_the_same_report_and_recipients_within_a_minute_are_the_same_deliveries(
    api: Api, connection: Connection
) -> None:
    report_id = save_ready_report(connection)
    first = deliver(api, report_id, ANN, BOB)
    again = deliver(api, report_id, BOB.upper(), ANN, status=200)
    assert [delivery["id"] for delivery in again["deliveries"]] == [delivery["id"] for delivery in first["deliveries"]]
    deliver(api, report_id, ANN)
    deliver(api, save_ready_report(connection), ANN, BOB)
    assert count(connection, "delivery_requests") == 3


def test_who_asks_once_email_is_switched_on_is_not_answered_with_the_placeholder(
    connection: Connection, database: Database
) -> None:
    report_id = save_ready_report(connection)
    for is_placeholder in (True, False, True, False):
        request = DeliveryRequest("email", [ANN], is_placeholder, requested_by="ana", report_id=report_id)
        with database.write() as transaction:
            request_report_emails(transaction, request, domain=DOMAIN, now=NOON)
    kept = connection.execute(text("SELECT is_placeholder FROM deliveries ORDER BY id")).scalars().all()
    assert kept == [True, False]


def test_thirty_identical_requests_at_once_are_one(http: httpx.Client, connection: Connection) -> None:
    report_id = save_ready_report(connection)
    body = {"recipient_emails": [ANN, BOB]}
    with ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(http.post, f"/v1/reports/{report_id}/deliveries", json=body) for _ in range(30)]
    answers = [call.result() for call in asked]
    assert sorted(answer.status_code for answer in answers) == [200] * 29 + [202]
    assert len({answer.json()["deliveries"][0]["id"] for answer in answers}) == 1
    assert count(connection) == 2


@pytest.mark.parametrize(("seconds", "created"), [(59, False), (61, True)])
def test_after_a_minute_the_same_is_a_new_request(
    connection: Connection, database: Database, seconds: int, created: bool
) -> None:
    request = DeliveryRequest("email", [ANN], False, requested_by="ana", report_id=save_ready_report(connection))
    later = NOON + timedelta(seconds=seconds)
    with database.write() as transaction:
        assert request_report_emails(transaction, request, domain=DOMAIN, now=NOON).created
    with database.write() as transaction:
        assert request_report_emails(transaction, request, domain=DOMAIN, now=later).created is created


def test_each_bad_address_is_named_and_nothing_is_sent(api: Api, connection: Connection) -> None:
    report_id = save_ready_report(connection)
    bad = ["nobody", ANN, "two@@school.example", f"{BOB}\r\nBcc: {CYD}", f"{BOB}\nX-Evil: 1", "a b@school.example"]
    path = f"/v1/reports/{report_id}/deliveries"
    problem = api.refuse(422, "POST", path, json={"recipient_emails": bad})
    pointers = [error["pointer"] for error in problem["errors"]]
    assert pointers == [f"/recipient_emails/{number}" for number in (0, 2, 3, 4, 5)]
    assert count(connection) == 0


@pytest.mark.parametrize("recipients", [[], [f"person{number}@school.example" for number in range(101)]])
def test_a_request_names_one_to_a_hundred_recipients(api: Api, connection: Connection, recipients: list[str]) -> None:
    path = f"/v1/reports/{save_ready_report(connection)}/deliveries"
    api.refuse(422, "POST", path, json={"recipient_emails": recipients})


@pytest.mark.parametrize("status", ["queued", "running", "failed", "skipped"])
def test_only_a_finished_report_is_mailed(api: Api, connection: Connection, status: str) -> None:
    path = f"/v1/reports/{save_run(connection, status=status)}/deliveries"
    assert api.refuse(409, "POST", path, json={"recipient_emails": [ANN]})["code"] == "not_ready"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_report_that_does_not_exist_has_no_deliveries(api: Api, method: str) -> None:
    request = {"json": {"recipient_emails": [ANN]}} if method == "POST" else {}
    api.refuse(404, method, "/v1/reports/1/deliveries", **request)


@pytest.mark.parametrize(
    ("role", "mails", "shown"),
    [(Role.VIEWER, False, "a…@school.example"), (Role.ANALYST, True, ANN), (Role.ADMIN, True, ANN)],
)
def test_who_may_mail_reports_sees_to_whom_they_went(
    holder_of: Callable[..., Api], connection: Connection, role: Role, mails: bool, shown: str
) -> None:
    report_id = save_ready_report(connection)
    save_delivery(connection, ANN, report_id=report_id)
    person = holder_of(*ROLE_SCOPES[role])
    path = f"/v1/reports/{report_id}/deliveries"
    assert person.read(path)["deliveries"][0]["recipient_email"] == shown
    assert person.read(f"/v1/reports/{report_id}")["recipient_emails"] == [shown]
    answer = person.send("POST", path, json={"recipient_emails": [BOB]})
    assert answer.status_code == (202 if mails else 403)


def test_who_may_mail_reports_reads_what_was_rendered(holder_of: Callable[..., Api], connection: Connection) -> None:
    report_id = save_ready_report(connection)
    delivery_id = save_delivery(connection, ANN, report_id=report_id, placeholder=True)
    path = f"/v1/reports/{report_id}/deliveries/{delivery_id}"
    analyst, viewer = holder_of(*ROLE_SCOPES[Role.ANALYST]), holder_of(*ROLE_SCOPES[Role.VIEWER])
    assert [analyst.read(path)[name] for name in ("status", "has_content", "content")] == ["queued", False, None]
    change_delivery(connection, delivery_id, status="placeholder", content='{"subject": "Weekly", "text": "K 1.5"}')
    found = analyst.read(path)
    assert (found["recipient_email"], found["status"], found["has_content"]) == (ANN, "placeholder", True)
    assert found["content"] == {"subject": "Weekly", "html": None, "text": "K 1.5"}
    assert analyst.read(f"/v1/reports/{report_id}/deliveries")["deliveries"][0]["has_content"] is True
    viewer.refuse(403, "GET", path)


def test_a_message_is_found_under_its_own_report_only(api: Api, connection: Connection) -> None:
    delivery_id = save_delivery(connection, ANN, report_id=save_ready_report(connection))
    other = save_ready_report(connection)
    api.refuse(404, "GET", f"/v1/reports/{other}/deliveries/{delivery_id}")
    api.refuse(404, "GET", f"/v1/reports/{other}/deliveries/{delivery_id + 1}")


def test_what_is_asked_for_while_email_is_off_is_a_placeholder(api: Api, connection: Connection) -> None:
    deliver(api, save_ready_report(connection), ANN)
    assert connection.execute(text("SELECT is_placeholder FROM deliveries")).scalar_one()


def test_deliveries_are_put_on_the_email_queue_at_once(api: Api, connection: Connection, redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    redis.flushall()
    deliver(api, save_ready_report(connection), ANN, BOB)
    jobs = open_queue(redis, QueueName.EMAIL_DELIVERY).jobs
    assert [(job.func_name, job.args) for job in jobs] == [
        ("email_worker.jobs.send_email", [1]),
        ("email_worker.jobs.send_email", [2]),
    ]


def test_deliveries_are_read_page_by_page_the_newest_request_first(api: Api, connection: Connection) -> None:
    report_id = save_ready_report(connection)
    save_delivery(connection, ANN, BOB, report_id=report_id)
    save_delivery(connection, CYD, BOB, ANN, report_id=report_id)
    found, cursor = [], None
    for _ in range(3):
        page = api.read(f"/v1/reports/{report_id}/deliveries", limit=2, **({"cursor": cursor} if cursor else {}))
        found.append([delivery["recipient_email"] for delivery in page["deliveries"]])
        cursor = page["next_cursor"]
    assert found == [[CYD, BOB], [ANN, ANN], [BOB]]
    assert cursor is None


NEWEST = [
    ([], "none"),
    (["pending"], "in_progress"),
    (["sent", "claimed"], "in_progress"),
    (["sent", "sending"], "in_progress"),
    (["sent", "uncertain"], "in_progress"),
    (["sent", "sent"], "sent"),
    (["sent", "dead"], "partial"),
    (["sent", "suppressed"], "partial"),
    (["dead", "cancelled"], "failed"),
    (["suppressed"], "failed"),
    (["placeholder", "placeholder"], "placeholder"),
    (["placeholder", "sent"], "sent"),
    (["placeholder", "dead"], "failed"),
]


@pytest.mark.parametrize(("statuses", "shown"), NEWEST, ids=lambda value: str(value))
def test_a_report_says_how_its_mailing_stands(
    api: Api, connection: Connection, statuses: list[str], shown: str
) -> None:
    report_id = save_ready_report(connection)
    for number, status in enumerate(statuses):
        delivery_id = save_delivery(connection, f"person{number}@school.example", report_id=report_id)
        sent_at = NOON + timedelta(minutes=number) if status == "sent" else None
        change_delivery(connection, delivery_id, status=status, sent_at=sent_at, is_placeholder=status == "placeholder")
    report = api.read(f"/v1/reports/{report_id}")
    assert report["delivery_status"] == shown
    assert [listed["delivery_status"] for listed in api.read("/v1/reports")["reports"]] == [shown]
    assert (report["delivered_at"] is not None) == ("sent" in statuses)


def test_the_newest_delivery_to_a_recipient_counts(api: Api, connection: Connection) -> None:
    report_id = save_ready_report(connection)
    for status in ("dead", "sent"):
        change_delivery(connection, save_delivery(connection, ANN, report_id=report_id), status=status, sent_at=NOON)
    assert api.read(f"/v1/reports/{report_id}")["delivery_status"] == "sent"


def test_an_uncertain_delivery_that_was_let_go_is_no_longer_open(api: Api, connection: Connection) -> None:
    report_id = save_ready_report(connection)
    delivery_id = save_delivery(connection, ANN, report_id=report_id)
    change_delivery(connection, delivery_id, status="uncertain", discarded_at=NOON)
    assert api.read(f"/v1/reports/{report_id}")["delivery_status"] == "failed"
    [delivery] = api.read(f"/v1/reports/{report_id}/deliveries")["deliveries"]
    assert (delivery["status"], delivery["discarded_at"]) == ("uncertain", NOON.isoformat().replace("+00:00", "Z"))


def finish(api: Api, run_id: int) -> int:
    """Do by hand what a report worker does, and return the answer's status."""
    run = f"/internal/report-runs/{run_id}"
    token = api.send("POST", f"{run}/claim").get_json()["token"]
    assert api.send("POST", f"{run}/snapshot", json={"token": token}).status_code == 200
    return api.send("POST", f"{run}/result", json={"token": token, "report": WRITTEN}).status_code


def subscribe(connection: Connection, *emails: str, report_type: str = "weekly") -> None:
    save = text("""
        INSERT INTO subscriptions (email, report_type, created_by, created_at)
        VALUES (:email, :report_type, 'ana', :now)
    """)
    for email in emails:
        connection.execute(save, {"email": email, "report_type": report_type, "now": NOON})


def test_three_subscribers_get_the_scheduled_report_once_although_the_scheduler_ran_twice(
    api: Api, connection: Connection, database: Database
) -> None:
    subscribe(connection, ANN, BOB, CYD)
    subscribe(connection, "dan@school.example", report_type="monthly")
    for moment in (datetime(2026, 3, 6, tzinfo=UTC), *[datetime(2026, 3, 9, 9, 7, tzinfo=UTC)] * 2):
        with database.write() as transaction:
            tick(transaction, enabled=True, now=moment)
    assert finish(api, 1) == 200
    recipients = connection.execute(text("SELECT recipient FROM deliveries ORDER BY id")).scalars().all()
    assert recipients == [ANN, BOB, CYD]


def test_after_a_long_downtime_subscribers_get_the_newest_report_of_each_type(
    api: Api, connection: Connection, database: Database
) -> None:
    subscribe(connection, ANN)
    subscribe(connection, ANN, BOB, report_type="monthly")
    for moment in (datetime(2025, 8, 20, tzinfo=UTC), datetime(2026, 3, 9, 9, 7, tzinfo=UTC)):
        with database.write() as transaction:
            made = tick(transaction, enabled=True, now=moment)
    # 29 weeks and 7 months, made by workers in any order.
    assert len(made) == 36
    assert {finish(api, run_id) for run_id in reversed(made)} == {200}
    mailed = connection.execute(
        text("""
        SELECT recipient, report_type, period_end::text FROM deliveries
            JOIN delivery_requests AS request ON request.id = request_id JOIN report_runs ON report_runs.id = report_id
        ORDER BY report_type, recipient
    """)
    )
    assert [tuple(row) for row in mailed] == [
        (ANN, "monthly", "2026-02-28"),
        (BOB, "monthly", "2026-02-28"),
        (ANN, "weekly", "2026-03-08"),
    ]


def test_a_scheduled_report_that_is_made_again_is_not_mailed_again(api: Api, connection: Connection) -> None:
    subscribe(connection, ANN)
    run_id = save_run(connection, status="queued", slot=NOON)
    assert finish(api, run_id) == 200
    connection.execute(text("UPDATE report_runs SET status = 'queued', next_attempt_at = now()"))
    assert finish(api, run_id) == 200
    assert count(connection) == 1


def test_subscribers_get_no_report_that_somebody_asked_for(api: Api, connection: Connection) -> None:
    subscribe(connection, ANN)
    assert finish(api, save_run(connection, BOB, status="queued")) == 200
    assert connection.execute(text("SELECT recipient FROM deliveries")).scalars().all() == [BOB]


def test_a_result_that_comes_too_late_mails_nothing(api: Api, connection: Connection) -> None:
    run_id = save_run(connection, ANN, status="ready")
    body = {"token": 0, "report": WRITTEN}
    api.refuse(409, "POST", f"/internal/report-runs/{run_id}/result", json=body)
    assert count(connection) == 0


def ask(api: Api, *recipients: str) -> int:
    request = {"report_type": "weekly", "recipient_emails": list(recipients)}
    report_id: int = api.send("POST", "/v1/reports", json=request).get_json()["id"]
    return report_id


def test_who_asks_for_the_same_report_for_others_has_it_mailed_to_them_too(api: Api, connection: Connection) -> None:
    report_id = ask(api, ANN)
    assert ask(api, BOB, ANN.upper()) == report_id
    assert finish(api, report_id) == 200
    assert ask(api, CYD, BOB) == report_id
    assert ask(api, CYD) == report_id
    recipients = connection.execute(text("SELECT recipient FROM deliveries ORDER BY id")).scalars().all()
    assert recipients == [ANN, BOB, CYD]
    assert api.read(f"/v1/reports/{report_id}")["recipient_emails"] == [ANN, BOB, CYD]


def test_reading_deliveries_needs_a_scope(holder_of: Callable[..., Api], connection: Connection) -> None:
    path = f"/v1/reports/{save_ready_report(connection)}/deliveries"
    holder_of(Scope.EVENTS_WRITE).refuse(403, "GET", path)
