"""Setting and changing passwords, single sign-on, and what the browser is given behind TLS."""

import json
from collections.abc import Callable

import httpx
import pytest

from dashboard.app import create_app
from dashboard.settings import DashboardSettings
from tests.support.answers import NOW
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from viral_contract.client.connection import CLIENT_ADDRESS_HEADER
from viral_contract.models.people import Person, Role, SessionCreated
from viral_contract.models.single_sign_on import SingleSignOnStarted
from viral_runtime.settings.groups import ProxySettings

NEW = "another horse battery"
CHANGE = ("PUT", "/v1/session/password")
FORM = {"current": "correct horse", "new": NEW, "repeated": NEW}
CREATED = SessionCreated(
    secret="viewer", expires_at=NOW.replace(year=2999), person=Person(id=1, email="v@example.com", role=Role.VIEWER)
)


def refuse(status: int, code: str, detail: str) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "title": code, "code": code, "detail": detail})


def test_a_changed_password_leads_to_the_login(browser: Browser, api: FakeApi) -> None:
    browser.sign_in()
    api.answers[CHANGE] = httpx.Response(204)
    answer = browser.submit("/password", **FORM)
    assert (answer.status_code, answer.location) == (303, "/login?changed=1")
    assert json.loads(api.asked[-1].content) == {"current_password": "correct horse", "new_password": NEW}
    assert browser.cookie("viral_session") is None
    assert "Your password was changed" in browser.get("/login?changed=1").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"repeated": "something else"}, "t match."), ({"new": "short", "repeated": "short"}, "at least 12")],
)
def test_a_password_that_will_not_do_is_not_sent(
    browser: Browser, api: FakeApi, changes: dict[str, str], said: str
) -> None:
    browser.sign_in()
    answer = browser.submit("/password", **{**FORM, **changes})
    assert answer.status_code == 422
    assert said in answer.text
    assert api.count("/v1/session/password") == 0


@pytest.mark.parametrize(("status", "code"), [(403, "wrong_password"), (429, "too_many_requests")])
def test_why_it_was_not_changed_is_told_in_words(browser: Browser, api: FakeApi, status: int, code: str) -> None:
    browser.sign_in()
    api.answers[CHANGE] = refuse(status, code, "Said in words.")
    answer = browser.submit("/password", **FORM)
    assert answer.status_code == status
    assert "Said in words." in answer.text


def test_the_own_form_needs_a_session_and_that_of_a_link_does_not(browser: Browser) -> None:
    assert browser.get("/password").location.startswith("/login")
    assert browser.get("/set-password?key=k").status_code == 200


def test_a_link_sets_a_password(browser: Browser, api: FakeApi) -> None:
    api.answers["PUT", "/v1/passwords"] = httpx.Response(204)
    assert browser.submit("/set-password?key=the-key", new=NEW, repeated=NEW).location == "/login?changed=1"
    assert json.loads(api.asked[-1].content) == {"secret": "the-key", "password": NEW}


def test_a_used_link_says_so(browser: Browser, api: FakeApi) -> None:
    api.answers["PUT", "/v1/passwords"] = refuse(404, "unknown_link", "Ask an admin for a new one.")
    answer = browser.submit("/set-password?key=the-key", new=NEW, repeated=NEW)
    assert answer.status_code == 404
    assert "This link no longer works" in answer.text


@pytest.fixture
def with_sign_on(api: FakeApi, settings: DashboardSettings) -> Browser:
    api.answers["POST", "/v1/single-sign-on"] = SingleSignOnStarted(
        authorization_url="https://login.example.com/authorize?x=1", flow="sealed"
    )
    api.answers["POST", "/v1/single-sign-on/sessions"] = CREATED
    offered = settings.model_copy(update={"oidc_issuer": "https://login.example.com"})
    return Browser(create_app(offered, api.connect()))


def test_single_sign_on_is_offered_only_where_it_is_set_up(browser: Browser, with_sign_on: Browser) -> None:
    assert "single sign-on" not in browser.get("/login").text
    assert "/login/single-sign-on?next=/dashboard/growth" in with_sign_on.get("/login?next=/dashboard/growth").text


