"""Links in pages begin with PUBLIC_DASHBOARD_URL, whatever the headers of a request say."""

import json
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask

from dashboard.app import create_app
from dashboard.public_address import HOW_TO_SET, find_public_address
from dashboard.settings import DashboardSettings
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from viral_contract.models.single_sign_on import SingleSignOnStarted

PUBLIC = "https://guardrails.example.com/viral"
EVIL = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
Serve = Callable[[str | None], Flask]


@pytest.fixture
def serve(api: FakeApi, settings: DashboardSettings) -> Serve:
    def serve(public: str | None) -> Flask:
        changes = {"oidc_issuer": "https://login.example.com"} | ({"public_dashboard_url": public} if public else {})
        return create_app(settings.model_copy(update=changes), api.connect())

    return serve


def test_headers_change_no_link(serve: Serve) -> None:
    with serve(f"{PUBLIC}/").test_request_context(headers=EVIL):
        assert find_public_address() == PUBLIC


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via"])
def test_without_the_setting_there_is_no_address_behind_a_proxy(serve: Serve, name: str) -> None:
    with serve(None).test_request_context(headers={name: "something"}, environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        assert find_public_address() is None


def test_without_the_setting_there_is_one_for_this_machine_alone(serve: Serve) -> None:
    server = serve(None)
    with server.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        assert find_public_address() == "http://127.0.0.1:8050"
    with server.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.7"}):
        assert find_public_address() is None


def test_single_sign_on_comes_back_to_the_public_address(serve: Serve, api: FakeApi) -> None:
    api.answers["POST", "/v1/single-sign-on"] = SingleSignOnStarted(
        authorization_url="https://login.example.com/authorize", flow="sealed"
    )
    Browser(serve(PUBLIC)).get("/login/single-sign-on", headers=EVIL)
    assert json.loads(api.asked[0].content) == {"redirect_uri": f"{PUBLIC}/login/callback"}
    page = Browser(serve(None)).get("/login/single-sign-on", headers=EVIL)
    assert (page.status_code, HOW_TO_SET in unescape(page.text), len(api.asked)) == (503, True, 1)
