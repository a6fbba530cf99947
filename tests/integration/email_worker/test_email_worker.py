"""The email worker as a real process, with everything around it: who gets what, and what it looks like on arrival."""

import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from tests.support.api_server import connect, start_api
from tests.support.builders import build_clicks
from tests.support.delivery_rows import read_delivery, save_ready_report
from tests.support.hook_server import HookCall, HookServer, answer, hook_server
from tests.support.mail_server import MailServer, mail_server
from tests.support.mailing import TIMINGS, Mailing, email_workers, write_flags
from tests.support.worker_processes import running
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope
from viral_runtime.work.queues import QueueName, open_queue

pytestmark = pytest.mark.slow
THREE = ["ann@school.example", "bob@school.example", "cyd@school.example"]
_REPORTS = 1000
Worker = dict[str, str]


@pytest.fixture(scope="module")
def environment(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every process needs, with email and notifications switched on."""
    flags = write_flags(tmp_path_factory.mktemp("flags"), "alert_notifications")
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "IDENTIFIER_KEY": IDENTIFIER_KEY}
    own = {"WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8", "EVALUATION_SECONDS": "3600", "DATA_STALE_MINUTES": "0"}
    return {**servers, "FLAGS_FILE": str(flags), **TIMINGS, **own}


@pytest.fixture(scope="module")
def api_url(servers: tuple[Children, Path], environment: dict[str, str]) -> str:
    """A real server."""
    return start_api(servers[0], **environment)


@pytest.fixture
def mailing(
    servers: tuple[Children, Path], api_url: str, empty_database: Engine, connection: Connection, redis: Redis
) -> Iterator[Mailing]:
    """A caller of the server, whose database and queues are empty."""
    assert redis
    with connect(api_url, empty_database, *Scope) as http:
        yield Mailing(http, connection, servers[0])


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    with mail_server() as server:
        yield server


@pytest.fixture
def worker(environment: dict[str, str], api_url: str, empty_database: Engine) -> Worker:
    """What a worker of either kind needs."""
    tokens = {
        "EMAIL_WORKER_TOKEN": create_token(empty_database, Scope.JOBS_DELIVERIES),
        "REPORT_WORKER_TOKEN": create_token(empty_database, Scope.JOBS_REPORTS),
    }
    return {**environment, **tokens, "METRICS_API_URL": api_url}


def test_a_report_arrives_once_at_each_recipient_and_can_be_read(
    mailing: Mailing, mail: MailServer, worker: Worker, connection: Connection
) -> None:
    with email_workers(worker, mail):
        asked = mailing.ask(*THREE, THREE[0].upper())
        for delivery in asked:
            assert mailing.wait_for(delivery, "sent")["attempt"] == 1
    assert sorted(taken.recipients[0] for taken in mail.taken) == THREE
    assert [len(taken.recipients) for taken in mail.taken] == [1, 1, 1]
    assert len({taken.message["To"] for taken in mail.taken}) == 3
    for taken in mail.taken:
        kinds = [part.get_content_type() for part in taken.message.walk()]
        assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    row = read_delivery(connection, asked[0]["id"])
    assert (row.reply, row.content["subject"]) == ("250 OK: taken", mail.taken[0].message["Subject"])


def test_while_email_is_off_it_is_logged_masked_and_kept(
    servers: tuple[Children, Path],
    mail: MailServer,
    environment: dict[str, str],
    worker: Worker,
    empty_database: Engine,
    connection: Connection,
    redis: Redis,
    tmp_path: Path,
) -> None:
    off = tmp_path / "flags.json"
    off.write_text(json.dumps({"flags": {}}))
    url = start_api(servers[0], **environment | {"FLAGS_FILE": str(off)})
    command = [sys.executable, "-m", "email_worker", "work", "email_delivery"]
    own = {**worker, "METRICS_API_URL": url, "LOG_LEVEL": "INFO", "LOG_FORMAT": "json", "SMTP_PORT": str(mail.port)}
    with connect(url, empty_database, *Scope) as http:
        mailing = Mailing(http, connection, servers[0])
        delivery = mailing.ask_one()
        process = subprocess.Popen(["env", *(f"{name}={value}" for name, value in own.items()), *command], stdout=-1)
        try:
            assert mailing.wait_for(delivery, "placeholder")["attempt"] == 1
        finally:
            process.terminate()
            log = process.communicate()[0].decode()
    assert redis.ping()
    (line,) = [json.loads(line) for line in log.splitlines() if "email_placeholder" in line]
    assert (line["subject"], line["report_id"], line["masked_recipient"]) == (
        "Weekly growth report, 2–8 March 2026",
        delivery["report_id"],
        "a…@school.example",
    )
    assert THREE[0] not in log
    row = read_delivery(connection, delivery["id"])
    assert "K-factor" in row.content["text"]
    assert row.content["html"].startswith("<!doctype html>")
    assert (mail.said_hello, row.sent_at) == ([], None)


def test_in_development_emails_become_files(mailing: Mailing, mail: MailServer, worker: Worker, tmp_path: Path) -> None:
    with email_workers({**worker, "EMAIL_TRANSPORT": "file", "EMAIL_FOLDER": str(tmp_path)}, mail):
        mailing.wait_for(mailing.ask_one(), "sent")
    (path,) = tmp_path.iterdir()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert (message["To"], message.get_content_type(), mail.taken) == (THREE[0], "multipart/alternative", [])


def test_a_scheduled_report_goes_to_each_subscriber_once_although_the_scheduler_ran_twice(
    mailing: Mailing, mail: MailServer, worker: Worker, connection: Connection
) -> None:
    for report_type in ("weekly", "monthly"):
        body = {
            "recipient_emails": THREE if report_type == "weekly" else ["dan@school.example"],
            "report_type": report_type,
        }
        assert mailing.http.post("/v1/subscriptions", json=body).is_success
    now = datetime.now(UTC)
    before = text("INSERT INTO schedules (report_type, last_slot) VALUES ('weekly', :week_ago), ('monthly', :now)")
    connection.execute(before, {"week_ago": now - timedelta(days=7), "now": now})
    tick = partial(mailing.http.post, "/internal/schedules/tick")
    assert [len(tick().json()["run_ids"]) for _ in range(2)] == [1, 0]
    with (
        running("metrics_api", "reconciler", **worker),
        running("report_worker", "work", "performance_reports", **worker),
        email_workers(worker, mail, 2),
    ):
        mailing.wait_until(lambda: {row["status"] for row in mailing.read_all(1)} == {"sent"}, "The scheduled emails")
        assert tick().json() == {"run_ids": []}
        mailing.wait_for(mailing.ask_one(), "sent")
    scheduled = [taken for taken in mail.taken if "List-Unsubscribe" in taken.message]
    assert sorted(taken.recipients[0] for taken in mail.taken) == sorted([*THREE, THREE[0]])
    assert sorted({taken.recipients[0] for taken in scheduled}) == THREE
    assert set(mail.count_by_id().values()) == {1}


@pytest.fixture
def hook() -> Iterator[HookServer]:
    """A webhook that takes everything."""
    with hook_server(answer(200)) as server:
        yield server


def flag_addresses(mailing: Mailing, first: int, count: int) -> None:
    """Let so many addresses click too often today, and have it noticed."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    events = [
        click
        for host in range(first, first + count)
        for click in build_clicks(11, at=at, apart=1, ip_address=f"198.51.100.{host}")
    ]
    assert mailing.http.post("/v1/events", json={"events": events}).is_success
    assert mailing.http.post("/v1/guardrails/evaluations").is_success


