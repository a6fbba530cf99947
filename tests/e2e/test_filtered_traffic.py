"""Filtered traffic and shared networks in a real browser, on a real stack."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.support.browsing import ColorScheme, Visit, visit
from tests.support.builders import build_event
from viral_contract.client.metrics_api import MetricsApi

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DAY = datetime(2022, 3, 4, 12, tzinfo=UTC)
WEEK = "start=2022-03-01&end=2022-03-07"
TRAFFIC = f"/dashboard/traffic?{WEEK}"
GUARDRAILS = f"/dashboard/guardrails?{WEEK}"
PREVIEWS = "reason=WhatsApp+%28social-preview%29&traffic_class=preview"
PAGES = (
    (TRAFFIC, "Totals", "Filtered10"),
    (f"/dashboard/traffic/reasons?{WEEK}", "Reasons", "WhatsApp"),
    (f"/dashboard/traffic/events?{WEEK}&{PREVIEWS}", "Events of a reason", "Parent share"),
)
LISTS = [f"/dashboard/guardrails/fraud?{WEEK}", *(path for path, _, _ in PAGES[1:])]
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SCHOOL, FARM = "192.0.2.77", "198.51.100.20"
Open = Callable[..., AbstractContextManager[Visit]]


def plant_traffic() -> list[dict[str, Any]]:
    """Ten clicks of people and ten that no person made; seven of these are previews of shares."""
    shares = [build_event(at=DAY, user_agent="WhatsApp/2.24.20.89 A", source="parent_share") for _ in range(7)]
    bots = [build_event(at=DAY, user_agent=GOOGLEBOT, source="buddy_challenge") for _ in range(2)]
    ahead = build_event(at=DAY, user_agent=PHONE, http_method="HEAD", source="buddy_challenge")
    people = [build_event(at=DAY, user_agent=PHONE, source="buddy_challenge") for _ in range(10)]
    return [*shares, *bots, ahead, *people]


def plant_networks() -> list[dict[str, Any]]:
    """A class whose 28 children click on the links of seven others, and a farm of two devices."""
    person = count()
    school = [
        build_event(at=DAY, user_agent=PHONE, ip_address=SCHOOL, **_child(number), referrer_id=f"friend-{number % 7}")
        for number in range(28)
    ]
    farm = [
        build_event(
            at=DAY.replace(minute=number),
            user_agent=PHONE,
            ip_address=FARM,
            device_fingerprint=f"farm-{next(person) % 2}",
            referrer_id="farmer",
        )
        for number in range(20)
    ]
    return [*school, *farm]


def _child(number: int) -> dict[str, str]:
    return {"device_fingerprint": f"chromebook-{number}", "user_id": f"child-{number}"}


@pytest.fixture(scope="module")
def signed_in(browser: Browser, stack: dict[str, str]) -> Open:
    """Opens windows of the admin, on a stack with the planted clicks."""
    MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"]).save_events([*plant_traffic(), *plant_networks()])
    anonymous = partial(visit, browser, stack["DASHBOARD_URL"])
    with anonymous() as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        state: StorageState = guest.page.context.storage_state()
    return partial(anonymous, state=state)


def card(page: Page, heading: str) -> Locator:
    """The card with this heading, as a screen reader finds it."""
    return page.get_by_role("region", name=heading)


def test_the_card_leads_to_what_was_filtered_and_why(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GUARDRAILS)
        filtered = card(guest.page, "Filtered traffic")
        expect(filtered.get_by_role("listitem").filter(has_text="Link previews")).to_contain_text("7")
        filtered.get_by_role("link", name="View classes and reasons").click()
        expect(guest.page).to_have_url(re.compile(re.escape(TRAFFIC)))
        expect(guest.page.get_by_role("heading", name="Filtered traffic", level=1)).to_be_visible()
        expect(card(guest.page, "Totals")).to_contain_text("Filtered10")
        chart = card(guest.page, "By day").get_by_role("img")
        expect(chart).to_have_accessible_name("10 filtered clicks in 1–7 Mar 2022; most on 4 Mar: 10")
        expect(card(guest.page, "By day").get_by_role("row", name="4 Mar")).to_have_text("4 Mar721010")
        expect(card(guest.page, "By loop").get_by_role("row", name="Parent share")).to_contain_text("100.0%")
        expect(card(guest.page, "Classes").get_by_role("row", name="Prefetch")).to_contain_text("nobody clicked")
        reason = card(guest.page, "Reasons").get_by_role("row", name="WhatsApp")
        expect(reason).to_contain_text("WhatsApp/2.24.20.89 A")
        assert guest.complaints == []


def test_the_days_are_shown_by_class_or_by_loop_and_stay_so_when_data_comes(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(TRAFFIC)
        days = card(guest.page, "By day")
        expect(days.get_by_text("Link previews", exact=True).first).to_be_visible()
        expect(days.get_by_text("Parent share", exact=True).first).to_be_hidden()
        days.get_by_role("radio", name="By class").press("ArrowRight")
        expect(days.get_by_text("Parent share", exact=True).first).to_be_visible()
        expect(days.get_by_text("Link previews", exact=True).first).to_be_hidden()
        expect(days.get_by_role("row", name="4 Mar")).to_have_text("4 Mar7310")
        with guest.page.expect_response(re.compile("/_dash-update-component")):
            guest.page.get_by_role("button", name="Refresh").click()
        expect(days.get_by_text("Parent share", exact=True).first).to_be_visible()
        assert guest.find_violations() == []
        assert guest.complaints == []


def test_reasons_are_searched_exported_and_opened(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(TRAFFIC)
        card(guest.page, "Reasons").get_by_role("link", name="Search and export all reasons").click()
        found = card(guest.page, "Reasons")
        expect(found.get_by_role("row")).to_have_count(1 + 3)
        search = guest.page.get_by_role("textbox", name="Pattern or user agent")
        search.fill("google")
        expect(found.get_by_role("row")).to_have_count(1 + 1)
        expect(guest.page).to_have_url(re.compile("reasons.*&q=google"))
        with guest.page.expect_download() as download:
            guest.page.get_by_role("link", name="CSV").click()
        assert download.value.suggested_filename == "reasons_2022-03-01_2022-03-07.csv"
        assert len(download.value.path().read_text().splitlines()) == 1 + 1
        search.fill("")
        expect(found.get_by_role("row")).to_have_count(1 + 3)
        found.get_by_role("link", name="View events of WhatsApp").click()
        about = guest.page.locator("#traffic-events-about")
        expect(about).to_have_text("WhatsApp · social-preview · Link previews · 1–7 Mar 2022")
        events = card(guest.page, "Events of a reason")
        expect(events.get_by_role("row")).to_have_count(1 + 7)
        expect(events.get_by_role("row", name="Parent share").first).to_contain_text("WhatsApp/2.24.20.89 A")
        assert guest.complaints == []


def test_a_period_without_clicks_has_nothing_filtered(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open("/dashboard/traffic?start=2019-03-01&end=2019-03-07")
        expect(card(guest.page, "By day")).to_contain_text("Nothing was filtered in this period")
        expect(card(guest.page, "Reasons")).to_contain_text("Nothing was filtered in this period")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_are_accessible_and_fit(signed_in: Open, width: int, scheme: ColorScheme) -> None:
    with signed_in(width=width, scheme=scheme) as guest:
        for path, place, shown in PAGES:
            guest.open(path)
            expect(card(guest.page, place)).to_contain_text(shown)
            assert guest.find_violations() == [], path
            assert guest.page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_school_stands_apart_and_is_trusted_with_one_click(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GUARDRAILS)
        fraud = card(guest.page, "Fraud Detection")
        expect(fraud.get_by_role("row", name=FARM)).to_have_text(f"{FARM}Flagged4 Mar 202220210.01100.0%")
        expect(fraud.get_by_role("rowheader", name="1 flagged")).to_be_visible()
        expect(fraud.get_by_role("rowheader", name="1 shared network")).to_be_visible()
        expect(fraud.get_by_role("row", name=SCHOOL)).to_contain_text("Shared")
        expect(card(guest.page, "What is lowering the score").get_by_role("row", name="Fraud")).to_contain_text("−2.0")
        expect(fraud).to_contain_text(f"{SCHOOL} looks like a school.")
        fraud.get_by_role("button", name="Trust until").click()
        toast = guest.page.locator("#guardrails-trusted[role=status]")
        expect(toast).to_contain_text(f"{SCHOOL} is trusted until")
        toast.get_by_role("link", name="Trusted networks").click()
        network = guest.page.get_by_role("listitem").filter(has_text=f"{SCHOOL}/32")
        expect(network).to_contain_text("Looks like a school")
        network.locator("summary").click()
        network.get_by_role("button", name="Remove from list").click()
        expect(network).to_have_count(0)
        assert guest.complaints == []


@pytest.mark.parametrize("key", ["z", "Enter"])
def test_trust_is_undone_while_its_toast_is_in_sight(signed_in: Open, key: str) -> None:
    with signed_in() as guest:
        guest.open(GUARDRAILS)
        card(guest.page, "Fraud Detection").get_by_role("button", name="Trust until").click()
        toast = guest.page.locator("#guardrails-trusted[role=status]")
        undo = toast.get_by_role("button", name="Undo")
        expect(undo).to_be_visible()
        assert toast.locator(".toast").evaluate("toast => getComputedStyle(toast).animationDuration") == "10s"
        if key == "Enter":
            undo.focus()
        guest.page.keyboard.press(key)
        expect(toast).to_contain_text(f"Undone: {SCHOOL} is not trusted.")
        expect(undo).to_have_count(0)
        guest.open("/dashboard/lists")
        expect(card(guest.page, "Entries")).to_contain_text("Nothing is on a list yet.")
        assert guest.complaints == []


def test_on_a_phone_cards_are_one_line_until_they_are_opened(signed_in: Open) -> None:
    with signed_in(width=390) as guest:
        guest.open(GUARDRAILS)
        fraud = card(guest.page, "Fraud Detection")
        row, line = fraud.get_by_role("row", name=FARM), fraud.locator(".fold > summary")
        expect(line).to_contain_text("1 flagged, 1 shared")
        expect(row).to_be_hidden()
        assert guest.find_violations() == []
        line.focus()
        guest.page.keyboard.press("Enter")
        expect(row).to_be_visible()
        with guest.page.expect_response(re.compile("/_dash-update-component")):
            guest.page.get_by_role("button", name="Refresh").click()
        expect(row).to_be_visible()
        line.press("Space")
        expect(row).to_be_hidden()
        guest.open(f"{GUARDRAILS}&panel=fraud")
        expect(row).to_be_visible()
        assert guest.complaints == []


def test_where_there_is_room_cards_are_open_and_stay_so(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GUARDRAILS)
        fraud = card(guest.page, "Fraud Detection")
        row = fraud.get_by_role("row", name=FARM)
        expect(row).to_be_visible()
        fraud.get_by_role("heading").click(force=True)
        expect(row).to_be_visible()
        expect(fraud.locator(".fold > summary")).to_have_attribute("tabindex", "-1")
        guest.page.set_viewport_size({"width": 390, "height": 900})
        expect(row).to_be_hidden()
        guest.page.set_viewport_size({"width": 1440, "height": 900})
        expect(row).to_be_visible()


@pytest.mark.parametrize("width", [390, 760, 980, 1180, 1440])
def test_lists_fit_every_window(signed_in: Open, width: int) -> None:
    with signed_in(width=width) as guest:
        for path in LISTS:
            guest.open(path)
            frame = guest.page.locator(".table-frame")
            expect(frame).to_be_visible()
            assert frame.evaluate("frame => frame.scrollWidth - frame.clientWidth") == 0, path
            assert guest.page.evaluate("document.documentElement.scrollWidth") <= width, path
