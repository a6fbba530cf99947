"""The growth page and its list of referrers, through the real application."""

from datetime import date
from typing import Any

import httpx
import pytest
from flask import Flask

from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.growth_answers import build_growth, build_k_factor, build_referrers
from viral_contract.models.period import Period

K_FACTOR = "/v1/growth/k-factor"
CARDS = ["honest-k", "cohort-k", "k-change", "spread", "loops", "referrers", "funnel", "cohorts", "cycle-time"]


@pytest.fixture(autouse=True)
def growth(api: FakeApi) -> None:
    api.answers.update({("GET", f"/v1/growth/{name}"): answer for name, answer in build_growth().items()})


def refresh(browser: Browser, who: str = "viewer1", search: str = "?days=14", shown: Any = None) -> dict[str, Any]:
    browser.resume(who)
    return call(browser, "growth-summary.children", {"url.search": search, "growth-shown.data": shown})


def test_a_refresh_brings_every_card_of_the_period(browser: Browser, api: FakeApi) -> None:
    changes = refresh(browser)
    assert {f"{card}-body" for card in CARDS} <= changes.keys()
    assert "25–31 Mar 2026 · compared with 18–24 Mar 2026" in str(changes["growth-summary"])
    asked = {request.url.path: dict(request.url.params) for request in api.asked if "/growth/" in request.url.path}
    assert asked.pop("/v1/growth/cohorts") == {}
    assert asked.pop("/v1/growth/cohort-k") == {}
    assert asked.pop("/v1/growth/series")["metric"] == "clicks"
    ranked = {"days": "14", "limit": "6", "ranked": "true", "sort": "clean_conversions"}
    assert asked.pop("/v1/growth/referrers") == ranked
    assert asked.pop("/v1/growth/loops") == {"days": "14", "limit": "1000"}
    assert asked.pop("/v1/growth/k-factor") == {"days": "14", "compare": "previous"}
    assert list(asked.values()) == [{"days": "14"}] * 3


def test_honest_k_is_as_of_the_end_of_the_period(browser: Browser, api: FakeApi) -> None:
    refresh(browser, search="?start=2026-03-01&end=2026-03-09")
    [asked] = [dict(request.url.params) for request in api.asked if request.url.path == "/v1/growth/cohort-k"]
    assert asked == {"end": "2026-03-09"}


def test_the_address_says_what_the_period_is_compared_with(browser: Browser, api: FakeApi) -> None:
    refresh(browser, search="?days=14&compare=year")
    [asked] = [request.url.params["compare"] for request in api.asked if request.url.path == K_FACTOR]
    assert asked == "year"


def test_without_a_comparison_no_card_speaks_of_another_period(browser: Browser) -> None:
    changes = refresh(browser, search="?days=14&compare=none")
    assert "no comparison" in str(changes["growth-summary"])
    assert "Compare the period with another one" in str(changes["k-change-body"])
    drawn = str(changes["honest-k-body"])
    assert [word for word in ("Before", "trend", "compares") if word in drawn] == []


def test_only_the_card_that_changed_is_drawn_anew(browser: Browser, api: FakeApi) -> None:
    shown = refresh(browser, "admin1")["growth-shown"]["data"]
    api.answers["GET", K_FACTOR] = build_k_factor(removed_conversions=45)
    browser.note_change()
    changes = refresh(browser, "admin1", shown=shown)
    assert [card for card in CARDS if f"{card}-body" in changes] == ["honest-k", "referrers"]


def test_viewers_share_one_answer(server: Flask, api: FakeApi) -> None:
    for who in ("viewer1", "viewer2", "viewer3"):
        refresh(Browser(server), who)
    assert api.count(K_FACTOR) == 1


def test_without_the_api_the_page_says_so_and_offers_to_try_again(browser: Browser, api: FakeApi) -> None:
    browser.resume("viewer1")
    api.is_down = True
    changes = refresh(browser)
    assert "Data is temporarily unavailable" in str(changes["growth-notice"])
    assert "/dashboard/growth?days=14" in str(changes["growth-notice"])


def test_a_feature_that_is_switched_off_says_so(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", K_FACTOR] = httpx.Response(404, json={"code": "feature_disabled", "detail": "off"})
    changes = refresh(browser)
    assert "This feature is turned off" in str(changes["growth-notice"])
    assert changes["growth-cards"] == {"hidden": True}


def test_all_referrers_come_some_rows_at_a_time(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", "/v1/growth/referrers"] = build_referrers(next_cursor="page-2")
    browser.resume("viewer1")
    changes = str(call(browser, "all-referrers-ways.children", {"url.search": "?days=14&q=a&sort=clicks"}))
    assert "/dashboard/growth/referrers?days=14&q=a&sort=clicks&cursor=page-2" in changes
    asked = dict(api.asked[-1].url.params)
    assert asked == {"days": "14", "q": "a", "sort": "clicks", "order": "desc", "limit": "25"}
    above = call(browser, "all-referrers-above.children", {"url.search": "?days=14"})
    assert "'href': '/dashboard/growth?days=14'" in str(above)


def open_panel(browser: Browser) -> dict[str, Any]:
    browser.resume("viewer1")
    return call(browser, "growth-term.data", {"growth-period-popover.opened": True})


def test_the_panel_of_the_period_asks_when_the_term_began(browser: Browser, api: FakeApi) -> None:
    term = Period.between(date(2026, 1, 7), date(2026, 6, 30))
    api.answers["GET", "/v1/growth/term"] = httpx.Response(200, json=term.model_dump(mode="json"))
    assert open_panel(browser)["growth-term"] == {"data": "2026-01-07"}


def test_without_the_term_the_panel_has_the_other_presets(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", "/v1/growth/term"] = httpx.Response(503, json={"code": "x", "detail": "x"})
    assert open_panel(browser)["growth-term"] == {"data": None}
