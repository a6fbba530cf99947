"""Emails through what goes wrong in production: never lost silently, and never two where one was asked for.

The numbers in the names of the groups are those of the list of faults that the design was made for.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from tests.support.api_server import connect, start_api
from tests.support.delivery_rows import read_delivery, save_ready_report
from tests.support.mail_server import DROP, MailServer, mail_server
from tests.support.mailing import SECONDS, TIMINGS, Mailing, email_workers, write_flags
from tests.support.worker_processes import running
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope
from viral_runtime.work.queues import QueueName, open_queue

pytestmark = pytest.mark.slow
_NEVER_COMMIT = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$;
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON deliveries DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.fixture(scope="module")
def environment(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every process of the product needs."""
    flags = write_flags(tmp_path_factory.mktemp("flags"))
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "IDENTIFIER_KEY": IDENTIFIER_KEY}
    return {**servers, "FLAGS_FILE": str(flags), **TIMINGS}


@pytest.fixture(scope="module")
def api_url(servers: tuple[Children, Path], environment: dict[str, str]) -> str:
    """A real server with short timings."""
    return start_api(servers[0], **environment)


@pytest.fixture
def redis(redis_url: str) -> Redis:
    """The tests' own connection."""
    return Redis.from_url(redis_url)


@pytest.fixture
def mailing(
    servers: tuple[Children, Path], api_url: str, empty_database: Engine, connection: Connection, redis: Redis
) -> Iterator[Mailing]:
    """A caller of the server, whose database and queues are empty."""
    redis.flushall()
    with connect(api_url, empty_database, *Scope) as http:
        yield Mailing(http, connection, servers[0])


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    with mail_server() as server:
        yield server


@pytest.fixture
def worker_environment(environment: dict[str, str], api_url: str, empty_database: Engine) -> dict[str, str]:
    """What a worker needs."""
    return {
        **environment,
        "METRICS_API_URL": api_url,
        "EMAIL_WORKER_TOKEN": create_token(empty_database, Scope.JOBS_DELIVERIES),
    }


@pytest.fixture
def reconciler(environment: dict[str, str], mailing: Mailing) -> Iterator[str]:
    """The reconciler, beside whatever the test starts; where its metrics are."""
    assert mailing
    port = str(find_free_port())
    with running("metrics_api", "reconciler", RECONCILER_METRICS_PORT=port, **environment):
        yield f"http://127.0.0.1:{port}/metrics"


@contextmanager
def never_committing(connection: Connection) -> Iterator[None]:
    """A database that takes deliveries and fails when they are committed."""
    connection.execute(text(_NEVER_COMMIT))
    try:
        yield
    finally:
        connection.execute(text("DROP FUNCTION refuse CASCADE"))


def test_1_a_request_that_is_not_committed_sends_nothing(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str], connection: Connection, redis: Redis
) -> None:
    report_id = save_ready_report(connection)
    body = {"recipient_emails": ["ann@school.example"]}
    with never_committing(connection):
        assert mailing.http.post(f"/v1/reports/{report_id}/deliveries", json=body).is_server_error
    assert mailing.read_all(report_id) == []
    assert open_queue(redis, QueueName.EMAIL_DELIVERY).count == 0
    with email_workers(worker_environment, mail):
        mailing.wait_for(mailing.ask_one(), "sent")
    assert len(mail.taken) == 1


def test_2_an_api_that_is_killed_before_it_queues_an_email_delays_it(
    mailing: Mailing,
    mail: MailServer,
    environment: dict[str, str],
    worker_environment: dict[str, str],
    empty_database: Engine,
    connection: Connection,
    redis: Redis,
) -> None:
    port = find_free_port()
    report_id = save_ready_report(connection)
    body = {"recipient_emails": ["ann@school.example"]}
    with running("metrics_api", "web", METRICS_API_PORT=str(port), **environment) as api:
        url = f"http://127.0.0.1:{port}"
        mailing.wait_until(lambda: _answers(url), "The second API")
        with connect(url, empty_database, *Scope) as http, ThreadPoolExecutor(1) as pool:
            redis.execute_command("CLIENT", "PAUSE", "30000", "WRITE")
            try:
                asked = pool.submit(http.post, f"/v1/reports/{report_id}/deliveries", json=body)
                mailing.wait_until(lambda: len(mailing.read_all(report_id)) == 1, "The committed row")
                api.kill()
            finally:
                redis.execute_command("CLIENT", "UNPAUSE")
            with pytest.raises(httpx.TransportError):
                asked.result()
    assert open_queue(redis, QueueName.EMAIL_DELIVERY).count == 0
    (delivery,) = mailing.read_all(report_id)
    with running("metrics_api", "reconciler", **environment), email_workers(worker_environment, mail):
        assert mailing.wait_for(delivery | {"report_id": report_id}, "sent")["attempt"] == 1
    assert len(mail.taken) == 1


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    return False


