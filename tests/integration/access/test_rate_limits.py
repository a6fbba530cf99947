"""How much the API takes from one address, token or person, and what happens without Redis."""

import socket

import pytest
from flask import Flask
from sqlalchemy import Engine

from metrics_api.settings.access import AccessSettings, LimitSettings
from tests.support.api_fixtures import Api, build_app, create_token
from viral_cli.local.ports import find_free_port
from viral_contract.client.connection import CLIENT_ADDRESS_HEADER
from viral_contract.client.metrics_api import SESSION_HEADER
from viral_contract.models.people import Scope
from viral_runtime.settings.groups import ProxySettings

PATH = "/v1/guardrails/fraud"


def make_app(database_url: str, redis_url: str) -> Flask:
    access = AccessSettings(
        ProxySettings(trusted_proxies="127.0.0.0/8"), LimitSettings(rate_limit_requests_per_minute=5)
    )
    return build_app(access, database_url=database_url, redis_url=redis_url)


@pytest.fixture
def limited(database_url: str, redis_url: str) -> Flask:
    app = make_app(database_url, redis_url)
    app.extensions["context"].redis.flushdb()
    return app


def call(app: Flask, token: str, address: str, times: int) -> list[int]:
    caller = Api(app, token)
    answers = [caller.send("GET", PATH, headers={"X-Forwarded-For": address}) for _ in range(times)]
    assert all(answer.headers["Retry-After"].isdigit() for answer in answers if answer.status_code == 429)
    return [answer.status_code for answer in answers]


def test_a_token_is_limited_wherever_it_is_used(limited: Flask, engine: Engine) -> None:
    token, other = (create_token(engine, Scope.METRICS_READ) for _ in range(2))
    statuses = [call(limited, token, f"203.0.113.{number}", 1)[0] for number in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert call(limited, other, "203.0.113.99", 1) == [200]


def test_an_address_is_limited_whatever_it_sends(limited: Flask, engine: Engine) -> None:
    token = create_token(engine, Scope.METRICS_READ)
    assert call(limited, "a guess", "203.0.113.7", 6) == [401] * 5 + [429]
    assert call(limited, token, "203.0.113.7", 1) == [429]
    assert call(limited, token, "203.0.113.8", 1) == [200]


def test_a_visitor_of_the_dashboard_uses_up_nobody_else_s_share(limited: Flask, engine: Engine) -> None:
    dashboard = Api(limited, create_token(engine, Scope.SESSIONS_WRITE, Scope.METRICS_READ))

    def visit(address: str, session: str | None) -> int:
        headers = {CLIENT_ADDRESS_HEADER: address, **({SESSION_HEADER: session} if session else {})}
        return dashboard.send("GET", PATH, headers=headers).status_code

    assert [visit("203.0.113.7", "made up") for _ in range(6)] == [401] * 5 + [429]
    assert [visit("203.0.113.8", None) for _ in range(6)] == [200] * 5 + [429]
    assert visit("203.0.113.9", None) == 200


def test_the_refusal_is_a_problem(limited: Flask) -> None:
    call(limited, "a guess", "203.0.113.7", 5)
    problem = Api(limited, "a guess").refuse(429, "GET", PATH, headers={"X-Forwarded-For": "203.0.113.7"})
    assert problem["code"] == "too_many_requests"


def test_probes_are_not_limited(limited: Flask) -> None:
    nobody = Api(limited, None)
    assert {nobody.get("/healthz").status_code for _ in range(9)} == {200}


def test_without_redis_each_process_limits_by_itself_and_that_is_counted(database_url: str, engine: Engine) -> None:
    app = make_app(database_url, f"redis://127.0.0.1:{find_free_port()}")
    token = create_token(engine, Scope.METRICS_READ)
    assert call(app, token, "203.0.113.7", 9) == [200] * 5 + [429] * 4
    assert call(app, "a guess", "203.0.113.8", 6) == [401] * 5 + [429]
    assert call(app, token, "203.0.113.8", 1) == [429]
    counted = Api(app, None).get("/metrics").get_data(as_text=True)
    total = next(line for line in counted.splitlines() if line.startswith("viral_engine_rate_limit_unavailable_total"))
    assert float(total.split()[1]) >= 16


def test_a_redis_that_answers_slowly_switches_no_limit_off(limited: Flask, engine: Engine) -> None:
    token = create_token(engine, Scope.METRICS_READ)
    redis = limited.extensions["context"].redis
    assert call(limited, token, "203.0.113.7", 3) == [200] * 3
    redis.execute_command("CLIENT PAUSE", 60_000, "WRITE")
    try:
        assert call(limited, token, "203.0.113.7", 4) == [200] * 2 + [429] * 2
    finally:
        redis.execute_command("CLIENT UNPAUSE")


def test_sign_ins_are_limited_while_redis_hangs(database_url: str, engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = build_app(database_url=database_url, redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        dashboard = Api(app, create_token(engine, Scope.SESSIONS_WRITE))

        def guess(number: int) -> int:
            body = {"email": f"hung{number}@example.com", "password": "a guess that is wrong"}
            return dashboard.send("POST", "/v1/sessions", json=body).status_code

        assert [guess(number) for number in range(22)] == [401] * 20 + [429] * 2
