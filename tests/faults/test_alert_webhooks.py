"""Alerts sent to a webhook by the real API and the real worker: each alert event once, signed, whatever fails."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from dashboard.admin.notifications import VERIFYING_CODE
from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from tests.support.api_server import connect, start_api
from tests.support.builders import build_clicks, build_event
from tests.support.hook_server import HookCall, HookServer, answer, hook_server
from tests.support.mailing import SECONDS, TIMINGS
from tests.support.worker_processes import running
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow
_LOOPBACK = {"WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8", "DATA_STALE_MINUTES": "0", "NOTIFICATION_BURST": "10"}


@pytest.fixture(scope="module")
def environment(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every process of the product needs, with webhooks on this machine allowed."""
    on = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    flags = tmp_path_factory.mktemp("flags") / "flags.json"
    flags.write_text(json.dumps({"flags": {"alert_notifications": on}}))
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "IDENTIFIER_KEY": IDENTIFIER_KEY}
    return {**servers, "FLAGS_FILE": str(flags), **TIMINGS, **_LOOPBACK}


@pytest.fixture(scope="module")
def api_url(servers: tuple[Children, Path], environment: dict[str, str]) -> str:
    """A real server."""
    return start_api(servers[0], **environment)


@pytest.fixture
def http(api_url: str, empty_database: Engine, redis_url: str) -> Iterator[httpx.Client]:
    """An admin of the server, whose database and queues are empty."""
    Redis.from_url(redis_url).flushall()
    with connect(api_url, empty_database, *Scope) as client:
        yield client


@pytest.fixture
def await_calls(servers: tuple[Children, Path]) -> Callable[[HookServer, int], None]:
    """Waits until a webhook has been called so often."""

    def wait(hook: HookServer, count: int) -> None:
        servers[0].wait_until(lambda: len(hook.calls) >= count, f"Call {count} of the webhook", seconds=SECONDS)

    return wait


@pytest.fixture
def worker(environment: dict[str, str], api_url: str, http: httpx.Client, empty_database: Engine) -> Iterator[None]:
    """The worker of webhooks, and the reconciler, which has what failed tried again."""
    assert http
    token = create_token(empty_database, Scope.JOBS_DELIVERIES)
    with ExitStack() as stack:
        # Evaluations are asked for by the test alone.
        stack.enter_context(running("metrics_api", "reconciler", **environment, EVALUATION_SECONDS="3600"))
        own = {**environment, "METRICS_API_URL": api_url, "EMAIL_WORKER_TOKEN": token}
        stack.enter_context(running("email_worker", "work", "webhooks", **own))
        yield


