"""SIGKILL at any moment while many requests are stored, staged and folded: every acknowledged event is counted once."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import httpx
import pytest
from sqlalchemy import Engine, text

from metrics_api.db.database import Database
from metrics_api.ingest.combiner import fold_rest
from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from tests.support.builders import NOON, build_event
from tests.support.worker_processes import RealProcess, running
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow
_CLIENTS, _KILLS, _BATCH = 8, 6, 20
_SECONDS, _RETRY_SECONDS = 120, 0.2


class Client:
    """Posts batches one after the other, and each again until it is acknowledged."""

    def __init__(self, url: str, token: str, seed: int) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS, trust_env=False
        )
        self._random = Random(seed)
        self.acknowledged: list[str] = []
        self.refusals: list[str] = []

    def run(self, stop: threading.Event) -> None:
        """Post until it is time to stop; what is not acknowledged then is not counted on."""
        while not stop.is_set():
            events = [build_event("click", event_id=self._make_id(), at=NOON, **self._choose()) for _ in range(_BATCH)]
            while not self._post(events) and not stop.wait(_RETRY_SECONDS):
                pass

    def _make_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _choose(self) -> dict[str, str]:
        number = self._random.randrange(5)
        return {"ip_address": f"203.0.113.{number}", "device_fingerprint": f"device-{number}", "referrer_id": "maria"}

    def _post(self, events: list[dict[str, object]]) -> bool:
        try:
            answer = self._http.post("/v1/events", json={"events": events})
        except httpx.TransportError:
            return False
        if answer.is_success:
            self.acknowledged += [str(event["event_id"]) for event in events]
        elif answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            self.refusals.append(answer.text)
        return answer.is_success


@pytest.fixture
def api(database_url: str, redis_url: str) -> Iterator[Callable[[], RealProcess]]:
    """Starts the API at one address, as often as it is killed."""
    port = str(find_free_port())
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "IDENTIFIER_KEY": IDENTIFIER_KEY}
    with ExitStack() as stack:
        start = lambda: stack.enter_context(  # noqa: E731
            running("metrics_api", "web", METRICS_API_PORT=port, METRICS_API_THREADS="8", **settings)
        )
        start.url = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
        yield start


def test_every_acknowledged_event_is_counted_once(
    servers: tuple[Children, Path], api: Callable[[], RealProcess], empty_database: Engine
) -> None:
    token, stop, random = create_token(empty_database, Scope.EVENTS_WRITE), threading.Event(), Random(7)
    clients = [Client(api.url, token, seed) for seed in range(_CLIENTS)]  # type: ignore[attr-defined]
    threads = [threading.Thread(target=client.run, args=(stop,)) for client in clients]
    process = api()
    for thread in threads:
        thread.start()
    try:
        for _ in range(_KILLS):
            enough = sum(len(client.acknowledged) for client in clients) + _BATCH * random.randrange(1, 60)
            servers[0].wait_until(
                lambda enough=enough: sum(len(client.acknowledged) for client in clients) > enough,
                "More acknowledged events",
                seconds=_SECONDS,
            )
            process.kill()
            process = api()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert [each for client in clients for each in client.refusals] == []
    fold_rest(Database(empty_database))
    with empty_database.connect() as connection:
        stored = set(connection.execute(text("SELECT event_id::text FROM attribution_events")).scalars())
        counted = [
            connection.execute(text(f"SELECT sum(clicks) FROM {table}")).scalar_one()
            for table in ("activity_per_referrer_day", "clicks_per_ip_day", "clicks_per_device_day", "traffic_per_day")
        ]
        per_network = connection.execute(text("SELECT sum(clicks) FROM referrers_per_network_day")).scalar_one()
    assert {each for client in clients for each in client.acknowledged} <= stored
    assert [*counted, per_network] == [len(stored)] * 5
