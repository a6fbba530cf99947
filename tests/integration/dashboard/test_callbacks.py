"""The dashboard answers no callback and no address with an error of its own, whatever it is sent."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import Client, TestResponse

from dashboard.app import create_app
from dashboard.cookies import CSRF_COOKIE
from dashboard.settings import DashboardSettings
from tests.support.api_fixtures import Api, create_token
from tests.support.builders import build_clicks, build_event
from tests.support.people import PASSWORD, create_person
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Role, Scope

CALLBACKS = "/_dash-update-component"
HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "\x00",
    "\ud800",
    "?id=1&kind=ip_address&days=x&cursor=x",
    "?id=99999999999999999999&kind=device&start=2026-01-01&end=0000-00-00",
    "/dashboard/reports/1",
    [],
    [None],
    ["x", "y"],
    {},
    {"search": 1, "digests": {}},
    {"search": "?days=7", "digests": "x", "enabled": [], "digest": {}},
]
# For the parts of a call: missing, and of another type.
PARTS = ["output", "outputs", "inputs", "state", "changedPropIds"]


@pytest.fixture
def dashboard(app: Flask, api: Api, empty_database: Engine) -> Flask:
    """A dashboard before the real API, with something to show and an admin."""
    now = datetime.now(UTC)
    api.post_events(
        *build_clicks(12, at=now - timedelta(minutes=30), apart=1, ip_address="203.0.113.5", device_fingerprint="d"),
        build_event("conversion", at=now - timedelta(minutes=5), referrer_id="maria", user_id="ben"),
    )
    create_person(empty_database, Role.ADMIN)
    token = create_token(empty_database, *Scope)
    http = httpx.Client(
        base_url="http://api",
        transport=httpx.WSGITransport(app=app),
        headers={"Authorization": f"Bearer {token}"},
    )
    return create_app(DashboardSettings(dashboard_token=token), MetricsApi(http))


@pytest.fixture
def visitor(dashboard: Flask) -> Client:
    """A browser with a page's token, not signed in."""
    client = dashboard.test_client()
    client.get("/login")
    return client


@pytest.fixture
def admin(visitor: Client) -> Client:
    """A browser that is signed in."""
    form = {"csrf_token": read_token(visitor), "email": "admin@example.com", "password": PASSWORD}
    assert visitor.post("/login", data=form).status_code == 303
    return visitor


def read_token(client: Client) -> str:
    cookie = client.get_cookie(CSRF_COOKIE)
    assert cookie
    return cookie.value


def call(client: Client, body: object) -> TestResponse:
    content = json.dumps(body)
    headers = {"X-CSRFToken": read_token(client), "Content-Type": "application/json"}
    return client.post(CALLBACKS, data=content, headers=headers)


def list_calls(admin: Client) -> list[dict[str, Any]]:
    """A call of each callback as its page sends it when nothing is filled in; each of many is there once."""
    admin.get("/dashboard/guardrails")
    dependencies: Any = admin.get("/_dash-dependencies").json
    return [_build_call(each) for each in dependencies if not each["clientside_function"]]


def _build_call(callback: dict[str, Any]) -> dict[str, Any]:
    names = callback["output"].strip(".").split("...")
    outputs = [{"id": name.rpartition(".")[0], "property": name.rpartition(".")[2]} for name in names]
    inputs = [_build_argument(each) for each in callback["inputs"]]
    first = inputs[0][0] if isinstance(inputs[0], list) else inputs[0]
    return {
        "output": callback["output"],
        "outputs": outputs if callback["output"].startswith("..") else outputs[0],
        "inputs": inputs,
        "state": [_build_argument(each) for each in callback["state"]],
        "changedPropIds": [f"{_stringify(first['id'])}.{first['property']}"],
    }


def _build_argument(argument: dict[str, Any]) -> Any:
    if not argument["id"].startswith("{"):
        return {**argument, "value": None}
    given = json.loads(argument["id"])
    one = {"id": {name: "1" if part == ["ALL"] else part for name, part in given.items()}, **_pick(argument)}
    return [one] if ["ALL"] in given.values() else one


