"""The pages that list all flagged traffic, through the real application."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboard.guardrails import anomalies
from tests.support.answers import ANOMALY_LIMITS, COMMON, NOW, build_bots, build_fraud
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import rows_of, text_of, walk
from viral_contract.models.flagged import FlaggedAnswer, FlaggedNetwork, VerdictCounts
from viral_contract.models.guardrails import AnomalyAnswer, NetworkEvidence

FRAUD, BOTS = "/v1/guardrails/fraud", "/v1/guardrails/bots"
PATH = "/dashboard/guardrails/fraud"
ANOMALIES = ("GET", "/v1/guardrails/conversion-anomalies")


LISTS = ("flagged-networks-rows", "flagged-devices-rows", "flagged-referrers")
NETWORK = FlaggedNetwork(
    ip_address="203.0.113.1",
    ref="ip-1",
    verdict="flagged",
    clicks=1234,
    days=3,
    peak_date=NOW.date(),
    peak_clicks=800,
    top_referrer="a&b",
    evidence=NetworkEvidence(
        devices=4,
        clicks_per_device=200,
        referrers=2,
        top_referrer_share=0.99,
        new_device_share=0.75,
    ),
)


def build_flagged(*networks: FlaggedNetwork, **fields: Any) -> FlaggedAnswer:
    counts = VerdictCounts(flagged=1, rotating=0, shared_network=1)
    given = {"networks": networks, "counts": counts, "total": len(networks), "next_cursor": None, **fields}
    return FlaggedAnswer.model_validate({**build_fraud(rows=0).model_dump(), **given})


def fill(browser: Browser, slug: str, search: str, meanwhile: Callable[[], None] = lambda: None) -> str:
    """What the callback of a list draws."""
    browser.resume("viewer1")
    return str(call(browser, f"{slug}.children", {"url.search": search}, meanwhile))


def list_asked(api: FakeApi) -> list[dict[str, str]]:
    return [dict(request.url.params) for request in api.asked if request.url.path == FRAUD]


@pytest.fixture(autouse=True)
def answer_networks(api: FakeApi) -> None:
    api.answers["GET", FRAUD] = build_flagged(NETWORK, next_cursor="page-2", total=30)


def test_a_list_asks_for_what_its_address_names(browser: Browser, api: FakeApi) -> None:
    fill(browser, LISTS[0], "?days=14&q=+203.0+&verdict=rotating&sort=days&limit=50&cursor=page-2")
    assert list_asked(api) == [
        {
            "group_by": "network",
            "days": "14",
            "q": "203.0",
            "verdict": "rotating",
            "sort": "days",
            "order": "desc",
            "limit": "50",
            "cursor": "page-2",
        }
    ]


def test_a_list_asks_for_the_most_clicks_of_7_days_where_its_address_names_nothing(
    browser: Browser, api: FakeApi
) -> None:
    fill(browser, LISTS[0], "?verdict=any&limit=7")
    usual = {"group_by": "network", "days": "7", "sort": "clicks", "order": "desc", "limit": "25"}
    assert list_asked(api) == [usual]


def test_networks_are_listed_with_the_evidence_of_their_peak(browser: Browser) -> None:
    drawn = fill(browser, LISTS[0], "?days=14")
    for part in ("203.0.113.1", "1,234", "800", "31 Mar", "200.0", "a&b", "99.0%", "75.0%"):
        assert part in drawn
    assert "/dashboard/investigations?days=14&kind=referrer&id=a%26b" in drawn


def test_who_sees_a_shared_network_whole_can_trust_it(browser: Browser, api: FakeApi) -> None:
    shared = NETWORK.model_copy(update={"verdict": "shared_network"})
    api.answers["GET", FRAUD] = build_flagged(shared)
    assert "lists?add=allow&add_kind=network&value=203.0.113.1" in fill(browser, LISTS[0], "?days=14")
    api.answers["GET", FRAUD] = build_flagged(shared.model_copy(update={"ip_address": "203.0.113.*"}))
    assert "add=allow" not in fill(browser, LISTS[0], "?days=7")


def test_nothing_found_is_not_nothing_that_matches(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", FRAUD] = build_flagged()
    assert "No network over 10 clicks a day in this period" in fill(browser, LISTS[0], "?days=14")
    drawn = fill(browser, LISTS[0], "?days=14&q=zz&verdict=rotating")
    assert "No network matches" in drawn
    assert "“zz”, finding Rotating" in drawn
    assert "'href': '/dashboard/guardrails/fraud?days=14'" in drawn
    api.answers["GET", FRAUD] = build_flagged(retained_from="2026-03-30")
    assert "Not available: only totals" in fill(browser, LISTS[0], "?days=30")


def test_devices_are_listed_with_their_fastest_burst(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", BOTS] = build_bots(total=1)
    drawn = fill(browser, LISTS[1], "?days=14")
    for part in ("device-1", "1,234", "0.42", "30 Mar", "31 Mar"):
        assert part in drawn
    api.answers["GET", BOTS] = build_bots(rows=0, total=0)
    assert "No device clicked faster than a person can in this period" in fill(browser, LISTS[1], "?days=7")


def test_a_file_has_every_row_of_the_filters_in_their_order(browser: Browser, api: FakeApi) -> None:
    browser.resume("viewer1")
    api.answers["GET", FRAUD] = build_flagged(NETWORK, NETWORK.model_copy(update={"ip_address": "=1+1", "alias": "x"}))
    answer = browser.get(f"{PATH}.csv?days=14&sort=days&order=asc&cursor=page-2&limit=50")
    assert answer.headers["Content-Disposition"] == "attachment; filename=fraud_2026-03-25_2026-03-31.csv"
    [asked] = list_asked(api)
    assert asked == {"group_by": "network", "days": "14", "sort": "days", "order": "asc", "limit": "1000"}
    heads, first, second = answer.text.lstrip("\ufeff").splitlines()
    assert heads.startswith('"ip_address","alias","verdict","clicks","days"')
    assert first.startswith('"203.0.113.1","","flagged","1234","3"')
    assert second.startswith('"\'=1+1"')


def test_a_file_that_cannot_be_made_says_why(browser: Browser, api: FakeApi) -> None:
    browser.resume("viewer1")
    assert browser.get(f"{PATH}.csv?days=0").status_code == 422
    api.is_down = True
    assert browser.get(f"{PATH}.csv?days=7").status_code == 503


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
        fill(browser, LISTS[0], search)
    assert api.count(FRAUD) == 3


@pytest.mark.parametrize("slug", LISTS)
def test_a_list_without_the_api_says_so(browser: Browser, api: FakeApi, slug: str) -> None:
    drawn = fill(browser, slug, "?days=7", lambda: setattr(api, "is_down", True))
    assert "Data is temporarily unavailable" in drawn or "Could not load" in drawn


@pytest.mark.parametrize("slug", LISTS)
def test_a_period_that_does_not_exist_is_explained(browser: Browser, slug: str) -> None:
    assert "Invalid period" in fill(browser, slug, "?days=0")
