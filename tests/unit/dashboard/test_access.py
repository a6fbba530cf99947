"""Nobody gets in without a session, whatever the route."""

import pytest
from flask import Flask
from werkzeug.routing import Rule

from dashboard.session import OPEN_ENDPOINTS
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from viral_contract.client.connection import BACKGROUND_HEADER

OPEN_PATHS = ["/healthz", "/readyz", "/metrics", "/login", "/assets/first.js", "/assets/favicon.svg", "/_favicon.ico"]


def _addresses(server: Flask) -> list[tuple[str, str]]:
    """Every method and path of the route table, but those of the open routes."""
    rules = [rule for rule in server.url_map.iter_rules() if rule.endpoint not in OPEN_ENDPOINTS]
    return [(method, _fill(rule)) for rule in rules for method in sorted(rule.methods or ())]


def _fill(rule: Rule) -> str:
    return str(rule.build(dict.fromkeys(rule.arguments, 1))[1])  # type: ignore[index]


def test_every_route_but_the_open_ones_refuses_an_anonymous_caller(server: Flask, browser: Browser) -> None:
    browser.get("/login")
    addresses = _addresses(server)
    assert ("POST", "/_dash-update-component") in addresses
    for method, path in addresses:
        answer = browser.client.open(path, method=method, headers={"X-CSRFToken": browser.cookie("_csrf_token") or ""})
        refused = answer.status_code == 401 or (answer.status_code == 302 and answer.location.startswith("/login"))
        assert refused, (method, path, answer.status)


def test_every_open_endpoint_exists(server: Flask) -> None:
    assert {rule.endpoint for rule in server.url_map.iter_rules()} >= OPEN_ENDPOINTS


@pytest.mark.parametrize("path", OPEN_PATHS)
def test_open_routes_ask_nobody(browser: Browser, api: FakeApi, path: str) -> None:
    api.is_down = True
    assert browser.get(path).status_code == 200
    assert api.asked == []


@pytest.mark.parametrize(
    ("path", "login"),
    [
        ("/dashboard/guardrails?days=14", "/login?next=/dashboard/guardrails?days%3D14"),
        ("/nowhere", "/login?next=/nowhere"),
        ("/", "/login"),
    ],
)
def test_a_page_leads_to_the_login_and_back(browser: Browser, path: str, login: str) -> None:
    assert browser.get(path).location == login


def test_a_callback_gets_problem_details(browser: Browser) -> None:
    browser.get("/login")
    answer = browser.call({})
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.json is not None
    assert answer.json["code"] == "session_required"


def test_a_session_that_ended_is_no_session(browser: Browser, api: FakeApi) -> None:
    api.ended.add("admin")
    browser.resume("admin")
    assert browser.get("/dashboard/guardrails").status_code == 302


def test_who_is_signed_in_is_asked_once_and_kept_for_seconds(browser: Browser, api: FakeApi) -> None:
    browser.sign_in()
    for _ in range(5):
        browser.get("/dashboard/guardrails")
    assert api.count("/v1/session") == 1


@pytest.mark.parametrize("path", ["/", "/dashboard", "/dashboard/"])
def test_the_guardrails_are_the_home_page(browser: Browser, path: str) -> None:
    browser.sign_in()
    assert browser.get(path).location == "/dashboard/guardrails"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/dashboard/guardrails", 200), ("/dashboard/guardrails/", 200), ("/dashboard/nowhere", 404), ("/_nothing", 404)],
)
def test_an_unknown_page_says_so_in_its_status(browser: Browser, path: str, status: int) -> None:
    browser.sign_in()
    assert browser.get(path).status_code == status


def test_without_the_api_a_page_says_so_in_words(browser: Browser, api: FakeApi) -> None:
    api.is_down = True
    browser.client.set_cookie("viral_session", "admin")
    answer = browser.get("/dashboard/guardrails")
    assert answer.status_code == 503
    assert "The metrics API is not responding" in answer.text


def test_a_bug_is_no_stack_trace(browser: Browser) -> None:
    # The fake API fails on what it does not know, as a bug does.
    answer = browser.get("/unsubscribe/anything")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("headers", "background"), [({}, True), ({"X-Person-Active": "1"}, False)])
def test_what_a_page_asks_for_by_itself_is_nobody_s_use_of_the_session(
    browser: Browser, api: FakeApi, headers: dict[str, str], background: bool
) -> None:
    browser.sign_in()
    browser.get("/dashboard/guardrails")
    assert not any(BACKGROUND_HEADER in request.headers for request in api.asked)
    asked = len(api.asked)
    browser.call({}, headers=headers)
    told = [BACKGROUND_HEADER in request.headers for request in api.asked[asked:]]
    # Who used the page just now is known for seconds.
    assert told == ([True] if background else [])