def test_the_browser_goes_to_the_provider_and_comes_back_signed_in(with_sign_on: Browser, api: FakeApi) -> None:
    left = with_sign_on.get("/login/single-sign-on?next=/dashboard/growth")
    assert left.location == "https://login.example.com/authorize?x=1"
    assert json.loads(api.asked[0].content) == {"redirect_uri": "http://127.0.0.1:8050/login/callback"}
    assert "HttpOnly" in left.headers["Set-Cookie"]
    back = with_sign_on.get("/login/callback?state=s&code=c")
    assert (back.status_code, back.location) == (303, "/dashboard/growth")
    assert json.loads(api.asked[-1].content) == {"flow": "sealed", "state": "s", "code": "c"}
    assert {request.headers[CLIENT_ADDRESS_HEADER] for request in api.asked} == {"127.0.0.1"}
    assert with_sign_on.cookie("viral_session") == "viewer"
    assert with_sign_on.cookie("viral_sign_on") is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=s&code=c", "not started in this browser"),
        ("error=access_denied&state=s", "refused or canceled"),
        ("", "not started in this browser"),
    ],
)
def test_coming_back_without_having_left_is_refused_with_a_way_on(
    with_sign_on: Browser, api: FakeApi, query: str, said: str
) -> None:
    answer = with_sign_on.get(f"/login/callback?{query}")
    assert answer.status_code == 403
    assert said in answer.text
    assert 'href="/login"' in answer.text
    assert api.asked == []


def test_after_single_sign_on_nobody_is_led_away_from_this_site(with_sign_on: Browser) -> None:
    with_sign_on.get("/login/single-sign-on?next=https://evil.example")
    assert with_sign_on.get("/login/callback?state=s&code=c").location == "/dashboard/guardrails"


def test_a_provider_that_is_away_is_told_in_words(with_sign_on: Browser, api: FakeApi) -> None:
    api.answers["POST", "/v1/single-sign-on"] = refuse(503, "provider_unavailable", "x")
    assert "is not responding" in with_sign_on.get("/login/single-sign-on").text


@pytest.fixture
def behind_tls(api: FakeApi, settings: DashboardSettings) -> Callable[..., Browser]:
    secure = settings.model_copy(update={"dashboard_cookie_secure": True})
    return lambda proxies="": Browser(create_app(secure, api.connect(), ProxySettings(trusted_proxies=proxies)))


def test_behind_tls_every_cookie_is_kept_to_this_host(behind_tls: Callable[..., Browser]) -> None:
    browser = behind_tls()
    page = browser.get("/login", base_url="https://localhost")
    token = browser.client.get_cookie("__Host-_csrf_token")
    assert token is not None
    form = {"email": "admin@example.com", "password": "correct horse", "csrf_token": token.value}
    signed_in = browser.client.post("/login", data=form, base_url="https://localhost")
    for cookie in [*page.headers.getlist("Set-Cookie"), *signed_in.headers.getlist("Set-Cookie")]:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
    assert "__Host-viral_session" in signed_in.headers["Set-Cookie"]


@pytest.mark.parametrize(("origin", "status"), [("https://localhost", 303), ("http://localhost", 403)])
def test_behind_tls_an_origin_without_it_is_another_site(
    behind_tls: Callable[..., Browser], origin: str, status: int
) -> None:
    browser = behind_tls()
    browser.get("/login", base_url="https://localhost")
    token = browser.client.get_cookie("__Host-_csrf_token")
    assert token is not None
    form = {"email": "admin@example.com", "password": "correct horse", "csrf_token": token.value}
    answer = browser.client.post("/login", data=form, base_url="https://localhost", headers={"Origin": origin})
    assert answer.status_code == status


@pytest.mark.parametrize(("proxies", "address"), [("", "127.0.0.1"), ("127.0.0.0/8", "192.0.2.1")])
def test_the_api_learns_where_the_browser_is(
    api: FakeApi, settings: DashboardSettings, proxies: str, address: str
) -> None:
    browser = Browser(create_app(settings, api.connect(), ProxySettings(trusted_proxies=proxies)))
    browser.get("/login")
    form = {"email": "admin@example.com", "password": "correct horse", "csrf_token": browser.cookie("_csrf_token")}
    browser.client.post("/login", data=form, headers={"X-Forwarded-For": "198.51.100.1, 192.0.2.1"})
    assert api.asked[-1].headers[CLIENT_ADDRESS_HEADER] == address
