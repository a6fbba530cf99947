"""Two hundred emails while workers are killed all the time, Redis forgets everything and PostgreSQL restarts."""

import io
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from redis import Redis
from sqlalchemy import Engine, text

from metrics_api.db.database import create_database_engine
from metrics_api.db.migrate import upgrade
from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from tests.support.api_server import connect, start_api
from tests.support.delivery_rows import save_ready_report
from tests.support.mail_server import MailServer, mail_server
from tests.support.mailing import TIMINGS, write_flags
from tests.support.waiting import wait_until
from tests.support.worker_processes import RealProcess, running
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres, EmbeddedValkey
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow
WORKERS = 10
KILLS = 150
FLUSH_AT, RESTART_AT = 60, 100
EMAILS = 200
A_REQUEST = 10
_PAUSE_SECONDS = 0.4
_KILLS_A_REQUEST = 7
_LONGEST_REPLY_SECONDS = 0.1
_END_SECONDS = 90


@dataclass
class Stack:
    """Everything that the emails pass through."""

    postgres: EmbeddedPostgres
    database: Children
    redis: Redis
    engine: Engine
    http: httpx.Client
    herd: RealProcess
    mail: MailServer

    def ask(self, number: int, report_id: int) -> None:
        """Ask until the answer comes; the same question again is the same deliveries."""
        body = {"recipient_emails": [f"person{number}-{one}@school.example" for one in range(A_REQUEST)]}

        def is_asked() -> bool:
            with suppress(httpx.TransportError):
                return self.http.post(f"/v1/reports/{report_id}/deliveries", json=body).is_success
            return False

        wait_until(is_asked, "the API answers", seconds=_END_SECONDS)

    def kill_a_worker(self, chance: random.Random) -> bool:
        """SIGKILL for one worker and the horse that it has, as when their container dies; whether it was at work."""
        with suppress(psutil.NoSuchProcess):
            worker = chance.choice(self.herd.find_children())
            horses = worker.children(recursive=True)
            for process in [worker, *horses]:
                process.kill()
            return bool(horses)
        return False

    def restart_database(self) -> None:
        """Stop PostgreSQL and start it again on its data."""
        self.database.stop()
        self.postgres.start(self.database)

    def count_unfinished(self) -> int:
        """Emails that have not come to an end."""
        statement = text("SELECT count(*) FROM deliveries WHERE status IN ('pending', 'claimed', 'sending')")
        with self.engine.connect() as connection:
            count: int = connection.execute(statement).scalar_one()
            return count

    def read_ends(self) -> dict[str, str]:
        """How every email ended, by its Message-ID."""
        with self.engine.connect() as connection:
            return {row.message_id: row.status for row in connection.execute(text("SELECT * FROM deliveries"))}


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """A product of its own, for as long as the block runs."""
    log, record = MergedLog(io.StringIO()), ProcessRecord(folder / "processes.json")
    with ExitStack() as opened:
        children, database = (opened.enter_context(Children(log, record)) for _ in range(2))
        postgres = EmbeddedPostgres(folder / "postgres", "password", find_free_port())
        valkey = EmbeddedValkey(folder / "valkey", "password", find_free_port())
        postgres.start(database)
        valkey.start(children)
        upgrade(postgres.url)
        engine = create_database_engine(postgres.url, pool_size=2)
        opened.callback(engine.dispose)
        environment = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "IDENTIFIER_KEY": IDENTIFIER_KEY,
            "FLAGS_FILE": str(write_flags(folder)),
            **TIMINGS,
        }
        url = start_api(children, **environment)
        opened.enter_context(running("metrics_api", "reconciler", **environment))
        mail = opened.enter_context(mail_server())
        worker = {"METRICS_API_URL": url, "EMAIL_WORKER_TOKEN": create_token(engine, Scope.JOBS_DELIVERIES)}
        worker["SMTP_PORT"] = str(mail.port)
        herd = opened.enter_context(running("tests.faults.herd", str(WORKERS), **environment, **worker))
        children.wait_until(lambda: len(herd.find_children()) == WORKERS, "The workers", seconds=_END_SECONDS)
        http = opened.enter_context(connect(url, engine, *Scope))
        yield Stack(postgres, database, Redis.from_url(valkey.url), engine, http, herd, mail)


def wreck(stack: Stack, chance: random.Random) -> int:
    """Ask for emails bit by bit, so that there is always something to break, and break it.

    Returns how many of the workers were at work when they were killed.
    """
    busy = 0
    with stack.engine.begin() as connection:
        reports = [save_ready_report(connection) for _ in range(EMAILS // A_REQUEST)]
    for kill in range(KILLS):
        if kill % _KILLS_A_REQUEST == 0 and reports:
            stack.ask(len(reports), reports.pop())
        if kill == FLUSH_AT:
            stack.redis.flushall()
        if kill == RESTART_AT:
            stack.restart_database()
        busy += stack.kill_a_worker(chance)
        time.sleep(_PAUSE_SECONDS)
    return busy


def test_14_no_email_is_lost_silently_and_none_is_sent_twice(tmp_path: Path) -> None:
    chance = random.Random(14)
    with stack(tmp_path) as running_stack:
        mail = running_stack.mail
        mail.delays.extend(chance.uniform(0, _LONGEST_REPLY_SECONDS) for _ in range(10 * EMAILS))
        began = time.monotonic()
        busy = wreck(running_stack, chance)
        wait_until(lambda: not running_stack.count_unfinished(), "no email is stuck", seconds=_END_SECONDS)
        ends, taken = running_stack.read_ends(), mail.count_by_id()
    found = Counter(ends.values())
    held_and_taken = sum(1 for message_id, status in ends.items() if status == "uncertain" and taken[message_id])
    seconds = time.monotonic() - began
    print(f"{dict(found)}, {held_and_taken} of the uncertain ones had arrived; {busy} kills at work, {seconds:.0f} s")
    assert found["sent"] + found["uncertain"] + found["dead"] == len(ends) == EMAILS
    assert max(taken.values()) == 1
    assert [message_id for message_id, status in ends.items() if status == "sent" and not taken[message_id]] == []
    assert [message_id for message_id, status in ends.items() if status == "dead" and taken[message_id]] == []
    assert found["sent"] > EMAILS / 2
