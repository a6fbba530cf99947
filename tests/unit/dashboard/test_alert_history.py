"""The page of the history of alerts."""

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest
from dash import no_update

from dashboard.alerts.history import FILTERS, LISTED, build_query
from dashboard.guardrails.alerts import TITLES
from dashboard.lists.view import show
from tests.support.answers import NOW, build_alert, build_alerts
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.people import Role

PATH = ("GET", "/v1/alerts")
TODAY = date(2026, 3, 31)
RESOLVED = build_alert(7, status="resolved", resolved_by="ana", resolved_at=NOW, note="a <b>school</b>")


@pytest.fixture(autouse=True)
def _as_viewer(view_as: Callable[[Role], None]) -> None:
    view_as(Role.VIEWER)


def show_alerts(api: FakeApi, search: str) -> dict[str, Any]:
    return show(LISTED, api.connect(), search, now=NOW)


def hrefs_of(node: Any) -> list[str]:
    return [part.href for part in walk(node) if hasattr(part, "href")]


def test_without_filters_alerts_of_every_status_are_listed_with_what_became_of_them(api: FakeApi) -> None:
    over = build_alert(8, status="resolved", resolved_at=NOW)
    api.answers[PATH] = build_alerts(RESOLVED, over, build_alert(9))
    shown = show_alerts(api, "")
    assert dict(api.asked[0].url.params) == {"status": "all", "limit": "50"}
    assert shown["bodies"]["found"] == "3 alerts by severity, then newest first"
    assert shown["hidden"] == {"filter": False, "list": False}
    facts = [" ".join(text_of(each).split()) for each in find(shown["bodies"]["list"], "alert-facts")]
    opened, ended = "opened 31 Mar 2026 08:28 UTC", "closed 31 Mar 2026 10:28 UTC"
    assert facts == [
        f"High Resolved by ana {opened} {ended}",
        f"High Resolved automatically {opened} {ended}",
        f"High Open {opened}",
    ]
    assert text_of(find(shown["bodies"]["list"], "alert-note")) == "“a <b>school</b>”"
    assert hrefs_of(shown["bodies"]["list"]) == [f"/dashboard/guardrails/alert?id={number}" for number in (7, 8, 9)]


def test_filters_reach_the_api_and_the_next_page_keeps_them(api: FakeApi) -> None:
    api.answers[PATH] = build_alerts(RESOLVED).model_copy(update={"total_alerts": 90, "next_cursor": "more"})
    search = "?status=ended&type=fraud_detection&q=school+%26+co&start=2026-03-01&end=2026-03-31&cursor=first"
    shown = show_alerts(api, search)
    assert dict(api.asked[0].url.params) == {
        "status": "ended",
        "type": "fraud_detection",
        "q": "school & co",
        "start": "2026-03-01",
        "end": "2026-03-31",
        "cursor": "first",
        "limit": "50",
    }
    assert hrefs_of(shown["bodies"]["list"])[-1] == "/dashboard/alerts" + search.replace("first", "more")
    assert shown["bodies"]["found"] == (
        "90 alerts by severity, then newest first · status “Closed” · "
        f"type “{TITLES['fraud_detection']}” · text “school & co” · from 1 Mar 2026 · to 31 Mar 2026"
    )


@pytest.mark.parametrize(
    ("search", "found", "said"),
    [
        ("", "No alerts yet", "Alerts and the actions taken on them will appear here."),
        ("?status=snoozed&q=x", "No matching alerts", "Filters: status “Snoozed” · text “x” Clear filters"),
    ],
)
def test_an_empty_history_is_told_from_filters_that_match_nothing(
    api: FakeApi, search: str, found: str, said: str
) -> None:
    api.answers[PATH] = build_alerts()
    shown = show_alerts(api, search)
    assert shown["bodies"]["found"] == found
    assert said in " ".join(text_of(shown["bodies"]["list"]).split())


@pytest.mark.parametrize(
    ("given", "dates"),
    [
        ({"start": "2026-03-01"}, ("2026-03-01", "2026-03-31")),
        ({"start": "2026-04-05"}, ("2026-04-05", "2026-04-05")),
        ({"end": "2026-03-31"}, ("2025-03-31", "2026-03-31")),
        ({"start": "x"}, ("x", None)),
        ({"end": "0001-01-01"}, (None, "0001-01-01")),
        ({}, (None, None)),
    ],
)
def test_a_date_that_is_left_open_is_as_far_away_as_the_api_takes(
    given: dict[str, str], dates: tuple[str | None, str | None]
) -> None:
    query = build_query(given, today=TODAY)
    assert (query.get("start"), query.get("end")) == dates


def test_only_filters_that_filter_stand_in_the_address() -> None:
    given = {"status": "all", "type": "any", "q": " school ", "start": "2026-03-01", "end": None}
    assert FILTERS.format(given) == "?q=school&start=2026-03-01"
    assert FILTERS.parse({"status": "all", "type": "any", "q": "school", "cursor": "x"}) == {"q": "school"}
    assert FILTERS.format({"status": "all", "type": "any", "q": "", "start": None, "end": None}) == ""


def test_filters_that_are_only_drawn_leave_the_address_as_it_is() -> None:
    given = {"status": "ended", "type": "any", "q": "", "start": None, "end": None}
    assert FILTERS.choose(None, {"q": None}, given) is no_update
    assert FILTERS.choose(1, {}, given) == FILTERS.choose(None, {"q": 1}, given) == "?status=ended"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (422, "In the address, status must be one of those."),
        (503, "Data is temporarily unavailable"),
    ],
)
def test_what_the_api_refuses_is_said_in_words_and_leaves_no_filter_that_shows_something_else(
    api: FakeApi, status: int, said: str
) -> None:
    errors = [{"pointer": "#status", "detail": "must be one of those"}]
    problem = {"status": status, "title": "", "code": "invalid", "detail": "", "errors": errors}
    api.answers[PATH] = httpx.Response(status, json=problem)
    shown = show_alerts(api, "?status=gone")
    assert said in text_of(shown["notice"])
    assert shown["hidden"] == {"filter": True, "list": True}


def test_without_the_api_the_page_offers_to_try_the_same_again(api: FakeApi) -> None:
    api.is_down = True
    shown = show_alerts(api, "?status=ended")
    assert hrefs_of(shown["notice"]) == ["/dashboard/alerts?status=ended"]
