"""HEAD answers as GET on every route of the dashboard, and changes nothing."""

import pytest
from flask import Flask

from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import PASSWORD, FakeApi

VALUES = {"token": "a-sealed-address", "package_name": "dash", "fingerprinted_path": "nothing.js", "path": "nowhere"}
# What it brings is good only once, so a look at its head must not use it up.
ONLY_ONCE = {"single_sign_on_return"}


def list_paths(server: Flask) -> list[str]:
    adapter = server.url_map.bind("localhost")
    rules = [rule for rule in server.url_map.iter_rules() if "GET" in (rule.methods or ()) - {"HEAD"}]
    pages = ["/dashboard/growth", "/dashboard/people", "/login?next=/dashboard/growth", "/set-password?key=k"]
    built = [
        adapter.build(rule.endpoint, {name: VALUES.get(name, 1) for name in rule.arguments})
        for rule in rules
        if rule.endpoint not in ONLY_ONCE
    ]
    return [*pages, *built]


@pytest.mark.parametrize("signed_in", [False, True])
def test_head_answers_as_get_on_every_route(server: Flask, browser: Browser, signed_in: bool) -> None:
    if signed_in:
        browser.sign_in()
    paths = list_paths(server)
    assert len(paths) > 10
    for path in paths:
        got, head = browser.get(path), browser.client.head(path)
        assert (head.status_code, head.location, head.mimetype) == (got.status_code, got.location, got.mimetype), path
        assert head.data == b"", path


def test_head_with_the_form_of_the_sign_in_signs_nobody_in(browser: Browser, api: FakeApi) -> None:
    answer = browser.client.head("/login", data={"email": "admin@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    assert browser.cookie("viral_session") is None
    assert [request.url.path for request in api.asked if request.method != "GET"] == []


@pytest.mark.parametrize("path", ["/set-password?key=k", "/password", "/unsubscribe/a-sealed-address", "/logout"])
def test_head_with_a_body_changes_nothing(browser: Browser, api: FakeApi, path: str) -> None:
    browser.sign_in()
    api.asked.clear()
    new = "a new password of mine"
    browser.client.head(path, data={"new": new, "repeated": new, "current": PASSWORD})
    assert [request.url.path for request in api.asked if request.method != "GET"] == []
    assert browser.cookie("viral_session") == "admin"


def test_head_uses_up_no_sign_on(browser: Browser, api: FakeApi) -> None:
    browser.client.set_cookie("viral_sign_on", "flow /dashboard/growth")
    answer = browser.client.head("/login/callback?state=s&code=c")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert api.asked == []
    assert browser.cookie("viral_sign_on") is not None
