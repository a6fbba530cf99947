"""The pages that list all flagged traffic, through the real application."""

from typing import Any

import pytest

from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi

FRAUD = "/v1/guardrails/fraud"


def fill(browser: Browser, slug: str, search: str) -> str:
    """What the callback of a list draws."""
    browser.resume("viewer1")
    callback: dict[str, Any] = {
        "output": f"{slug}.children",
        "outputs": {"id": slug, "property": "children"},
        "inputs": [{"id": "url", "property": "search", "value": search}],
        "changedPropIds": ["url.search"],
    }
    answer = browser.call(callback)
    assert answer.status_code == 200, answer.text
    return str(answer.json)


def test_a_list_asks_for_the_period_and_the_rows_of_its_address(browser: Browser, api: FakeApi) -> None:
    fill(browser, "flagged-ips", "?days=14&cursor=page-2")
    [asked] = [dict(request.url.params) for request in api.asked if request.url.path == FRAUD]
    assert asked == {"days": "14", "limit": "50", "cursor": "page-2"}


def test_a_list_leads_to_the_next_rows_of_the_same_period(browser: Browser) -> None:
    drawn = fill(browser, "flagged-ips", "?days=14")
    assert "203.0.113.1" in drawn
    assert "/dashboard/guardrails/fraud?days=14&cursor=page-2" in drawn
    assert "/dashboard/guardrails?days=14" in drawn


def test_the_last_rows_lead_nowhere(browser: Browser) -> None:
    drawn = fill(browser, "flagged-devices", "?days=14")
    assert "cursor" not in drawn
    assert "No flagged traffic in this period" in drawn


def test_viewers_share_a_page_of_rows_but_not_another_one(browser: Browser, api: FakeApi) -> None:
    for search in ("?days=14", "?days=14", "?days=14&cursor=a", "?days=7"):
        fill(browser, "flagged-ips", search)
    assert api.count(FRAUD) == 3


@pytest.mark.parametrize("slug", ["flagged-ips", "flagged-devices"])
def test_a_list_without_the_api_says_so(browser: Browser, api: FakeApi, slug: str) -> None:
    api.is_down = True
    assert "The figures are not available right now" in fill(browser, slug, "?days=7")


@pytest.mark.parametrize("slug", ["flagged-ips", "flagged-devices"])
def test_a_period_that_does_not_exist_is_explained(browser: Browser, slug: str) -> None:
    assert "This period does not exist" in fill(browser, slug, "?days=0")
