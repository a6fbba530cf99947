"""Writers at the same time, over HTTP against a real server: nothing is lost, counted twice or refused."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Connection, Engine, text

from tests.support.api_server import connect
from tests.support.brute_force import Account, fetch_facts
from viral_contract.models.events import Event
from viral_contract.models.links import LinkItem
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow
WRITERS = 8
BATCHES_EACH = 10
BATCH_SIZE = 60
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
REFERRERS = {f"l-{number}": f"referrer-{number % 3}" for number in range(6)}
SOURCE = "buddy_challenge"


def generate_events(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Events of few devices, addresses, people and links within minutes of midnight.

    An event names the referrer of its link, so that its credit does not depend on who came first.
    """
    events = []
    for _ in range(count):
        link = rng.choice([None, rng.choice(list(REFERRERS))])
        events.append(
            {
                "event_id": str(UUID(int=rng.getrandbits(128))),
                "event_type": rng.choices(["click", "visit", "signup", "conversion"], [6, 1, 1, 1])[0],
                "occurred_at": (MIDNIGHT + timedelta(seconds=rng.randint(-300, 300))).isoformat(),
                "ip_address": rng.choice(["203.0.113.", "2001:db8::"]) + str(rng.randint(1, 5)),
                "device_fingerprint": f"device-{rng.randint(1, 12)}",
                "user_id": f"user-{rng.randint(1, 20)}",
                "link_id": link,
                "referrer_id": REFERRERS[link] if link else None,
                "source": SOURCE if link else None,
            }
        )
    return events


def build_link_item(rng: random.Random, link: str) -> dict[str, Any]:
    inserted_at = MIDNIGHT + timedelta(days=rng.randint(-2, 2))
    return {"id": link, "referrer_id": REFERRERS[link], "source": SOURCE, "inserted_at": inserted_at.isoformat()}


def write(client: httpx.Client, rng: random.Random, events: list[dict[str, Any]]) -> int:
    """Post overlapping batches and change links in between; how many events were accepted.

    Every other batch is without links, whose rows come first and would keep the writers from meeting at the others.
    """
    accepted = 0
    without_links = [event for event in events if not event["link_id"]]
    for number in range(BATCHES_EACH):
        batch = rng.sample(without_links if number % 2 else events, BATCH_SIZE)
        response = client.post("/v1/events", json={"events": batch})
        assert response.status_code == 202, response.text
        accepted += response.json()["accepted"]
        links = rng.sample(list(REFERRERS), 3)
        response = client.post("/v1/links", json={"items": [build_link_item(rng, link) for link in links]})
        assert response.status_code == 200, response.text
        response = client.delete(f"/v1/links/{links[0]}")
        assert response.status_code in (204, 404), response.text
    return accepted


def run_writers(clients: list[httpx.Client], write_one: Callable[[int, httpx.Client], int]) -> int:
    with ThreadPoolExecutor(len(clients)) as pool:
        return sum(pool.map(write_one, range(len(clients)), clients))


def check_facts(connection: Connection, sent: list[dict[str, Any]]) -> None:
    """Compare with an account of every event that was sent at least once and of the links as they are now."""
    account = Account()
    account.post(Event.model_validate(event) for event in sent)
    rows = connection.execute(text("SELECT link_id AS id, referrer_id, source, inserted_at FROM attribution_links"))
    account.save_links((LinkItem(**row._mapping) for row in rows), now=MIDNIGHT)
    assert fetch_facts(connection) == account.count()


@pytest.fixture
def clients(server_url: str, empty_database: Engine) -> Iterator[list[httpx.Client]]:
    """A client for each writer, with connections of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(server_url, empty_database, *Scope)) for _ in range(WRITERS)]


def test_eight_writers_of_overlapping_batches_count_every_event_once(
    clients: list[httpx.Client], connection: Connection
) -> None:
    events = generate_events(random.Random(1), 1500)

    accepted = run_writers(clients, lambda number, client: write(client, random.Random(number), events))

    stored = connection.execute(text("SELECT event_id::text FROM attribution_events")).scalars().all()
    assert accepted == len(stored)
    check_facts(connection, [event for event in events if event["event_id"] in set(stored)])


def test_a_rebuild_among_eight_writers_loses_no_count(clients: list[httpx.Client], connection: Connection) -> None:
    events = generate_events(random.Random(2), 1500)
    done = threading.Event()

    def rebuild(client: httpx.Client) -> int:
        rebuilds = 0
        while not done.is_set():
            batch = client.post("/v1/batches", json={"kind": "rebuild_facts"}).json()
            while batch["status"] != "done":
                response = client.post(f"/internal/batches/{batch['id']}/step")
                assert response.status_code == 200, response.text
                batch = response.json()
            rebuilds += 1
        return rebuilds

    with ThreadPoolExecutor(1) as pool:
        rebuilding = pool.submit(rebuild, clients[0])
        run_writers(clients[1:], lambda number, client: write(client, random.Random(number), events))
        done.set()
        assert rebuilding.result() > 0

    stored = connection.execute(text("SELECT event_id::text FROM attribution_events")).scalars().all()
    check_facts(connection, [event for event in events if event["event_id"] in set(stored)])


def test_a_burst_whose_clicks_come_from_several_writers_at_once_is_found(
    clients: list[httpx.Client], connection: Connection
) -> None:
    rounds, writers = 20, 3
    together = threading.Barrier(writers)

    def post_clicks(number: int, client: httpx.Client) -> int:
        accepted = 0
        for round_ in range(rounds):
            click = {
                "event_type": "click",
                "device_fingerprint": f"device-{round_}",
                "occurred_at": (MIDNIGHT + timedelta(seconds=number)).isoformat(),
            }
            together.wait(timeout=60)
            accepted += client.post("/v1/events", json={"events": [click]}).json()["accepted"]
        return accepted

    assert run_writers(clients[:writers], post_clicks) == rounds * writers
    spans = connection.execute(text("SELECT device_fingerprint, span_2, span_3 FROM bursts_per_device_day")).all()
    assert sorted(spans) == sorted(
        (f"device-{round_}", timedelta(seconds=1), timedelta(seconds=2)) for round_ in range(rounds)
    )
