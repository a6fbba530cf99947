"""The link in an email: opening it changes nothing, the button or the mail program ends the subscriptions."""

import httpx
import pytest

from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from viral_contract.client.connection import CLIENT_ADDRESS_HEADER
from viral_contract.models.subscriptions import Unsubscription

TOKEN = "a-sealed-address"
LINK = f"/unsubscribe/{TOKEN}"
ASK, DO = ("GET", f"/v1/unsubscriptions/{TOKEN}"), ("POST", "/v1/unsubscriptions")
BOTH = Unsubscription(email="a…@example.com", report_types=["monthly", "weekly"])
NONE = Unsubscription(email="a…@example.com", report_types=[])
REFUSED = httpx.Response(422, json={"status": 422, "title": "", "code": "invalid", "detail": "/token is no link"})


def test_opening_the_link_says_what_it_would_end_and_ends_nothing(browser: Browser, api: FakeApi) -> None:
    api.answers[ASK] = BOTH
    page = browser.get(LINK)
    assert page.status_code == 200
    assert "a…@example.com gets the weekly and monthly reports" in page.text
    assert 'method="post"' in page.text
    assert [(request.method, request.url.path) for request in api.asked] == [ASK]
    assert api.asked[0].headers[CLIENT_ADDRESS_HEADER] == "127.0.0.1"


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "One-Click"}])
def test_posting_ends_it_without_a_page_or_a_token_of_ours(
    browser: Browser, api: FakeApi, body: dict[str, str]
) -> None:
    api.answers[DO] = BOTH
    page = browser.client.post(LINK, data=body, headers={"Origin": "https://mail.example.com"})
    assert page.status_code == 200
    assert "a…@example.com will no longer get the weekly and monthly reports." in page.text
    assert api.asked[0].content == b'{"token":"%s"}' % TOKEN.encode()
    assert api.asked[0].headers[CLIENT_ADDRESS_HEADER] == "127.0.0.1"


def test_a_link_that_was_used_says_that_nothing_is_left(browser: Browser, api: FakeApi) -> None:
    api.answers[ASK] = api.answers[DO] = NONE
    assert "Nothing to unsubscribe from" in browser.get(LINK).text
    assert "subscribed to any reports" in browser.client.post(LINK).text


def test_a_bad_link_says_so(browser: Browser, api: FakeApi) -> None:
    api.answers[ASK] = httpx.Response(404, json={"status": 404, "title": "", "code": "not_found", "detail": "No."})
    api.answers[DO] = REFUSED
    for page in (browser.get(LINK), browser.client.post(LINK)):
        assert (page.status_code, "Invalid unsubscribe link" in page.text) == (404, True)


def test_without_the_api_nothing_is_claimed(browser: Browser, api: FakeApi) -> None:
    api.is_down = True
    for page in (browser.get(LINK), browser.client.post(LINK)):
        assert page.status_code == 503
        assert "unsubscribed" not in page.text


def test_every_other_change_still_needs_a_token(browser: Browser) -> None:
    browser.sign_in()
    assert browser.client.post("/logout").status_code == 403
    assert browser.client.post("/login", data={"email": "a@example.com"}).status_code == 403
    assert browser.client.post("/_dash-update-component", json={}).status_code == 403
