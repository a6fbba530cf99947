"""What a refresh sends to an open page, through the real application."""

import json
from typing import Any

import httpx
import pytest
from flask import Flask

from dashboard.app import create_app
from dashboard.session import Viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import CHANGED_COOKIE
from tests.support.answers import build_components, build_fraud, build_health
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.open_page import Page
from viral_contract.client.metrics_api import SESSION_HEADER
from viral_contract.models.people import Role

HEALTH = "/v1/guardrails/health"
LOOKS = "/v1/audit-entries/looks"


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
    browser.note_change()
    changes = page.refresh()
    assert "fraud-body" in changes
    assert "bots-body" not in changes
    assert "health-score-body" not in changes


def test_all_of_a_role_share_one_answer(server: Flask, api: FakeApi) -> None:
    for asked, role in enumerate(Role, start=1):
        for number in (1, 2):
            Page(Browser(server), f"{role}{number}").refresh()
        assert api.count(HEALTH) == asked


def list_noted(api: FakeApi) -> list[tuple[str, dict[str, list[str]]]]:
    """Who had their looks at shared answers audited, and at which routes."""
    asked = [request for request in api.asked if request.url.path == LOOKS]
    return [(request.headers[SESSION_HEADER], json.loads(request.content)) for request in asked]


def test_who_sees_whole_identifiers_of_a_shared_answer_is_audited_once(server: Flask, api: FakeApi) -> None:
    for who in ("viewer1", "admin1", "admin2", "viewer2"):
        page = Page(Browser(server), who)
        for _ in range(3):
            page.refresh()
    # The API audited admin1 with the answer that both were shown, and hears of them once they are shown it again.
    assert list_noted(api) == [("admin1", {"routes": [HEALTH]}), ("admin2", {"routes": [HEALTH]})]


def test_a_look_is_audited_again_when_the_hour_is_over(browser: Browser, api: FakeApi) -> None:
    Page(browser, "admin1").refresh()
    api.noted_seconds = 0
    page = Page(browser, "admin2")
    page.refresh()
    page.refresh()
    assert [who for who, _ in list_noted(api)] == ["admin2", "admin2"]


def test_a_look_that_cannot_be_audited_is_not_had(browser: Browser, api: FakeApi) -> None:
    Page(browser, "admin1").refresh()
    api.answers["POST", LOOKS] = httpx.Response(503, json={"code": "store_down", "detail": "down"})
    changes = Page(browser, "admin2").refresh()
    assert "Data is temporarily unavailable" in str(changes["guardrails-notice"])
    assert "children" not in changes.get("fraud-body", {})


def test_no_mistake_in_a_key_shows_a_viewer_what_an_admin_sees(
    server: Flask, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Viewer, "sharing_key", "the same for all")
    Page(Browser(server), "admin1").refresh()
    for who in ("viewer1", "analyst1"):
        Page(Browser(server), who).refresh()
    asked = [request.headers[SESSION_HEADER] for request in api.asked if request.url.path == HEALTH]
    assert asked == ["admin1", "viewer1", "analyst1"]


def stop_trusting(browser: Browser, cidr: str) -> None:
    """Press the button that takes trust in a network back."""
    button = {"page": "guardrails", "action": "untrust", "row": cidr}
    dependencies: Any = browser.get("/_dash-dependencies").json
    callback = next(each for each in dependencies if "untrust" in str(each["inputs"]))
    call: dict[str, Any] = {
        "output": callback["output"],
        "outputs": {"id": "guardrails-trusted", "property": callback["output"].partition(".")[2]},
        "inputs": [[{"id": button, "property": "n_clicks", "value": 1}]],
        "changedPropIds": [f"{json.dumps(button, sort_keys=True, separators=(',', ':'))}.n_clicks"],
    }
    assert browser.call(call).status_code == 200


def test_who_sent_a_change_sees_its_effect_at_once_in_every_process(api: FakeApi, settings: DashboardSettings) -> None:
    first, second = (Browser(create_app(settings, api.connect())) for _ in range(2))
    page = Page(second, "admin1")
    page.refresh()
    first.resume("admin1")
    api.answers["DELETE", "/v1/trusted-networks/192.0.2.77/32"] = httpx.Response(204)
    stop_trusting(first, "192.0.2.77/32")
    second.client.set_cookie(CHANGED_COOKIE, first.cookie(CHANGED_COOKIE) or "")
    seen = api.count(HEALTH)
    page.refresh()
    assert api.count(HEALTH) == seen + 1
    page.refresh()
    assert api.count(HEALTH) == seen + 1


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
    browser.note_change()
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
