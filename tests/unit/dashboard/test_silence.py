"""What each page says when the metrics API does not answer, not even whose session it is."""

import json
import re

import pytest

from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi


@pytest.mark.parametrize(
    ("output", "search"),
    [
        ("audit-rows.children", ""),
        ("alert-view.children", "?id=7"),
        ("investigation-view.children", "?kind=ip_address&id=198.51.100.23"),
        ("flagged-networks-rows.children", ""),
        ("flags-notice.children", ""),
        ("notifications-notice.children", ""),
        ("operations-notice.children", ""),
        ("people-notice.children", ""),
        ("privacy-notice.children", ""),
        ("reports-list.children", ""),
        ("subscriptions-notice.children", ""),
        ("lists-notice.children", ""),
        ("violations-rows.children", ""),
        ("what-if-result.children", ""),
    ],
)
def test_a_page_says_that_nothing_answers_and_offers_to_try_again(
    browser: Browser, api: FakeApi, output: str, search: str
) -> None:
    browser.resume("admin1")

    def fall_silent() -> None:
        api.is_down = True
        browser.client.set_cookie("viral_session", "admin2")

    drawn = json.dumps(call(browser, output, {"url.search": search}, fall_silent))
    assert "Data is temporarily unavailable" in drawn or re.search(
        "Could not load (networks|violations|entries)", drawn
    )
    assert "Try again" in drawn
