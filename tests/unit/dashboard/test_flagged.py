"""The pages that list all flagged traffic, through the real application."""

from typing import Any

import pytest

from dashboard.guardrails import anomalies
from tests.support.answers import ANOMALY_LIMITS, COMMON
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import rows_of, text_of, walk
from viral_contract.models.guardrails import AnomalyAnswer

FRAUD = "/v1/guardrails/fraud"
ANOMALIES = ("GET", "/v1/guardrails/conversion-anomalies")


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


def build_anomalies(**fields: Any) -> AnomalyAnswer:
    found = {
        "suspicious_referrers": [{"date": "2026-03-30", "referrer_id": "busy", "conversion_count": 11}],
        "high_conversion_rate_referrers": [
            {"referrer_id": "a&b", "total_clicks": 4, "total_conversions": 4, "conversion_rate": 1.0}
        ],
    }
    given = {**COMMON, **found, "thresholds": ANOMALY_LIMITS, "total_flagged": 2, "next_cursor": "page-2"}
    return AnomalyAnswer.model_validate({**given, **fields})


def test_flagged_referrers_are_listed_with_rates_as_percentages_and_days_as_counts() -> None:
    rows = anomalies.build_rows(build_anomalies(), "?days=14")
    assert rows_of(rows)[1:] == [["a&b", "–", "100.0% of 4 clicks", "4"], ["busy", "30 Mar 2026", "–", "11"]]
    assert "/dashboard/investigations?days=14&kind=referrer&id=a%26b" in [
        getattr(each, "href", "") for each in walk(rows)
    ]


def test_all_flagged_referrers_are_reached_row_by_row(browser: Browser, api: FakeApi) -> None:
    api.answers[ANOMALIES] = build_anomalies()
    assert "/dashboard/guardrails/anomalies?days=14&cursor=page-2" in fill(browser, "flagged-referrers", "?days=14")


@pytest.mark.parametrize(
    ("retained_from", "said"), [(None, "No anomalies in this period"), ("2026-03-30", "Not available: only totals")]
)
def test_no_flagged_referrer_is_not_the_same_as_not_known(retained_from: str | None, said: str) -> None:
    none: dict[str, Any] = {"suspicious_referrers": [], "high_conversion_rate_referrers": [], "total_flagged": 0}
    answer = build_anomalies(**none, retained_from=retained_from)
    assert said in text_of(anomalies.build_rows(answer, "?days=14"))


def test_viewers_share_a_page_of_rows_but_not_another_one(browser: Browser, api: FakeApi) -> None:
    for search in ("?days=14", "?days=14", "?days=14&cursor=a", "?days=7"):
        fill(browser, "flagged-ips", search)
    assert api.count(FRAUD) == 3


@pytest.mark.parametrize("slug", ["flagged-ips", "flagged-devices", "flagged-referrers"])
def test_a_list_without_the_api_says_so(browser: Browser, api: FakeApi, slug: str) -> None:
    api.is_down = True
    assert "Data is temporarily unavailable" in fill(browser, slug, "?days=7")


@pytest.mark.parametrize("slug", ["flagged-ips", "flagged-devices", "flagged-referrers"])
def test_a_period_that_does_not_exist_is_explained(browser: Browser, slug: str) -> None:
    assert "Invalid period" in fill(browser, slug, "?days=0")
