"""The guardrails page in a real browser, on a real stack."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, StorageState, expect

from tests.support.browsing import ColorScheme, Visit, visit
from tests.support.builders import build_clicks
from tests.support.stack_process import ONE_PROCESS_EACH, StackProcess
from viral_contract.client.metrics_api import MetricsApi

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GUARDRAILS = "/dashboard/guardrails"
NOW = datetime.now(UTC)
LONG_AGO = datetime(2021, 3, 4, 12, tzinfo=UTC)
QUIET_WEEK = f"{GUARDRAILS}?start=2021-03-01&end=2021-03-07"
EMPTY_WEEK = f"{GUARDRAILS}?start=2020-03-01&end=2020-03-07"
PAGES = [
    GUARDRAILS,
    QUIET_WEEK,
    EMPTY_WEEK,
    f"{GUARDRAILS}?days=0",
    f"{GUARDRAILS}/fraud?days=14",
    f"{GUARDRAILS}/bots?days=14",
    f"{GUARDRAILS}/event-pii?days=14",
    "/dashboard/traffic",
    "/dashboard/traffic?start=2021-03-01&end=2021-03-07",
]
Open = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def filled_stack(stack: dict[str, str]) -> dict[str, str]:
    """A stack with an address flagged today, one flagged ten days ago, and a bot in a week long ago."""
    api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
    api.save_events(
        [
            *build_clicks(12, at=NOW - timedelta(minutes=5), apart=20, ip_address="203.0.113.50"),
            *build_clicks(15, at=NOW - timedelta(days=10), apart=20, ip_address="203.0.113.60"),
            *build_clicks(3, at=LONG_AGO, apart=1.25, device_fingerprint="bot-of-2021"),
        ]
    )
    return stack


@pytest.fixture(scope="module")
def anonymous(browser: Browser, stack: dict[str, str]) -> Open:
    """Opens windows of people who are not signed in."""
    return partial(visit, browser, stack["DASHBOARD_URL"])


@pytest.fixture(scope="module")
def signed_in(anonymous: Open, filled_stack: dict[str, str]) -> Open:
    """Opens windows of the admin."""
    with anonymous() as guest:
        guest.open("/login")
        guest.sign_in(filled_stack["ADMIN_EMAIL"], filled_stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url(f"**{GUARDRAILS}")
        state: StorageState = guest.page.context.storage_state()
    return partial(anonymous, state=state)


def card(page: Page, heading: str) -> Locator:
    """The card with this heading, as a screen reader finds it."""
    return page.get_by_role("region", name=heading)


def test_an_admin_signs_in_and_comes_to_the_page_that_was_wanted(anonymous: Open, filled_stack: dict[str, str]) -> None:
    with anonymous() as guest:
        guest.open(QUIET_WEEK)
        expect(guest.page).to_have_title("Sign in · Viral Guardrails")
        guest.sign_in(filled_stack["ADMIN_EMAIL"], "a guess")
        expect(guest.page.get_by_role("alert")).to_have_text("Incorrect email or password.")
        guest.sign_in(filled_stack["ADMIN_EMAIL"], filled_stack["ADMIN_PASSWORD"])
        expect(guest.page).to_have_url(filled_stack["DASHBOARD_URL"] + QUIET_WEEK)
        expect(guest.page).to_have_title("Guardrails · Viral Guardrails")


def test_the_page_shows_the_score_and_what_lowers_it(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(QUIET_WEEK)
        score = card(guest.page, "Health Score")
        expect(score.get_by_role("img", name="Health score 98.0 out of 100: excellent")).to_be_visible()
        expect(score).to_contain_text("98.0")
        expect(score).to_contain_text("Excellent")
        row = card(guest.page, "What is lowering the score").get_by_role("row", name="Bots")
        expect(row).to_contain_text("1 flagged devices")
        expect(row).to_contain_text("−2.0")
        expect(card(guest.page, "Fraud Detection")).to_contain_text("No flagged traffic in this period")
        bot = card(guest.page, "Bot Detection").get_by_role("row", name="bot-of-2021")
        expect(bot).to_have_text(re.compile("bot-of-2021.*3.*2.50"))


def test_the_period_changes_what_is_flagged(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GUARDRAILS)
        fraud = card(guest.page, "Fraud Detection")
        expect(fraud.get_by_role("row", name="203.0.113.50")).to_contain_text("12")
        expect(fraud.get_by_role("row", name="203.0.113.60")).to_have_count(0)

        guest.page.get_by_text("14 days").click()
        expect(guest.page).to_have_url(re.compile(r"\?days=14$"))
        expect(fraud.get_by_role("row", name="203.0.113.60")).to_contain_text("15")

        guest.page.go_back()
        expect(guest.page.get_by_role("radio", name="7 days")).to_be_checked()
        expect(fraud.get_by_role("row", name="203.0.113.60")).to_have_count(0)


def test_the_address_brings_the_period_back(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{GUARDRAILS}?days=30")
        expect(guest.page.get_by_role("radio", name="30 days")).to_be_checked()
        guest.open(QUIET_WEEK)
        dates = guest.page.get_by_role("button", name="1–7 Mar 2021")
        expect(dates).to_be_visible()
        expect(guest.page.get_by_role("radio", name="7 days")).not_to_be_checked()
        dates.click()
        guest.page.get_by_role("button", name="Last 7 days").click()
        guest.page.get_by_role("button", name="Apply").click()
        expect(guest.page).to_have_url(re.compile(rf"{GUARDRAILS}\?days=7$"))
        expect(guest.page.get_by_role("radio", name="7 days")).to_be_checked()


def test_an_empty_period_leads_to_the_newest_events(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(EMPTY_WEEK)
        score = card(guest.page, "Health Score")
        expect(score).to_contain_text("No data yet")
        score.get_by_role("link", name="View the 7 days before it").click()
        expect(card(guest.page, "Fraud Detection").get_by_role("row", name="203.0.113.50")).to_be_visible()


def test_a_period_that_does_not_exist_is_explained(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{GUARDRAILS}?days=0")
        expect(guest.page.get_by_text("days must be at least 1")).to_be_visible()
        guest.page.get_by_role("link", name="View last 7 days").click()
        expect(card(guest.page, "Fraud Detection")).to_contain_text("203.0.113.50")


def test_all_flagged_traffic_is_a_click_away(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{GUARDRAILS}?days=14")
        guest.page.get_by_role("link", name="View all flagged addresses").click()
        expect(guest.page.get_by_role("heading", name="Flagged addresses", level=1)).to_be_visible()
        expect(guest.page.get_by_role("main")).to_be_focused()
        expect(guest.page.get_by_role("row", name="203.0.113.60")).to_be_visible()
        guest.page.get_by_label("Breadcrumb").get_by_role("link", name="Guardrails").click()
        expect(guest.page).to_have_url(re.compile(r"guardrails\?days=14$"))


def test_a_session_that_ended_leads_to_the_login_and_back(signed_in: Open, stack: dict[str, str]) -> None:
    with signed_in() as guest:
        guest.open(QUIET_WEEK)
        expect(card(guest.page, "Health Score")).to_contain_text("98.0")
        guest.page.context.clear_cookies(name="viral_session")
        guest.page.get_by_role("button", name="Refresh").click()
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        expect(guest.page).to_have_url(stack["DASHBOARD_URL"] + QUIET_WEEK)


def test_signing_out_ends_the_session(anonymous: Open, stack: dict[str, str]) -> None:
    with anonymous() as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.get_by_role("button", name="Sign out").click()
        expect(guest.page).to_have_title("Sign in · Viral Guardrails")
        guest.open(GUARDRAILS)
        expect(guest.page).to_have_title("Sign in · Viral Guardrails")


def test_a_failed_refresh_keeps_the_data_and_says_so(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(QUIET_WEEK)
        score, refresh = card(guest.page, "Health Score"), guest.page.get_by_role("button", name="Refresh")
        expect(score).to_contain_text("98.0")
        guest.page.context.set_offline(True)
        refresh.click()
        problem = re.compile(r"Could not refresh. Showing data from \d\d:\d\d:\d\d UTC. Trying again in 30 s")
        expect(guest.page.get_by_role("alert")).to_have_text(problem)
        expect(score).to_contain_text("98.0")
        guest.page.context.set_offline(False)
        refresh.click()
        expect(guest.page.get_by_role("alert")).to_have_count(0)


def is_refresh(request: Request) -> bool:
    """Whether the page asks for its cards again, as its clock or its button told it."""
    if not request.url.partition("?")[0].endswith("/_dash-update-component"):
        return False
    return any(each.endswith("-tick.data") for each in json.loads(request.post_data or "{}")["changedPropIds"])


def test_the_page_refreshes_by_itself_but_not_while_it_is_hidden(signed_in: Open) -> None:
    with signed_in() as guest:
        hidden = (
            "let hidden = false; Object.defineProperty(document, 'hidden', {get: () => hidden, set: to => hidden = to})"
        )
        guest.page.add_init_script(hidden)
        guest.page.clock.install()
        guest.open(QUIET_WEEK)
        expect(card(guest.page, "Health Score")).to_contain_text("98.0")

        with guest.page.expect_response(lambda response: is_refresh(response.request)):
            guest.page.clock.fast_forward(30_000)

        refreshes: list[str] = []
        guest.page.evaluate("document.hidden = true")
        guest.page.on("request", lambda request: is_refresh(request) and refreshes.append(request.url))
        guest.page.clock.fast_forward(90_000)
        assert refreshes == []
        with guest.page.expect_response(lambda response: is_refresh(response.request)):
            guest.page.evaluate("document.hidden = false; document.dispatchEvent(new Event('visibilitychange'))")
        assert len(refreshes) == 1


def test_the_keyboard_reaches_everything_in_reading_order(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{GUARDRAILS}?days=14")
        expect(card(guest.page, "Fraud Detection")).to_contain_text("203.0.113.60")
        skip, link = guest.page.get_by_text("Skip to content"), guest.page.get_by_text("View all flagged addresses")
        guest.page.keyboard.press("Tab")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        for reached in (
            guest.page.get_by_label("Main").get_by_role("link").first,
            guest.page.get_by_role("button", name="Sign out"),
            guest.page.get_by_role("button", name="Switch between light and dark"),
            guest.page.get_by_role("radio", name="14 days"),
            guest.page.locator(".period-button"),
            guest.page.get_by_role("button", name="Refresh"),
            link,
        ):
            _tab_to(guest.page, reached)


def _tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus; fails when it never has."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    expect(wanted).to_be_focused()


def test_a_refresh_does_not_take_the_keyboard_away(signed_in: Open, stack: dict[str, str]) -> None:
    api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
    day = LONG_AGO - timedelta(days=365)
    api.save_events(build_clicks(11, at=day, apart=20, ip_address="203.0.113.70"))
    with signed_in() as guest:
        guest.open(f"{GUARDRAILS}?start={day.date()}&end={day.date()}")
        link = guest.page.get_by_role("link", name="View all flagged addresses")
        link.focus()
        api.save_events(build_clicks(1, at=day, ip_address="203.0.113.70"))
        # Until the dashboard's cache is too old to answer.
        guest.page.evaluate("setInterval(() => document.getElementById('guardrails-refresh').click(), 1000)")
        row = card(guest.page, "Fraud Detection").get_by_role("row", name="203.0.113.70")
        expect(row).to_contain_text("12", timeout=30_000)
        expect(link).to_be_focused()


def test_the_chosen_colours_stay(signed_in: Open) -> None:
    with signed_in(scheme="light") as guest:
        guest.open(QUIET_WEEK)
        root = guest.page.locator("html")
        expect(root).to_have_attribute("data-mantine-color-scheme", "light")
        guest.page.get_by_role("button", name="Switch between light and dark").click()
        expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
        guest.page.reload()
        expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
        expect(card(guest.page, "Health Score")).to_contain_text("98.0")


def test_on_a_phone_the_menu_opens_and_gets_out_of_the_way(signed_in: Open) -> None:
    with signed_in(width=390) as guest:
        guest.open(f"{GUARDRAILS}/bots?start=2021-03-01&end=2021-03-07")
        menu, account = guest.page.get_by_role("button", name="Menu"), guest.page.get_by_text("Sign out")
        expect(account).to_be_hidden()
        menu.click()
        expect(account).to_be_visible()
        guest.page.keyboard.press("Escape")
        expect(account).to_be_hidden()
        expect(menu).to_be_focused()
        menu.click()
        guest.page.get_by_label("Main").get_by_role("link", name="Guardrails").click()
        expect(account).to_be_hidden()
        expect(guest.page.get_by_role("heading", name="Guardrails", level=1)).to_be_visible()


def test_the_first_run_is_led_from_a_token_to_the_first_event(browser: Browser) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        StackProcess(Path(name) / "var", **ONE_PROCESS_EACH, DASHBOARD_REFRESH_SECONDS="5") as process,
    ):
        stack = process.wait_until_ready()
        with visit(browser, stack["DASHBOARD_URL"]) as guest:
            guest.open("/login")
            guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
            steps = card(guest.page, "Set up Viral Guardrails")
            # The first page of a new stack compiles and connects before it is drawn.
            expect(steps.get_by_role("listitem").nth(1)).to_contain_text("Waiting for the first event", timeout=60_000)
            expect(card(guest.page, "Health Score")).to_contain_text("No data yet")
            expect(guest.page.get_by_role("region")).to_have_count(2)
            expect(steps.get_by_role("button", name="Generate report")).to_be_disabled()
            assert guest.find_violations() == []
            request = steps.locator("pre").first.inner_text()
            for language in ("Python", "Node.js"):
                steps.get_by_role("tab", name=language).click()
                expect(steps.get_by_role("tabpanel")).to_contain_text(f"{stack['METRICS_API_URL']}/v1/events")
            token = {"API_TOKEN": stack["API_TOKEN"]}
            sent = subprocess.run(["bash", "-c", request], env=os.environ | token, capture_output=True, check=True)
            assert json.loads(sent.stdout)["accepted"] == 1
            expect(steps.get_by_role("listitem").nth(1)).to_contain_text(re.compile(r"Received at \d\d:\d\d:\d\d UTC"))
            expect(steps).to_contain_text("1 of 4 done")
            expect(card(guest.page, "Fraud Detection")).to_be_visible()
            steps.get_by_role("link", name="Generate report").click()
            guest.page.wait_for_url("**/dashboard/reports")
            assert guest.complaints == []
            guest.open(GUARDRAILS)
            expect(card(guest.page, "Fraud Detection")).to_be_visible()
            expect(steps).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_is_blocked_inaccessible_or_too_wide(signed_in: Open, width: int, scheme: ColorScheme) -> None:
    with signed_in(width=width, scheme=scheme) as guest:
        for path in PAGES:
            guest.open(path)
            guest.page.wait_for_load_state("networkidle")
            expect(guest.page.locator(".card").first).to_be_visible()
            assert guest.find_violations() == [], path
            assert guest.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert guest.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_login_is_accessible(anonymous: Open, width: int, scheme: ColorScheme) -> None:
    with anonymous(width=width, scheme=scheme) as guest:
        guest.open("/login")
        guest.sign_in("admin@example.com", "a guess")
        expect(guest.page.get_by_role("alert")).to_be_visible()
        assert guest.find_violations() == []
