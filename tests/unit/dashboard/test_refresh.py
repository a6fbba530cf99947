"""What a refresh sends to an open page, through the real application."""

import pytest
from flask import Flask

from tests.support.answers import build_components, build_fraud, build_health
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.open_page import Page

HEALTH = "/v1/guardrails/health"


@pytest.fixture
def page(browser: Browser) -> Page:
    return Page(browser, "viewer1")


def test_the_first_refresh_brings_every_card(page: Page) -> None:
    changes = page.refresh()
    assert {"health-score-body", "deductions-body", "fraud-body", "bots-body"} <= changes.keys()
    assert changes["guardrails-refresh-problem"] == {
        "children": "Could not refresh. Showing data from 10:28:15 UTC. Trying again in 30 s",
        "hidden": True,
    }


def test_cards_that_did_not_change_are_left_alone(browser: Browser, api: FakeApi) -> None:
    page = Page(browser, "admin1")
    page.refresh()
    api.health = build_health(components=build_components(fraud=build_fraud(rows=2)))
    browser.resume("admin2")
    changes = page.refresh()
    assert "fraud-body" in changes
    assert "bots-body" not in changes
    assert "health-score-body" not in changes


def test_all_who_see_masked_identifiers_and_may_do_the_same_share_one_answer(server: Flask, api: FakeApi) -> None:
    for who in ("viewer1", "viewer2"):
        Page(Browser(server), who).refresh()
    assert api.count(HEALTH) == 1
    for who in ("analyst1", "analyst2"):
        Page(Browser(server), who).refresh()
    assert api.count(HEALTH) == 2


def test_who_sees_whole_identifiers_is_audited_by_name(server: Flask, api: FakeApi) -> None:
    for who in ("viewer1", "admin1", "admin2"):
        for _ in range(2):
            Page(Browser(server), who).refresh()
    sessions = [request.headers["X-Session"] for request in api.asked if request.url.path == HEALTH]
    assert sessions == ["viewer1", "admin1", "admin2"]


def test_periods_are_not_mixed_up(page: Page, api: FakeApi) -> None:
    for search in ("", "?days=7", "?days=14", "?start=2015-05-17&end=2015-05-20"):
        page.refresh(search)
    asked = [dict(request.url.params) for request in api.asked if request.url.path == HEALTH]
    assert [params.pop("compare") for params in asked] == ["previous"] * 3
    assert asked == [{"days": "7"}, {"days": "14"}, {"start": "2015-05-17", "end": "2015-05-20"}]


def test_a_failed_refresh_keeps_the_data_and_says_from_when_it_is(browser: Browser, api: FakeApi) -> None:
    page = Page(browser, "admin1")
    page.refresh()
    api.is_down = True
    browser.client.set_cookie("viral_session", "admin2")
    assert page.refresh() == {"guardrails-refresh-problem": {"hidden": False}}


def test_data_of_another_period_is_not_left_standing(browser: Browser, api: FakeApi) -> None:
    page = Page(browser, "viewer1")
    page.refresh("?days=7")
    api.is_down = True
    changes = page.refresh("?days=14")
    assert changes["guardrails-cards"] == {"hidden": True}
    assert "Data is temporarily unavailable" in str(changes["guardrails-notice"])
    assert "/dashboard/guardrails?days=14" in str(changes["guardrails-notice"])
    assert changes["guardrails-shown"] == {"data": None}


def test_the_page_recovers_by_itself(browser: Browser, api: FakeApi) -> None:
    page = Page(browser, "viewer1")
    api.is_down = True
    page.refresh()
    api.is_down = False
    changes = page.refresh()
    assert changes["guardrails-cards"] == {"hidden": False}
    assert changes["guardrails-notice"] == {"children": []}
    assert "health-score-body" in changes


def test_a_period_that_does_not_exist_is_explained_on_the_page(page: Page, api: FakeApi) -> None:
    changes = page.refresh("?days=999")
    assert "days must be at most 366" in str(changes["guardrails-notice"])
    assert api.count(HEALTH) == 0


def test_an_answer_of_another_version_is_no_crash(page: Page, api: FakeApi) -> None:
    api.health = api.health.model_copy(update={"components": None})
    assert "Data is temporarily unavailable" in str(page.refresh()["guardrails-notice"])