def _pick(argument: dict[str, Any]) -> dict[str, Any]:
    pressed = argument["property"] == "n_clicks"
    return {"property": argument["property"], "value": 1 if pressed else None}


def _stringify(given: object) -> str:
    return given if isinstance(given, str) else json.dumps(given, sort_keys=True, separators=(",", ":"))


def vary(sent: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The call with one thing wrong at a time."""
    for part in PARTS:
        yield {name: value for name, value in sent.items() if name != part}
        for hostile in HOSTILE:
            yield {**sent, part: hostile}
    for kind in ("inputs", "state"):
        for at, argument in enumerate(sent[kind]):
            for hostile in HOSTILE:
                changed = deepcopy(sent)
                changed[kind][at] = hostile
                yield changed
                yield from _vary_argument(sent, kind, at, argument, hostile)


def _vary_argument(
    sent: dict[str, Any], kind: str, at: int, argument: Any, hostile: object
) -> Iterator[dict[str, Any]]:
    for name in ("value", "id", "property"):
        changed = deepcopy(sent)
        one = changed[kind][at][0] if isinstance(argument, list) else changed[kind][at]
        one[name] = hostile
        yield changed
    one = argument[0] if isinstance(argument, list) else argument
    if isinstance(one["id"], dict) and isinstance(hostile, str | int):
        for name in one["id"]:
            changed = deepcopy(sent)
            moved = changed[kind][at][0] if isinstance(argument, list) else changed[kind][at]
            moved["id"][name] = hostile
            if kind == "inputs":
                changed["changedPropIds"] = [f"{_stringify(moved['id'])}.{moved['property']}"]
            yield changed


def test_no_callback_fails_on_what_no_page_sends(admin: Client) -> None:
    failed = []
    for sent in list_calls(admin):
        assert call(admin, sent).status_code < 500, sent
        for wrong in vary(sent):
            answer = call(admin, wrong)
            if answer.status_code >= 500 or b"Traceback" in answer.data:
                failed.append((sent["output"][:60], {name: wrong.get(name) for name in PARTS[2:]}))
    assert failed == []


def test_no_callback_answers_who_is_not_signed_in(visitor: Client, dashboard: Flask) -> None:
    admin = dashboard.test_client()
    admin.get("/login")
    form = {"csrf_token": read_token(admin), "email": "admin@example.com", "password": PASSWORD}
    admin.post("/login", data=form)
    for sent in list_calls(admin):
        for wrong in [sent, *list(vary(sent))[::7]]:
            assert call(visitor, wrong).status_code in (400, 401), sent["output"]


@pytest.mark.parametrize(
    "body", ["", "x", "[" * 100_000, "[" * 100_000 + "]" * 100_000, "NaN", '{"output": "\\ud800"}', "1" * 5000, "\x00"]
)
def test_no_text_in_place_of_a_call_fails(admin: Client, body: str) -> None:
    headers = {"X-CSRFToken": read_token(admin), "Content-Type": "application/json"}
    answer = admin.post(CALLBACKS, data=body, headers=headers)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


SEGMENTS = ["x", "99999999999999999999999", "%00", "%ff", "..%2f..%2fapp.py", "x.js"]
METHODS = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"]


@pytest.mark.parametrize("signed_in", [False, True])
def test_no_address_fails(request: pytest.FixtureRequest, dashboard: Flask, *, signed_in: bool) -> None:
    client: Client = request.getfixturevalue("admin" if signed_in else "visitor")
    paths = {re.sub("<[^>]*>", part, rule.rule) for rule in dashboard.url_map.iter_rules() for part in SEGMENTS}
    queries = ["", "?key=%ff&format=%00&kind=ip_address&id=%00", "?code=x&state=%00&error=x"]
    failed = []
    for path in sorted(paths - {"/logout"}):
        for method in METHODS:
            for query in queries if method == "GET" else [""]:
                answer = client.open(path + query, method=method, headers={"X-CSRFToken": read_token(client)})
                if answer.status_code >= 500 or b"Traceback" in answer.data:
                    failed.append(f"{method} {path[:80]}{query}: {answer.status_code}")
    assert failed == []