def is_signed(call: HookCall, secret: str) -> bool:
    at, signature = (part.split("=")[1] for part in call.headers["X-Viral-Signature"].split(","))
    expected = hmac.new(secret.encode(), f"{at}.".encode() + call.body, hashlib.sha256).hexdigest()
    return abs(int(at) - time.time()) < 60 and hmac.compare_digest(signature, expected)


def test_a_webhook_hears_once_and_signed_when_an_alert_opens_gets_worse_and_ends(
    mailing: Mailing, worker: Worker, hook: HookServer
) -> None:
    rule = {"name": "On call", "severities": ["high"], "channel": "webhook", "target": hook.url}
    made: dict[str, Any] = mailing.http.post("/v1/notification-rules", json=rule).json()
    with (
        running("metrics_api", "reconciler", **worker),
        running("email_worker", "work", "webhooks", **worker),
    ):
        flag_addresses(mailing, 1, 6)
        mailing.wait_until(lambda: len(hook.calls) == 1, "The first call")
        flag_addresses(mailing, 10, 6)
        mailing.wait_until(lambda: len(hook.calls) == 2, "The second call")
        (alert,) = mailing.http.get("/v1/alerts").json()["alerts"]
        assert mailing.http.post(f"/v1/alerts/{alert['id']}/acknowledge", json={}).is_success
        flag_addresses(mailing, 20, 12)
        assert mailing.http.post(f"/v1/alerts/{alert['id']}/resolve", json={}).is_success
        mailing.wait_until(lambda: len(hook.calls) == 3, "The last call")
        settled: Callable[[], bool] = lambda: (  # noqa: E731
            mailing.http.get("/v1/notification-rules").json()["rules"][0]["last_message"]["status"] == "sent"
        )
        mailing.wait_until(settled, "The recorded call")
    told = [json.loads(call.body) for call in hook.calls]
    assert [news["event"] for body in told for news in body["news"]] == ["opened", "escalated", "ended"]
    assert {news["alert_id"] for body in told for news in body["news"]} == {alert["id"]}
    assert [is_signed(call, made["secret"]) for call in hook.calls] == [True] * 3
    assert [call.headers["Idempotency-Key"] for call in hook.calls] == [body["id"] for body in told]
    assert len({body["id"] for body in told}) == 3


