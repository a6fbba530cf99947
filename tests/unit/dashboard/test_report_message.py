"""One message by which a report was mailed, as its page shows it."""

import json
from typing import Any

import httpx
import pytest

from tests.support.answers import build_delivery
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from viral_contract.models.deliveries import Content, RenderedDelivery

PATH = "/dashboard/reports/1/messages/12"
DELIVERY = "/v1/reports/1/deliveries/12"
HOSTILE = Content(subject="<b>Weekly</b>", html="<script>alert(1)</script>", text="K is 1.5 <img src=x>")


def build_rendered(content: Content | None, **fields: Any) -> RenderedDelivery:
    """A placeholder to Ana."""
    delivery = build_delivery(12, **{"status": "placeholder", "has_content": content is not None} | fields)
    return RenderedDelivery(**delivery.model_dump(), content=content)


def show(browser: Browser, path: str = PATH) -> str:
    browser.resume("analyst1")
    return json.dumps(call(browser, "message-view.children", {"url.pathname": path})["message-view"]["children"])


def test_the_message_is_shown_as_text_and_its_html_not_at_all(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", DELIVERY] = build_rendered(HOSTILE)
    shown = show(browser)
    assert "To ana12@example.com" in shown
    assert "Recorded, never sent" in shown
    assert '"children": "K is 1.5 <img src=x>"' in shown
    assert '"type": "Pre"' in shown
    assert "alert(1)" not in shown
    assert "/dashboard/reports/1" in shown


@pytest.mark.parametrize(("status", "words"), [("queued", "waiting for a worker"), ("placeholder", "has been deleted")])
def test_a_message_without_text_says_why(browser: Browser, api: FakeApi, status: str, words: str) -> None:
    api.answers["GET", DELIVERY] = build_rendered(None, status=status)
    assert words in show(browser)


@pytest.mark.parametrize("status", [403, 404])
def test_what_may_not_be_seen_is_not_there(browser: Browser, api: FakeApi, status: int) -> None:
    api.answers["GET", DELIVERY] = httpx.Response(status, json={"code": "no", "detail": "no"})
    assert "Message not found" in show(browser)


@pytest.mark.parametrize("path", ["/dashboard/reports/1/messages/x", "/dashboard/reports/1"])
def test_an_address_that_names_no_message_asks_nothing(browser: Browser, api: FakeApi, path: str) -> None:
    assert "Message not found" in show(browser, path)
    assert api.count(DELIVERY) == 0


def test_while_the_api_is_down_the_page_offers_to_try_again(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", DELIVERY] = httpx.Response(503, json={"code": "store_down", "detail": "down"})
    assert f'"href": "{PATH}"' in show(browser)
