"""The card By day of the growth page in a real browser: its chart, its figures and what it says of a planted peak."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Browser, Locator, StorageState, expect

from tests.support.browsing import Visit, visit
from tests.support.builders import build_clicks
from viral_contract.client.metrics_api import MetricsApi

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LAST = datetime(2023, 3, 26, 12, tzinfo=UTC)
PEAK = LAST - timedelta(days=2)
WEEK = "/dashboard/growth?start=2023-03-20&end=2023-03-26"
Open = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def signed_in(browser: Browser, stack: dict[str, str]) -> Open:
    """Opens windows of the admin of a stack with 9 weeks of 25 clicks a day, and 60 on one of the last days."""
    api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
    clicks = [
        click
        for day in (LAST - timedelta(days=back) for back in range(63))
        for click in build_clicks(60 if day == PEAK else 25, at=day, apart=60, source="parent_share")
    ]
    for begin in range(0, len(clicks), 1000):
        api.save_events(clicks[begin : begin + 1000])
    open_window = partial(visit, browser, stack["DASHBOARD_URL"])
    with open_window() as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        state: StorageState = guest.page.context.storage_state()
    return partial(open_window, state=state)


def find_card(guest: Visit) -> Locator:
    return guest.page.get_by_role("region", name="By day", exact=True)


def test_a_peak_is_numbered_and_said_in_a_sentence(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(WEEK)
        card = find_card(guest)
        chart = card.get_by_role("img")
        expect(chart).to_have_accessible_name(
            "Clicks of people by day, 30 Jan – 26 Mar 2023, with the expected range; above it on 24 Mar 2023"
        )
        expect(chart.locator("svg path.series-band")).to_have_count(1)
        expect(card.get_by_role("listitem")).to_have_text(
            "Clicks far above expected, 24 Mar 2023 60, 25 expected; z = 5.7. Parent share +35 a day."
        )
        expect(card.get_by_role("table", name="Clicks of people by day")).to_have_count(1)
        expect(card.get_by_role("link", name="School calendar")).to_have_attribute("href", "/dashboard/calendar")
        assert guest.complaints == []


def test_another_figure_is_chosen_and_stays_after_a_reload(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(WEEK)
        card = find_card(guest)
        card.get_by_text("Filtered share", exact=True).click()
        expect(guest.page).to_have_url(re.compile("metric=filtered_share"))
        expect(card).to_contain_text("Nothing to show of filtered share yet.")
        guest.page.reload()
        expect(card.get_by_role("radio", name="Filtered share")).to_be_checked()
        assert guest.complaints == []


def test_it_fits_a_phone(signed_in: Open) -> None:
    with signed_in(width=390) as guest:
        guest.open(WEEK)
        expect(find_card(guest).locator("svg path.series-line")).to_have_count(1)
        assert guest.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