@pytest.mark.usefixtures("reconciler")
def test_3_redis_forgets_two_hundred_waiting_emails_and_each_is_sent_once(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str], redis: Redis
) -> None:
    people = [f"person{number}@school.example" for number in range(200)]
    asked = mailing.ask(*people[:100]) + mailing.ask(*people[100:])
    redis.flushall()
    with email_workers(worker_environment, mail, 2):
        mailing.wait_until(lambda: len(mail.taken) >= len(people), "200 emails", seconds=120)
        for report_id in {delivery["report_id"] for delivery in asked}:
            sent = partial(mailing.read_all, report_id)
            mailing.wait_until(lambda sent=sent: {row["status"] for row in sent()} == {"sent"}, "200 sent rows")
    assert sorted(taken.recipients[0] for taken in mail.taken) == sorted(people)
    assert set(mail.count_by_id().values()) == {1}


@pytest.mark.usefixtures("reconciler")
@pytest.mark.parametrize("what_dies", ["worker and horse", "horse"])
def test_4_and_6_what_a_killed_worker_had_only_claimed_is_sent_by_the_next(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str], what_dies: str
) -> None:
    mail.holds_recipients.set()
    delivery = mailing.ask_one()
    with email_workers(worker_environment, mail) as (worker,):
        mail.wait_until_reached()
        worker.kill() if what_dies == "worker and horse" else worker.kill_children()
        mail.holds_recipients.clear()
        with email_workers(worker_environment, mail, 1 if what_dies == "worker and horse" else 0):
            assert mailing.wait_for(delivery, "sent")["attempt"] == 2
    assert list(mail.count_by_id().values()) == [1]


def test_5_what_a_killed_worker_may_have_sent_is_held_until_a_person_decides(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str], reconciler: str
) -> None:
    mail.holds_messages.set()
    delivery = mailing.ask_one()
    with email_workers(worker_environment, mail) as (worker,):
        mail.wait_until_reached()
        worker.kill()
    mail.holds_messages.clear()
    with email_workers(worker_environment, mail):
        held = mailing.wait_for(delivery, "uncertain")
        assert (held["attempt"], held["next_attempt_at"]) == (1, None)
        assert "lease expired" in held["reason"]
        shown = 'viral_engine_queue_work{queue="email_delivery",state="uncertain"} 1.0'
        mailing.wait_until(lambda: shown in httpx.get(reconciler, trust_env=False).text, "The metric of held emails")
        mailing.wait_for(mailing.ask_one(), "sent")
        assert sorted(mail.count_by_id().values()) == [1, 1]
        assert mailing.http.post(f"/v1/dead-letters/delivery-{delivery['id']}/retry").is_success
        mailing.wait_for(delivery, "sent")
    assert sorted(mail.count_by_id().values()) == [1, 2]


@pytest.mark.usefixtures("reconciler")
def test_7_a_worker_frozen_before_it_sends_finds_that_another_has_sent(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str]
) -> None:
    mail.holds_recipients.set()
    delivery = mailing.ask_one()
    with email_workers(worker_environment, mail) as (frozen,):
        mail.wait_until_reached()
        frozen.freeze()
        mail.holds_recipients.clear()
        with email_workers(worker_environment, mail):
            before = mailing.wait_for(delivery, "sent")
        frozen.thaw()
        # It takes up the next email, so it has given up the first.
        mailing.wait_for(mailing.ask_one(), "sent")
    assert mailing.read(delivery) == before
    assert before["attempt"] == 2
    assert sorted(mail.count_by_id().values()) == [1, 1]


@pytest.mark.usefixtures("reconciler")
def test_8_a_worker_frozen_while_it_sends_proves_late_that_it_has_sent(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str]
) -> None:
    mail.holds_messages.set()
    delivery = mailing.ask_one()
    with email_workers(worker_environment, mail) as (frozen,):
        mail.wait_until_reached()
        frozen.freeze()
        mail.holds_messages.clear()
        with email_workers(worker_environment, mail):
            mailing.wait_for(delivery, "uncertain")
        frozen.thaw()
        sent = mailing.wait_for(delivery, "sent")
    assert (sent["attempt"], sent["reason"]) == (1, None)
    assert list(mail.count_by_id().values()) == [1]


@pytest.mark.usefixtures("reconciler")
def test_9_thirty_identical_requests_at_once_are_one_email(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str], connection: Connection
) -> None:
    report_id = save_ready_report(connection)
    body = {"recipient_emails": ["ann@school.example"]}
    with email_workers(worker_environment, mail, 2):
        with ThreadPoolExecutor(30) as pool:
            asked = [
                pool.submit(mailing.http.post, f"/v1/reports/{report_id}/deliveries", json=body) for _ in range(30)
            ]
        assert {call.result().json()["deliveries"][0]["id"] for call in asked} == {mailing.read_all(report_id)[0]["id"]}
        mailing.wait_for(mailing.read_all(report_id)[0] | {"report_id": report_id}, "sent")
        mailing.wait_for(mailing.ask_one(), "sent")
    assert sorted(mail.count_by_id().values()) == [1, 1]


