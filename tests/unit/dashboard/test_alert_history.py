"""The page of the history of alerts."""

import re
from typing import Any

import pytest

from dashboard.alerts.history import LISTED
from dashboard.guardrails.alerts import TITLES
from dashboard.lists.table_page import Listing, build_query
from dashboard.period import read_search
from tests.support.answers import NOW, build_alert, build_alerts
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import text_of, walk

PATH = ("GET", "/v1/alerts")
RESOLVED = build_alert(7, status="resolved", resolved_by="ana", resolved_at=NOW, note="a <b>school</b>")


def fetch(api: FakeApi, search: str) -> Listing:
    return LISTED.fetch(api.connect(), build_query(LISTED, read_search(search)), "?days=90")


def show(browser: Browser, search: str) -> str:
    return str(call(browser, "alert-history-rows.children", {"url.search": search}))


def test_alerts_of_every_status_are_listed_with_what_became_of_them(api: FakeApi) -> None:
    over = build_alert(8, status="resolved", resolved_at=NOW)
    api.answers[PATH] = build_alerts(RESOLVED, over, build_alert(9))
    rows = fetch(api, "").rows
    assert dict(api.asked[0].url.params) == {
        "status": "all",
        "days": "90",
        "sort": "severity",
        "order": "desc",
        "limit": "25",
    }
    drawn = [[" ".join(text_of(cell).split()) for cell in row.cells[1:]] for row in rows]
    opened, closed = "31 Mar 08:28:15", "31 Mar 10:28:15"
    assert drawn == [
        ["High", "Resolved by ana “a <b>school</b>”", opened, closed],
        ["High", "Resolved automatically", opened, closed],
        ["High", "Open", opened, "–"],
    ]
    links = [part.href for row in rows for part in walk(row.cells[0]) if hasattr(part, "href")]
    assert links == [f"/dashboard/guardrails/alert?id={number}" for number in (7, 8, 9)]
    assert {"type", "severity", "status", "opened_at", "resolved_at", "note"} <= rows[0].record.keys()


def test_filters_and_order_reach_the_api(api: FakeApi) -> None:
    api.answers[PATH] = build_alerts(RESOLVED).model_copy(update={"total_alerts": 90, "next_cursor": "more"})
    given: dict[str, Any] = {
        "status": "ended",
        "severity": "high",
        "type": "fraud_detection",
        "q": "school & co",
        "start": "2026-03-01",
        "end": "2026-03-31",
        "sort": "opened",
        "order": "asc",
        "cursor": "first",
    }
    listing = fetch(api, "?" + "&".join(f"{name}={value.replace('&', '%26')}" for name, value in given.items()))
    assert dict(api.asked[0].url.params) == {**given, "limit": "25"}
    assert (listing.total, listing.next_cursor, listing.dates) == (90, "more", "2026-03-01_2026-03-31")


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("", ["No alerts in this period"]),
        (
            "?status=snoozed&q=x&type=no_data",
            ["No alert matches", f"“x”, status Snoozed, kind {TITLES['no_data']}", "Clear filters"],
        ),
    ],
)
def test_an_empty_history_is_told_from_filters_that_match_nothing(
    browser: Browser, api: FakeApi, search: str, said: list[str]
) -> None:
    api.answers[PATH] = build_alerts()
    browser.resume("viewer1")
    drawn = show(browser, search)
    assert all(part in drawn for part in said)


def test_without_the_api_the_page_offers_to_try_the_same_again(browser: Browser, api: FakeApi) -> None:
    browser.resume("viewer1")
    drawn = str(
        call(
            browser,
            "alert-history-rows.children",
            {"url.search": "?status=ended"},
            lambda: setattr(api, "is_down", True),
        )
    )
    assert re.search("Could not load alerts.*/dashboard/alerts.status=ended", drawn)
