"""A web server that is about to stop says so by its readiness alone, in the shape of every other refusal."""

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from viral_runtime.web.draining import Draining, refuse_readiness


@pytest.fixture
def draining() -> Draining:
    return Draining()


@pytest.fixture
def client(draining: Draining) -> Client:
    return Client(refuse_readiness(Response("served"), draining))


def test_it_is_ready_until_the_draining_begins(client: Client) -> None:
    assert client.get("/readyz").text == "served"


def test_it_serves_everything_but_its_readiness_meanwhile(client: Client, draining: Draining) -> None:
    draining.begin()
    refusal = client.get("/readyz", headers={"X-Request-ID": "probe-7"})
    assert (refusal.status_code, refusal.get_json()["code"]) == (503, "stopping")
    assert (refusal.headers["X-Request-ID"], refusal.headers["Retry-After"]) == ("probe-7", "5")
    assert client.get("/v1/alerts").text == "served"


def test_a_refusal_has_an_id_of_its_own_where_none_is_given(client: Client, draining: Draining) -> None:
    draining.begin()
    first, second = (client.get("/readyz").headers["X-Request-ID"] for _ in range(2))
    assert first != second