@pytest.mark.usefixtures("reconciler")
@pytest.mark.parametrize(
    ("point", "answers", "status", "attempts"),
    [
        ("to_message", ["451 later"] * 4, "sent", 5),
        ("to_message", ["451 later"] * 5, "failed", 5),
        ("to_recipient", ["451 later"] * 4, "sent", 5),
        ("to_recipient", ["550 5.1.1 no such user"], "failed", 1),
        ("to_message", ["554 5.7.1 spam"], "failed", 1),
    ],
)
def test_10_a_refusal_is_tried_five_times_and_a_final_one_never_again(
    mailing: Mailing,
    mail: MailServer,
    worker_environment: dict[str, str],
    point: str,
    answers: list[str],
    status: str,
    attempts: int,
) -> None:
    getattr(mail, point).extend(answers)
    with email_workers(worker_environment, mail):
        delivery = mailing.wait_for(mailing.ask_one(), status)
    assert (delivery["attempt"], delivery["next_attempt_at"]) == (attempts, None)
    assert len(mail.taken) == (1 if status == "sent" else 0)
    if status == "failed":
        assert f"answered {answers[0][:3]}" in delivery["reason"]


def test_10_the_pauses_between_attempts_grow(
    servers: tuple[Children, Path],
    mailing: Mailing,
    mail: MailServer,
    environment: dict[str, str],
    worker_environment: dict[str, str],
) -> None:
    slower = environment | {"DELIVERY_RETRY_MINUTES": "0.02, 0.06, 0.12, 0.2"}
    url = start_api(servers[0], **slower)
    mail.to_message.extend(["451 later"] * 4)
    own = worker_environment | {"METRICS_API_URL": url}
    with running("metrics_api", "reconciler", **slower), email_workers(own, mail):
        mailing.wait_for(mailing.ask_one(), "sent")
    gaps = [after - before for before, after in zip(mail.asked_at, mail.asked_at[1:], strict=False)]
    least = [1.2, 2.4, 3.6, 4.8]
    assert len(gaps) == 4
    assert all(gap >= pause for gap, pause in zip(gaps, least, strict=True))


@pytest.mark.usefixtures("reconciler")
def test_11_a_server_that_hangs_up_after_the_message_leaves_it_uncertain(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str], connection: Connection
) -> None:
    mail.to_message.append(DROP)
    with email_workers(worker_environment, mail):
        delivery = mailing.wait_for(mailing.ask_one(), "uncertain")
        mailing.wait_for(mailing.ask_one(), "sent")
    assert "before the mail server confirmed the message" in delivery["reason"]
    row = read_delivery(connection, delivery["id"])
    assert (row.attempt, row.enqueue_count, row.content["subject"]) == (1, 1, "Weekly growth report, 2–8 March 2026")
    assert sorted(mail.count_by_id().values()) == [1, 1]


@pytest.mark.usefixtures("reconciler")
@pytest.mark.parametrize("count", [1, 10])
def test_12_workers_that_are_told_to_stop_finish_what_they_send(
    mailing: Mailing, mail: MailServer, worker_environment: dict[str, str], redis: Redis, count: int
) -> None:
    mail.holds_messages.set()
    people = [f"person{number}@school.example" for number in range(count + 1)]
    with email_workers(worker_environment, mail, count) as workers:
        asked = mailing.ask(*people)
        for _ in workers:
            mail.wait_until_reached()
        for worker in workers:
            worker.terminate()
        began = time.monotonic()
        mail.holds_messages.clear()
        assert [worker.wait() for worker in workers] == [0] * count
        assert time.monotonic() - began < SECONDS
    states = [row["status"] for row in mailing.read_all(asked[0]["report_id"])]
    assert sorted(states) == ["queued", *["sent"] * count]
    assert open_queue(redis, QueueName.EMAIL_DELIVERY).count >= 1
    with email_workers(worker_environment, mail):
        for delivery in asked:
            mailing.wait_for(delivery, "sent")
    assert sorted(taken.recipients[0] for taken in mail.taken) == sorted(people)


def test_an_api_that_is_away_for_a_while_hears_what_was_sent(
    mailing: Mailing,
    mail: MailServer,
    environment: dict[str, str],
    worker_environment: dict[str, str],
    connection: Connection,
) -> None:
    mail.holds_messages.set()
    port = find_free_port()
    # The second lease outlasts the first one and the start of a process, which takes long on a busy machine.
    leases = {"DELIVERY_LEASE_SECONDS": "6", "SENDING_LEASE_SECONDS": "60"}
    web = partial(running, "metrics_api", "web", METRICS_API_PORT=str(port), **environment | leases)
    own = worker_environment | {"METRICS_API_URL": f"http://127.0.0.1:{port}"}
    delivery: dict[str, Any] = mailing.ask_one()
    with web() as api:
        mailing.wait_until(lambda: _answers(own["METRICS_API_URL"]), "The second API")
        with email_workers(own, mail):
            mail.wait_until_reached()
            api.kill()
            mail.holds_messages.clear()
            over = text("SELECT now() > claimed_at + interval '6 seconds' FROM deliveries")
            mailing.wait_until(lambda: bool(connection.execute(over).scalar_one()), "The end of the claim's lease")
            with web():
                sent = mailing.wait_for(delivery, "sent")
    assert (sent["attempt"], len(mail.taken)) == (1, 1)
