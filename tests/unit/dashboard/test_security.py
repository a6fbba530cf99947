"""Headers on every answer, and the token on every change."""

import re

import pytest

from dashboard.cookies import CSRF_COOKIE
from dashboard.security import CSRF_HEADER
from tests.unit.dashboard.conftest import Browser


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/assets/first.js", "/healthz"])
def test_every_answer_is_protected(browser: Browser, path: str) -> None:
    headers = browser.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_nothing_inline_runs_without_hash_or_nonce(browser: Browser) -> None:
    browser.sign_in()
    page = browser.get("/dashboard/guardrails")
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http:" not in policy
    nonce = re.search(r"style-src 'self' 'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert f'nonce="{nonce[1]}"' in page.text


def test_no_nonce_is_used_twice(browser: Browser) -> None:
    policies = {browser.get("/login").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


@pytest.mark.parametrize("path", ["/login", "/dashboard/guardrails"])
def test_pages_and_data_are_never_stored(browser: Browser, path: str) -> None:
    browser.sign_in()
    assert browser.get(path).headers["Cache-Control"] == "no-store"


def test_a_page_loads_nothing_from_elsewhere(browser: Browser) -> None:
    browser.sign_in()
    page = browser.get("/dashboard/guardrails").text
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', page) == []


@pytest.mark.parametrize(
    ("token", "origin", "status"),
    [
        ("right", None, 400),
        ("right", "http://localhost", 400),
        ("right", "https://evil.example", 403),
        ("right", "null", 403),
        ("wrong", "http://localhost", 403),
        ("", None, 403),
    ],
)
def test_a_change_needs_token_and_origin_of_our_own(
    browser: Browser, token: str, origin: str | None, status: int
) -> None:
    browser.sign_in()
    given = {CSRF_HEADER: browser.cookie(CSRF_COOKIE) or "" if token == "right" else token}
    answer = browser.call({}, given | ({"Origin": origin} if origin else {}))
    assert answer.status_code == status


def test_a_token_alone_proves_nothing_without_its_cookie(browser: Browser) -> None:
    browser.sign_in()
    browser.client.delete_cookie(CSRF_COOKIE)
    assert browser.call({}, {CSRF_HEADER: "anything"}).status_code == 403
    assert browser.call({}, {CSRF_HEADER: ""}).status_code == 403


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_forged_form_is_refused_on_a_page(browser: Browser, path: str) -> None:
    browser.sign_in()
    answer = browser.client.post(path, data={"csrf_token": "guess"})
    assert answer.status_code == 403
    assert "out of date" in answer.text


def test_large_bodies_are_refused(browser: Browser) -> None:
    browser.sign_in()
    assert browser.call({"inputs": "x" * 2_000_000}).status_code == 413
