"""A dashboard within the test's process, reading from a fake API, and a browser without JavaScript."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask, g
from werkzeug.test import TestResponse

from dashboard.app import create_app
from dashboard.cookies import CSRF_COOKIE, SESSION_COOKIE
from dashboard.security import CSRF_FIELD, CSRF_HEADER
from dashboard.session import Viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import CHANGED_COOKIE
from tests.unit.dashboard.fake_api import PASSWORD, FakeApi
from viral_contract.models.people import Role, SignedInPerson


class Browser:
    """Keeps cookies, and repeats the CSRF token as pages do."""

    def __init__(self, server: Flask) -> None:
        self.client = server.test_client()

    def get(self, path: str, **request: Any) -> TestResponse:
        """Open an address, without following redirects."""
        return self.client.get(path, **request)

    def cookie(self, name: str) -> str | None:
        """The value of a cookie."""
        cookie = self.client.get_cookie(name)
        return cookie.value if cookie else None

    def submit(self, path: str, **fields: str) -> TestResponse:
        """Send a form, with the token of its page."""
        self.get("/login")
        return self.client.post(path, data={CSRF_FIELD: self.cookie(CSRF_COOKIE), **fields})

    def sign_in(self, who: str = "admin", password: str = PASSWORD, path: str = "/login") -> TestResponse:
        """Sign in as somebody whose name is their role."""
        return self.submit(path, email=f"{who}@example.com", password=password)

    def call(self, callback: dict[str, Any], headers: dict[str, str] | None = None) -> TestResponse:
        """Send what the page's renderer sends for a callback."""
        token = {CSRF_HEADER: self.cookie(CSRF_COOKIE) or ""}
        return self.client.post("/_dash-update-component", json=callback, headers={**token, **(headers or {})})

    def note_change(self) -> None:
        """Have it see nothing that was drawn until now, as after a change."""
        self.client.set_cookie(CHANGED_COOKIE, str(time.time()))

    def resume(self, secret: str) -> None:
        """Take up a session, and open a page for its token."""
        self.client.set_cookie(SESSION_COOKIE, secret)
        self.get("/dashboard/guardrails")


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def settings() -> DashboardSettings:
    return DashboardSettings(dashboard_token="x" * 32)


@pytest.fixture
def server(api: FakeApi, settings: DashboardSettings) -> Flask:
    return create_app(settings, api.connect())


@pytest.fixture
def browser(server: Flask) -> Browser:
    return Browser(server)


@pytest.fixture
def view_as(server: Flask) -> Iterator[Callable[[Role], None]]:
    """Has somebody of this role look at a page for the rest of the test."""
    with ExitStack() as stack:

        def view(role: Role) -> None:
            stack.enter_context(server.test_request_context())
            g.viewer = Viewer(str(role), SignedInPerson(id=1, email=f"{role}@example.com", role=role, flags=[]))

        yield view