def flag_addresses(http: httpx.Client, count: int, *, first: int) -> None:
    """Let so many addresses click too often."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    clicks = [
        click
        for host in range(first, first + count)
        for click in build_clicks(11, at=at, ip_address=f"198.51.100.{host}")
    ]
    assert http.post("/v1/events", json={"events": clicks}).status_code == httpx.codes.ACCEPTED


def evaluate(http: httpx.Client) -> dict[str, Any]:
    """One evaluation."""
    answered = http.post("/v1/guardrails/evaluations")
    assert answered.status_code == httpx.codes.OK, answered.text
    return dict(answered.json())


def create_rule(http: httpx.Client, hook: HookServer, channel: str = "webhook", **fields: Any) -> str:
    """A rule that calls the webhook, and what it signs with."""
    rule = {"name": "On call", "severities": ["high"], "channel": channel, "target": hook.url, **fields}
    created = http.post("/v1/notification-rules", json=rule)
    assert created.status_code == httpx.codes.CREATED, created.text
    return str(created.json()["secret"])


def is_genuine(call: HookCall, secret: str) -> bool:
    """What the code says that the dashboard gives to receivers."""
    code: dict[str, Any] = {}
    exec(VERIFYING_CODE, code)  # noqa: S102 - it is ours.
    return bool(code["is_genuine"](call.headers, call.body, secret))


@pytest.mark.usefixtures("worker")
def test_an_alert_opens_escalates_is_acknowledged_and_ends_in_three_signed_calls(
    http: httpx.Client, connection: Connection, await_calls: Callable[[HookServer, int], None]
) -> None:
    with hook_server(answer(200)) as hook:
        secret = create_rule(http, hook)
        flag_addresses(http, 6, first=1)
        (alert_id,) = evaluate(http)["opened_alerts"]
        await_calls(hook, 1)
        flag_addresses(http, 6, first=7)
        evaluate(http)
        evaluate(http)
        await_calls(hook, 2)
        http.post(f"/v1/alerts/{alert_id}/acknowledge", json={"note": "Mine"})
        flag_addresses(http, 30, first=20)
        evaluate(http)
        http.put("/v1/trusted-networks/198.51.100.0%2F24", json={"reason": "Lakeside School"})
        assert evaluate(http)["resolved_alerts"] == [alert_id]
        await_calls(hook, 3)
        asked = connection.execute(text("SELECT count(*) FROM deliveries")).scalar_one()
    bodies = [json.loads(call.body) for call in hook.calls]
    told = [(news["event"], news["alert_id"], news["count"]) for body in bodies for news in body["news"]]
    assert told == [("opened", alert_id, 6), ("escalated", alert_id, 12), ("ended", alert_id, 42)]
    assert len({call.headers["Idempotency-Key"] for call in hook.calls}) == asked == 3
    assert all(is_genuine(call, secret) for call in hook.calls)
    assert not is_genuine(hook.calls[0], "whsec_YW5vdGhlciBzZWNyZXQ=")


@pytest.mark.usefixtures("worker")
def test_a_webhook_that_fails_is_called_again_with_the_same_key_and_body(
    http: httpx.Client, await_calls: Callable[[HookServer, int], None]
) -> None:
    outcomes = iter([answer(503), answer(500)])
    with hook_server(lambda handler: next(outcomes, answer(200))(handler)) as hook:
        secret = create_rule(http, hook)
        flag_addresses(http, 6, first=1)
        evaluate(http)
        await_calls(hook, 3)
    assert len({(call.headers["Idempotency-Key"], call.body) for call in hook.calls}) == 1
    assert all(is_genuine(call, secret) for call in hook.calls)


@pytest.mark.usefixtures("worker")
def test_slack_gets_what_slack_understands_unsigned(
    http: httpx.Client, await_calls: Callable[[HookServer, int], None]
) -> None:
    with hook_server(answer(200)) as hook:
        create_rule(http, hook, channel="slack")
        flag_addresses(http, 6, first=1)
        evaluate(http)
        await_calls(hook, 1)
    (call,) = hook.calls
    assert json.loads(call.body).keys() == {"text", "blocks"}
    assert not {"X-Viral-Signature", "webhook-signature"} & call.headers.keys()


@pytest.mark.usefixtures("worker")
def test_a_conversion_that_is_not_credible_and_the_verdict_on_it_are_told_in_signed_calls(
    http: httpx.Client, await_calls: Callable[[HookServer, int], None]
) -> None:
    types = ["case.opened", "case.decided", "conversion.not_credible"]
    at = datetime.now(UTC) - timedelta(minutes=1)
    sold = build_event("conversion", at=at, device_fingerprint="robot", referrer_id="maria")
    with hook_server(answer(200)) as hook:
        secret = create_rule(http, hook, event_types=types)
        clicks = build_clicks(5, at=at, apart=0.2, device_fingerprint="robot")
        assert http.post("/v1/events", json={"events": [*clicks, sold]}).status_code == httpx.codes.ACCEPTED
        evaluate(http)
        await_calls(hook, 2)
        (case,) = http.get("/v1/cases").json()["cases"]
        http.post(f"/v1/cases/{case['id']}/verdict", json={"verdict": "fraud", "reason": "A farm"})
        await_calls(hook, 3)
    bodies = {body["type"]: body["data"] for body in (json.loads(call.body) for call in hook.calls)}
    assert set(bodies) == set(types)
    assert bodies["conversion.not_credible"]["event_id"] == sold["event_id"]
    assert (bodies["case.decided"]["case_id"], bodies["case.decided"]["verdict"]) == (case["id"], "fraud")
    assert all(is_genuine(call, secret) for call in hook.calls)
    assert len({call.headers["webhook-id"] for call in hook.calls}) == 3