def test_a_webhook_that_was_down_is_called_again_with_the_same_id(mailing: Mailing, worker: Worker) -> None:
    statuses = [503, 429, 200]
    with hook_server(lambda handler: answer(statuses.pop(0))(handler)) as hook:
        rule = {"name": "On call", "severities": ["high"], "channel": "slack", "target": hook.url}
        made = mailing.http.post("/v1/notification-rules", json=rule).json()
        path = f"/v1/notification-rules/{made['id']}"
        with (
            running("metrics_api", "reconciler", **worker),
            running("email_worker", "work", "webhooks", **worker),
        ):
            assert mailing.http.post(f"{path}/test").is_success
            mailing.wait_until(
                lambda: mailing.http.get(path).json()["last_message"]["status"] == "sent", "The third attempt"
            )
    assert len({call.headers["Idempotency-Key"] for call in hook.calls}) == 1
    assert len({call.body for call in hook.calls}) == 1
    assert len(hook.calls) == 3


def test_a_thousand_waiting_reports_do_not_delay_an_email(
    mailing: Mailing, mail: MailServer, worker: Worker, connection: Connection, redis: Redis
) -> None:
    days = text("""
        INSERT INTO report_runs (report_type, period_start, period_end, requested_by, status, max_attempts,
            next_attempt_at, created_at)
        SELECT 'custom', day::date, day::date, 'ana', 'queued', 3, now(), now()
        FROM generate_series(now() - make_interval(days => :count), now() - interval '1 day', '1 day') AS day
    """)
    connection.execute(days, {"count": _REPORTS})
    save_ready_report(connection)
    with running("metrics_api", "reconciler", **worker):
        reports = open_queue(redis, QueueName.PERFORMANCE_REPORTS)
        mailing.wait_until(lambda: reports.count >= _REPORTS, "The queue of reports")
        with running("report_worker", "work", "performance_reports", **worker), email_workers(worker, mail):
            done = text("SELECT count(*) FROM report_runs WHERE status = 'ready'")
            mailing.wait_until(lambda: connection.execute(done).scalar_one() >= 3, "The first reports")
            delivery = mailing.ask_one()
            mailing.wait_for(delivery, "sent")
            assert reports.count > _REPORTS / 2
    took = text("SELECT extract(epoch FROM sent_at - created_at) FROM deliveries WHERE id = :id")
    assert connection.execute(took, {"id": delivery["id"]}).scalar_one() < 5
