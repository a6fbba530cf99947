"""Signing in and out."""

import json

import pytest

from dashboard.app import create_app
from dashboard.cookies import CSRF_COOKIE, SESSION_COOKIE
from dashboard.settings import DashboardSettings
from dashboard.sign_in.login import HOME, local_path
from tests.support.answers import NOW
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from viral_contract.models.people import Person, Role, SessionCreated


def test_signing_in_leads_to_the_page_that_was_wanted(browser: Browser) -> None:
    answer = browser.sign_in(path="/login?next=/dashboard/guardrails%3Fdays=14")
    assert (answer.status_code, answer.location) == (303, "/dashboard/guardrails?days=14")
    assert browser.get("/dashboard/guardrails").status_code == 200


def test_the_session_is_out_of_reach_for_scripts_and_other_sites(browser: Browser) -> None:
    cookie = _cookie(browser, SESSION_COOKIE)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires=" in cookie
    assert "Secure" not in cookie


def test_behind_tls_cookies_and_browsers_stay_there(api: FakeApi, settings: DashboardSettings) -> None:
    secure = settings.model_copy(update={"dashboard_cookie_secure": True})
    browser = Browser(create_app(secure, api.connect()))
    answer = browser.get("/login", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_wrong_password_is_refused_without_saying_which_part_was_wrong(browser: Browser) -> None:
    answer = browser.sign_in(password="guess")
    assert answer.status_code == 401
    assert "Incorrect email or password." in answer.text
    assert browser.cookie(SESSION_COOKIE) is None


def test_what_was_typed_comes_back_harmless(browser: Browser) -> None:
    answer = browser.submit("/login", email='"><script>alert(1)</script>', password="guess")
    assert "<script>alert" not in answer.text


def test_without_the_api_the_form_says_so(browser: Browser, api: FakeApi) -> None:
    api.is_down = True
    answer = browser.sign_in()
    assert answer.status_code == 503
    assert "sign in right now" in answer.text


def test_a_browser_that_has_signed_in_before_says_so_next_time(browser: Browser, api: FakeApi) -> None:
    person = Person(id=7, email="viewer@example.com", role=Role.VIEWER)
    created = SessionCreated(secret="viewer", expires_at=NOW.replace(year=2999), person=person, device="sealed")
    api.answers["POST", "/v1/sessions"] = created
    browser.sign_in()
    browser.submit("/logout")
    browser.sign_in()
    asked = [json.loads(each.content).get("device") for each in api.asked if each.url.path == "/v1/sessions"]
    assert asked == [None, "sealed"]
    assert browser.cookie(SESSION_COOKIE) == "viewer"


def test_signing_in_changes_the_token_of_forms(browser: Browser) -> None:
    browser.get("/login")
    before = browser.cookie(CSRF_COOKIE)
    browser.sign_in()
    assert browser.cookie(CSRF_COOKIE) not in (before, None)


def test_who_is_signed_in_is_not_asked_again(browser: Browser) -> None:
    browser.sign_in()
    assert browser.get("/login?next=/dashboard/guardrails/bots").location == "/dashboard/guardrails/bots"


def test_signing_out_ends_the_session_at_once_and_at_the_api(browser: Browser, api: FakeApi) -> None:
    browser.sign_in()
    answer = browser.submit("/logout")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert browser.cookie(SESSION_COOKIE) is None
    assert api.ended == {"admin"}
    browser.client.set_cookie(SESSION_COOKIE, "admin")
    assert browser.get("/dashboard/guardrails").status_code == 302


def test_signing_out_works_while_the_api_is_down(browser: Browser, api: FakeApi) -> None:
    browser.sign_in()
    browser.get("/dashboard/guardrails")
    api.is_down = True
    assert browser.submit("/logout").status_code == 303
    assert browser.cookie(SESSION_COOKIE) is None


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "dashboard",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "/a\\b",
        "/\u2028",
    ],
)
def test_no_address_leads_away_from_this_site(target: str | None) -> None:
    assert local_path(target) == HOME


@pytest.mark.parametrize(
    "target", ["/", "/dashboard/guardrails", "/dashboard/guardrails?start=2015-05-17&end=2015-05-20"]
)
def test_paths_of_this_site_are_kept(target: str) -> None:
    assert local_path(target) == target


def _cookie(browser: Browser, name: str) -> str:
    answer = browser.sign_in()
    return next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith(f"{name}="))
