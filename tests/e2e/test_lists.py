"""Lists that people work with, and the choice of their period, in a real browser."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.support.browsing import Visit, visit
from tests.support.builders import build_clicks, build_event
from viral_contract.client.metrics_api import MetricsApi

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FLAGGED = "/dashboard/guardrails/fraud"
NOW = datetime.now(UTC)
NETWORKS = 30
Open = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def api(stack: dict[str, str]) -> MetricsApi:
    """The API of the stack."""
    return MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])


@pytest.fixture(scope="module")
def signed_in(browser: Browser, stack: dict[str, str], api: MetricsApi) -> Open:
    """Opens windows of the admin; 30 networks are flagged, the last with most clicks, and one rotates."""
    for number in range(NETWORKS):
        where = {"ip_address": f"192.0.2.{number}", "device_fingerprint": "one", "referrer_id": f"usr_{number % 3}"}
        api.save_events(build_clicks(20 + number, at=NOW - timedelta(days=1), apart=20, **where))
    api.save_events(
        [
            build_event(at=NOW - timedelta(days=1), ip_address="198.51.100.7", device_fingerprint=f"new-{number}")
            for number in range(35)
        ]
    )
    open_window = partial(visit, browser, stack["DASHBOARD_URL"])
    with open_window() as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        state: StorageState = guest.page.context.storage_state()
    return partial(open_window, state=state)


def list_names(page: Page) -> list[str]:
    return page.locator("tr[data-row] th").all_inner_texts()


def test_a_list_is_searched_sorted_and_read_page_by_page(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{FLAGGED}?q=192.0.2.")
        expect(guest.page.get_by_text(f"Showing 25 of {NETWORKS} · 5 more")).to_be_visible()
        assert list_names(guest.page)[:2] == ["192.0.2.29", "192.0.2.28"]

        guest.page.get_by_role("button", name="Network").click()
        expect(guest.page.get_by_role("columnheader", name="Network")).to_have_attribute("aria-sort", "ascending")
        expect(guest.page.locator("tr[data-row] th").first).to_have_text("192.0.2.0")

        guest.page.get_by_role("link", name="Next page").click()
        expect(guest.page.get_by_text("Page 2 of 2")).to_be_visible()
        assert list_names(guest.page) == [f"192.0.2.{number}" for number in range(25, 30)]
        guest.page.get_by_role("link", name="Previous page").click()
        expect(guest.page.get_by_text("Page 1 of 2")).to_be_visible()

        guest.page.get_by_role("searchbox").or_(guest.page.get_by_label("Address, prefix or referrer")).fill("usr_2")
        expect(guest.page.get_by_text("Showing 10 of 10")).to_be_visible()
        assert list_names(guest.page)[0] == "192.0.2.2"
        guest.page.get_by_label("Address, prefix or referrer").fill("")
        expect(guest.page).not_to_have_url(re.compile("q="))
        assert guest.complaints == []


def test_a_tab_shows_the_networks_of_one_finding(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(FLAGGED)
        guest.page.get_by_text("Rotating 1").click()
        expect(guest.page.get_by_text("Showing 1 of 1")).to_be_visible()
        assert list_names(guest.page) == ["198.51.100.7"]
        guest.page.get_by_label("Address, prefix or referrer").fill("zz")
        expect(guest.page.get_by_text("No network matches")).to_be_visible()
        guest.page.get_by_role("link", name="Clear filters").click()
        expect(guest.page.get_by_role("radio", name=re.compile("All"))).to_be_checked()
        expect(guest.page.get_by_label("Address, prefix or referrer")).to_have_value("")


def test_a_file_has_every_row_of_the_filter(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{FLAGGED}?q=192.0.2.&sort=network&order=desc")
        expect(guest.page.get_by_text(f"Showing 25 of {NETWORKS}")).to_be_visible()
        with guest.page.expect_download() as download:
            guest.page.get_by_role("link", name="CSV").click()
        lines = download.value.path().read_text().splitlines()
        assert re.fullmatch(r"fraud_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
        assert [line.split(",")[0] for line in lines[1:]] == [f'"192.0.2.{number}"' for number in range(29, -1, -1)]


def test_the_keyboard_goes_from_row_to_row_and_opens_one(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(FLAGGED)
        expect(guest.page.locator("tr[data-row]")).to_have_count(25)
        for key in "jjk":
            guest.page.keyboard.press(key)
        current = guest.page.locator("tr[data-row][aria-current=true]")
        expect(current).to_be_focused()
        expect(current).to_have_count(1)
        name = current.locator("th").inner_text()
        guest.page.keyboard.press("Enter")
        expect(guest.page.get_by_role("heading", level=1)).to_contain_text(name)


def test_a_period_is_chosen_by_presets_keys_and_dates(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{FLAGGED}?sort=days")
        button = guest.page.locator(".period-button")
        button.click()
        expect(guest.page.get_by_role("button", name="Last 7 days")).to_have_attribute("aria-pressed", "true")
        guest.page.keyboard.press("t")
        expect(guest.page.get_by_role("button", name="Last 30 days")).to_have_attribute("aria-pressed", "true")
        guest.page.get_by_role("button", name="Apply").click()
        expect(guest.page).to_have_url(re.compile(r"\?sort=days&days=30$"))
        expect(button).to_be_focused()

        button.click()
        yesterday = (NOW - timedelta(days=1)).date()
        guest.page.keyboard.press("e")
        expect(guest.page.get_by_role("button", name="Yesterday")).to_have_attribute("aria-pressed", "true")
        guest.page.get_by_role("button", name="Apply").click()
        expect(guest.page).to_have_url(re.compile(rf"start={yesterday}&end={yesterday}$"))
        expect(guest.page.get_by_text("Showing 25 of")).to_be_visible()

        button.click()
        expect(guest.page.get_by_role("button", name="Yesterday")).to_have_attribute("aria-pressed", "true")
        guest.page.keyboard.press("q")
        expect(guest.page.get_by_role("button", name="Last 90 days")).to_have_attribute("aria-pressed", "true")
        guest.page.keyboard.press("Escape")
        expect(guest.page.get_by_role("button", name="Last 90 days")).to_have_count(0)
        expect(guest.page).to_have_url(re.compile(rf"start={yesterday}"))


@pytest.mark.parametrize("width", [390, 800, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_list_and_its_period_fit_and_can_be_read(signed_in: Open, width: int, scheme: str) -> None:
    with signed_in(width=width, scheme=scheme) as guest:
        guest.open(FLAGGED)
        expect(guest.page.locator("tr[data-row]")).to_have_count(25)
        assert guest.find_violations() == []
        guest.page.locator(".period-button").click()
        expect(guest.page.get_by_role("button", name="Apply")).to_be_visible()
        assert guest.find_violations() == []
        assert guest.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert guest.complaints == []


def test_selected_networks_are_put_on_a_list(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{FLAGGED}?q=192.0.2.1")
        rows = guest.page.locator("tr[data-row]")
        expect(rows).to_have_count(11)
        guest.page.get_by_role("checkbox", name="Select 192.0.2.19").click()
        guest.page.get_by_role("checkbox", name="Select 192.0.2.18").click()
        bar = guest.page.get_by_role("region", name="Selection")
        expect(bar).to_contain_text("2 selected")
        bar.get_by_role("button", name="Watch…").click()
        window = guest.page.get_by_role("dialog", name="Add to list")
        expect(window.get_by_role("textbox", name="List")).to_have_value("Watch")
        window.get_by_label("Reason").fill("A campaign of ours")
        assert guest.find_violations() == []
        window.get_by_role("button", name="Add to list").click()
        expect(guest.page.get_by_text("2 networks are now watched.")).to_be_visible()
        guest.open("/dashboard/lists?list=watch")
        expect(guest.page.get_by_role("heading", name="192.0.2.19/32")).to_be_visible()
        assert guest.complaints == []


def test_open_cases_of_selected_networks_are_decided_and_their_rows_say_so(signed_in: Open, api: MetricsApi) -> None:
    api.evaluate_now()
    with signed_in() as guest:
        guest.open(f"{FLAGGED}?q=192.0.2.2&order=asc")
        row = guest.page.locator("tr[data-row]").filter(has_text="192.0.2.20")
        expect(row.get_by_role("link", name=re.compile(r"^Case \d+$"))).to_be_visible()
        for name in ("192.0.2.20", "192.0.2.21"):
            guest.page.get_by_role("checkbox", name=f"Select {name}").click()
        bar = guest.page.get_by_role("region", name="Selection")
        expect(bar).to_contain_text("2 flagged · 81 clicks")
        with guest.page.expect_download() as download:
            bar.get_by_role("button", name="CSV").click()
        lines = download.value.path().read_text().splitlines()
        assert [line.split(",")[0] for line in lines[1:]] == ['"192.0.2.20"', '"192.0.2.21"']

        guest.page.keyboard.press("f")
        guest.page.get_by_role("button", name="Mark 2 as fraud").click()
        expect(row.get_by_role("link", name=re.compile("^Fraud"))).to_be_visible()
        expect(bar).to_be_hidden()
        guest.page.get_by_role("button", name="Filter").click()
        guest.page.get_by_role("textbox", name="Verdict").click()
        # A press that takes its time, as people's do.
        guest.page.get_by_role("option", name="Fraud").click(delay=300)
        expect(guest.page.get_by_text("Showing 2 of 2")).to_be_visible()
        guest.page.keyboard.press("Escape")

        guest.page.locator("body").press("z")
        expect(guest.page.get_by_text("2 verdicts undone.")).to_be_visible()
        expect(guest.page.get_by_text("No network matches")).to_be_visible()
        assert guest.complaints == []


def test_every_open_case_of_the_filter_is_decided_also_where_no_page_shows_it(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{FLAGGED}?q=192.0.2.")
        guest.page.get_by_role("checkbox", name="Select page").click()
        guest.page.get_by_role("button", name=f"Select all {NETWORKS} networks").click()
        guest.page.get_by_role("region", name="Selection").get_by_role("button", name="Unsure").click()
        form = guest.page.get_by_role("dialog", name=f"Mark {NETWORKS} cases as unsure")
        expect(form.get_by_label("Note")).to_be_focused()
        guest.page.keyboard.press("Escape")
        expect(form).to_be_hidden()
        assert guest.complaints == []


def test_columns_stay_away_in_this_browser(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(FLAGGED)
        head = guest.page.get_by_role("columnheader", name="Per device")
        expect(head).to_be_visible()
        guest.page.get_by_role("button", name="Columns").click()
        guest.page.get_by_role("checkbox", name="Per device").click()
        expect(head).to_be_hidden()
        assert guest.find_violations() == []
        guest.page.reload()
        expect(guest.page.get_by_role("columnheader", name="Devices", exact=True)).to_be_visible()
        expect(head).to_be_hidden()
        guest.page.keyboard.press("?")
        expect(guest.page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Select the row")
        assert guest.complaints == []


def test_the_search_finds_what_has_an_id_and_opens_it_by_keyboard(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open("/dashboard/lists")
        expect(guest.page.get_by_role("heading", name="Lists", level=1)).to_be_visible()
        guest.page.keyboard.press("/")
        text = guest.page.get_by_role("dialog").get_by_role("textbox", name="Search")
        expect(text).to_be_focused()
        guest.page.keyboard.type("192.0.2.2")
        expect(guest.page.get_by_role("link", name="192.0.2.20")).to_be_visible()
        assert guest.find_violations() == []
        guest.page.keyboard.press("ArrowDown")
        guest.page.keyboard.press("ArrowDown")
        guest.page.keyboard.press("Enter")
        expect(guest.page.get_by_role("heading", level=1)).to_contain_text("192.0.2.20")
        expect(text).to_have_count(0)

        guest.page.keyboard.press("/")
        expect(text).to_be_focused()
        guest.page.keyboard.type("100.7")
        expect(guest.page.get_by_role("link", name="198.51.100.7").first).to_be_visible()
        guest.page.keyboard.press("Escape")
        expect(text).to_have_count(0)
        guest.page.keyboard.press("/")
        expect(text).to_be_focused()
        guest.page.keyboard.type("nobody has this")
        expect(guest.page.get_by_text("Nothing has this id or part of it")).to_be_visible()
        guest.page.keyboard.press("Escape")
        expect(text).to_have_count(0)
        assert guest.complaints == []
