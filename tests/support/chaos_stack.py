"""A product whose email workers a test can kill, and whose Redis and PostgreSQL it can lose for a while."""

import io
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from redis import Redis
from sqlalchemy import Engine, text

from metrics_api.db.database import create_database_engine
from metrics_api.db.migrate import upgrade
from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from tests.support.api_server import connect, start_api
from tests.support.mail_server import MailServer, mail_server
from tests.support.mailing import TIMINGS, write_flags
from tests.support.worker_processes import RealProcess, running
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres, EmbeddedValkey
from viral_contract.models.people import Scope

END_SECONDS = 90


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
    report_worker: dict[str, str]

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
def chaos_stack(folder: Path, workers: int, **settings: str) -> Iterator[Stack]:
    """A product of its own with as many email workers, for as long as the block runs."""
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
            **settings,
        }
        url = start_api(children, **environment)
        opened.enter_context(running("metrics_api", "reconciler", **environment))
        mail = opened.enter_context(mail_server())
        token = create_token(engine, Scope.JOBS_REPORTS)
        reports = {**environment, "METRICS_API_URL": url, "REPORT_WORKER_TOKEN": token}
        worker = {"METRICS_API_URL": url, "EMAIL_WORKER_TOKEN": create_token(engine, Scope.JOBS_DELIVERIES)}
        worker["SMTP_PORT"] = str(mail.port)
        herd = opened.enter_context(running("tests.faults.herd", str(workers), **environment, **worker))
        children.wait_until(lambda: len(herd.find_children()) == workers, "The workers", seconds=END_SECONDS)
        http = opened.enter_context(connect(url, engine, *Scope))
        yield Stack(postgres, database, Redis.from_url(valkey.url), engine, http, herd, mail, reports)
