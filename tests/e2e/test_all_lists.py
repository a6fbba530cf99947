"""Every other list on the one frame, and Fraud Detection by referrer, in a real browser."""

import csv
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Download, Page, StorageState, expect

from tests.support.browsing import Visit, visit
from tests.support.builders import build_clicks, build_event
from tests.support.stack_process import ONE_PROCESS_EACH, StackProcess
from viral_contract.client.metrics_api import MetricsApi

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GUARDRAILS = "/dashboard/guardrails"
AT = datetime.now(UTC) - timedelta(days=1)
FARM = [f"198.51.100.{number}" for number in range(101, 107)]
DEVICE = "a device with events"
Open = Callable[..., AbstractContextManager[Visit]]


@dataclass(frozen=True)
class Listed:
    """A list: what its search is called, a text that leaves `found` rows, a head that sorts, and what a row is."""

    path: str
    search: str
    text: str
    found: int
    head: str
    noun: str

    @property
    def name(self) -> str:
        """How its file begins."""
        return self.path.partition("?")[0].rpartition("/")[2]


LISTS = (
    Listed(f"{GUARDRAILS}/referrers", "Referrer", "usr_own_1", 1, "Flagged", "referrer"),
    Listed(f"{GUARDRAILS}/fraud/referrers", "Referrer", "usr_farm", 1, "Networks", "referrer"),
    Listed("/dashboard/growth/referrers", "Referrer", "usr_own", 2, "Conversions", "referrer"),
    Listed(f"{GUARDRAILS}/violations", "Item, rule or note", "share_of_the_lists", 1, "Found", "violation"),
    Listed("/dashboard/alerts", "Message, note or name", "more than 10 clicks", 1, "Opened", "alert"),
    Listed("/dashboard/audit", "Actor, action or subject", "set admin password", 1, "When", "entry"),
    Listed(
        "/dashboard/investigations/events?" + urlencode({"kind": "device", "id": DEVICE}),
        "Address, device, referrer, link, user or loop",
        "link_seven",
        1,
        "Time",
        "event",
    ),
)


@pytest.fixture(scope="module")
def stack() -> Iterator[dict[str, str]]:
    """A stack of its own: other tests count what is flagged."""
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        StackProcess(Path(name) / "var", **ONE_PROCESS_EACH) as process,
    ):
        yield process.wait_until_ready()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, stack: dict[str, str]) -> Open:
    """Opens windows of the admin; a farm clicks for one referrer, and two referrers credit themselves."""
    api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
    for address in FARM:
        api.save_events(build_clicks(11, at=AT, apart=60, ip_address=address, referrer_id="usr_farm"))
    own = [
        build_event("conversion", at=AT, user_id=name, referrer_id=name, device_fingerprint=f"device of {name}")
        for name in ("usr_own_1", "usr_own_2")
    ]
    visits = [
        build_event("visit", at=AT + timedelta(minutes=minute), device_fingerprint=DEVICE, link_id=link)
        for minute, link in enumerate(("link_seven", "link_eight"))
    ]
    api.save_events([*own, *visits])
    api.save_parent_shares(
        [{"id": "share_of_the_lists", "share_data": {"message": "write to john@example.com"}, "view_count": 1}]
    )
    api.evaluate_now()
    open_window = partial(visit, browser, stack["DASHBOARD_URL"])
    with open_window() as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        state: StorageState = guest.page.context.storage_state()
    return partial(open_window, state=state)


def read_lines(download: Download) -> list[list[str]]:
    """The lines of a file below its first."""
    with download.path().open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def save(page: Page, role: str) -> Download:
    """What the link or button CSV gives."""
    with page.expect_download() as download:
        page.get_by_role(role, name="CSV").click()  # type: ignore[arg-type]
    return download.value


@pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.path.partition("?")[0])
def test_a_list_is_searched_sorted_and_saved(signed_in: Open, listed: Listed) -> None:
    with signed_in() as guest:
        page = guest.page
        rows, text = page.locator("tr[data-row]"), page.get_by_label(listed.search, exact=True)
        guest.open(listed.path)
        expect(rows.first).to_be_visible()
        head = page.get_by_role("columnheader", name=listed.head, exact=True)
        head.get_by_role("button").click()
        expect(page).to_have_url(re.compile("sort="))
        expect(head).to_have_attribute("aria-sort", re.compile("ascending|descending"))

        text.fill(listed.text)
        expect(page).to_have_url(re.compile("q="))
        expect(page.get_by_text(f"Showing {listed.found} of {listed.found}")).to_be_visible()
        # A list with as few rows before says the same; its file is the one of the rows that are drawn.
        expect(page.get_by_role("link", name="CSV")).to_have_attribute("href", re.compile("q="))
        page.get_by_role("heading", level=1).click()
        for key in "jx":
            page.keyboard.press(key)
        expect(page.get_by_role("region", name="Selection")).to_contain_text("1 selected")
        expect(page.locator("tr[data-row][aria-current=true]")).to_be_focused()
        chosen = save(page, "button")
        assert chosen.suggested_filename.startswith(f"{listed.name}_")
        assert len(read_lines(chosen)) == 1
        assert len(read_lines(save(page, "link"))) == listed.found
        page.keyboard.press("Escape")
        expect(page.get_by_role("region", name="Selection")).to_have_count(0)

        text.fill("nothing of the kind")
        expect(page.get_by_text(f"No {listed.noun} matches")).to_be_visible()
        page.get_by_role("link", name="Clear filters").click()
        expect(text).to_have_value("")
        expect(rows.first).to_be_visible()
        assert guest.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1000, "light"), (1440, "light")])
def test_the_lists_fit_and_can_be_read(signed_in: Open, width: int, scheme: str) -> None:
    with signed_in(width=width, scheme=scheme) as guest:
        for listed in LISTS:
            guest.open(listed.path)
            expect(guest.page.locator("tr[data-row]").first).to_be_visible()
            assert guest.find_violations() == [], listed.path
            assert guest.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), listed.path
        assert guest.complaints == []


def test_fraud_is_shown_by_referrer_as_the_address_says(signed_in: Open) -> None:
    with signed_in() as guest:
        page = guest.page
        guest.open(GUARDRAILS)
        fraud = page.get_by_role("region", name="Fraud Detection")
        fraud.get_by_role("link", name="By referrer").click()
        expect(page).to_have_url(re.compile("fraud=referrer"))
        row = fraud.get_by_role("row").filter(has_text="usr_farm")
        expect(row).to_contain_text(str(len(FARM) * 11))
        page.reload()
        expect(row.get_by_role("link")).to_have_attribute("href", re.compile("kind=referrer&id=usr_farm"))
        fraud.get_by_role("link", name=re.compile("View all")).click()
        expect(page.get_by_role("heading", name="Referrers of flagged addresses")).to_be_visible()
        page.go_back()
        fraud.get_by_role("link", name="By network").click()
        expect(fraud.get_by_role("link", name=FARM[0])).to_be_visible()
        assert guest.complaints == []


def test_growth_is_compared_with_another_period_or_with_none(signed_in: Open) -> None:
    with signed_in() as guest:
        page = guest.page
        guest.open("/dashboard/growth")
        button = page.locator(".period-button")
        expect(button).to_contain_text("vs. previous 7 days")
        button.click()
        expect(page.get_by_role("button", name="This term")).to_be_visible()
        page.keyboard.press("s")
        page.get_by_role("button", name="Apply").click()
        expect(page).to_have_url(re.compile(r"start=\d{4}-(07-01|12-21)&"))
        for name, value, words in (
            ("Year ago", "year", "vs. a year ago"),
            ("Term ago", "term", "vs. a term ago"),
            ("Nothing", "none", "no comparison"),
        ):
            button.click()
            page.get_by_role("button", name=name).click()
            expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
            page.get_by_role("button", name="Apply").click()
            expect(page).to_have_url(re.compile(f"compare={value}"))
            expect(button).to_contain_text(words)
        expect(page.get_by_text("Compare the period with another one")).to_be_visible()
        assert guest.complaints == []
