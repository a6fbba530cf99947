"""The dashboard below a path of its host, behind a proxy that takes the path off and behind one that does not."""

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from pydantic import ValidationError

from dashboard.app import create_app
from dashboard.settings import DashboardSettings
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import PASSWORD, FakeApi

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/viral/guardrails"
CALLBACK = {
    "output": "..page.children...navigation.children...account.children...title.data..",
    "outputs": [
        {"id": name, "property": part}
        for name, part in (("page", "children"), ("navigation", "children"), ("account", "children"), ("title", "data"))
    ],
    "inputs": [{"id": "url", "property": "pathname", "value": f"{PREFIX}/dashboard/growth"}],
    "changedPropIds": ["url.pathname"],
}
_ADDRESS = re.compile(r'(?:href|src|action)="(/[^"]*)"')


@pytest.fixture(params=["stripped", "kept"])
def browser(request: pytest.FixtureRequest, api: FakeApi, settings: DashboardSettings) -> Browser:
    changes = {"dashboard_path_prefix": PREFIX, "public_dashboard_url": f"https://example.com{PREFIX}"}
    server = create_app(settings.model_copy(update=changes), api.connect())
    if request.param == "stripped":
        server.wsgi_app = strip(server.wsgi_app)  # type: ignore[assignment]
    return Browser(server)


def strip(app: "WSGIApplication") -> "WSGIApplication":
    """What a proxy does that passes on only what follows the prefix."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        assert environ["PATH_INFO"].startswith(f"{PREFIX}/")
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(PREFIX)
        return app(environ, start_response)

    return answer


def read_token(browser: Browser) -> str:
    browser.get(f"{PREFIX}/login")
    cookie = browser.client.get_cookie("_csrf_token", path=PREFIX)
    assert cookie
    return cookie.value


def sign_in(browser: Browser) -> None:
    form = {"csrf_token": read_token(browser), "email": "admin@example.com", "password": PASSWORD}
    answer = browser.client.post(f"{PREFIX}/login?next=/dashboard/growth", data=form)
    assert (answer.status_code, answer.location) == (303, f"{PREFIX}/dashboard/growth")
    paths = {cookie.partition("Path=")[2].partition(";")[0] for cookie in answer.headers.getlist("Set-Cookie")}
    assert paths == {PREFIX}


def test_redirects_stay_below_it(browser: Browser) -> None:
    assert browser.get(f"{PREFIX}/").location == f"{PREFIX}/login"
    wanted = browser.get(f"{PREFIX}/dashboard/growth?days=7").location
    assert unquote(wanted or "") == f"{PREFIX}/login?next=/dashboard/growth?days=7"


def test_every_address_of_a_plain_page_is_below_it_and_answers(browser: Browser) -> None:
    for path in ("/login", "/set-password?key=k", "/unsubscribe/none"):
        addresses = _ADDRESS.findall(browser.get(f"{PREFIX}{path}").text)
        assert addresses
        for address in addresses:
            assert address.startswith(f"{PREFIX}/")
            assert browser.get(address).status_code in (200, 302)


def test_probes_answer_without_it(api: FakeApi, settings: DashboardSettings) -> None:
    server = create_app(settings.model_copy(update={"dashboard_path_prefix": PREFIX}), api.connect())
    assert Browser(server).get("/healthz").status_code == 200


@pytest.mark.parametrize("prefix", ["viral", "/viral/", "/", "//viral", "/a b", "/dashboard", "/assets/x", "/a?b"])
def test_other_prefixes_are_refused(prefix: str) -> None:
    with pytest.raises(ValidationError, match="DASHBOARD_PATH_PREFIX"):
        DashboardSettings(dashboard_token="x" * 32, dashboard_path_prefix=prefix)


def test_signing_in_leads_to_pages_whose_links_are_below_it(browser: Browser) -> None:
    sign_in(browser)
    document = browser.get(f"{PREFIX}/dashboard/growth")
    assert document.status_code == 200
    assert all(address.startswith(f"{PREFIX}/") for address in _ADDRESS.findall(document.text))
    token = browser.client.get_cookie("_csrf_token", path=PREFIX)
    assert token
    headers = {"X-CSRFToken": token.value}
    answer = browser.client.post(f"{PREFIX}/_dash-update-component", json=CALLBACK, headers=headers)
    drawn = json.dumps(answer.get_json())
    assert "Growth" in drawn
    links = re.findall(r'"(?:href|action)": "(/[^"]*)"', drawn)
    assert links
    assert all(link.startswith(f"{PREFIX}/") for link in links)
