"""Who gets reports and who hears of alerts, in a real browser, on a real stack."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from metrics_api.access.identifiers import References
from metrics_api.deliveries.subscriptions import build_unsubscribe_url
from tests.support.browsing import ColorScheme, Visit, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SUBSCRIPTIONS, NOTIFICATIONS = "/dashboard/subscriptions", "/dashboard/notifications"
Open = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def signed_in(browser: Browser, stack: dict[str, str]) -> Open:
    """Opens windows of the admin."""
    open_window = partial(visit, browser, stack["DASHBOARD_URL"])
    with open_window() as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        state = guest.page.context.storage_state()
    return partial(open_window, state=state)


def entry(page: Page, text: str) -> Locator:
    """The entry of a list that holds this text."""
    return page.get_by_role("main").get_by_role("listitem").filter(has_text=text)


def build_link(stack: dict[str, str], email: str) -> str:
    """The path of the link in an email of this stack."""
    secrets = json.loads((Path(stack["FLAGS_FILE"]).parent / "secrets.json").read_text())
    return build_unsubscribe_url("", References(secrets["IDENTIFIER_KEY"]), email)


def test_recipients_are_added_mended_and_removed(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(SUBSCRIPTIONS)
        status = guest.page.get_by_role("status")
        addresses = guest.page.get_by_label("Email addresses")
        addresses.fill("ana@example.com; ben@example.com, nobody")
        guest.page.get_by_role("button", name="Add recipients").click()
        expect(status).to_contain_text("“nobody”")
        expect(addresses).to_have_value("ana@example.com; ben@example.com, nobody")
        addresses.fill("ana@example.com; ben@example.com\nANA@example.com")
        guest.page.get_by_role("button", name="Add recipients").click()
        expect(status).to_have_text("Added 2 recipients to the weekly report.")
        expect(addresses).to_have_value("")
        weekly = guest.page.get_by_role("region", name="Weekly growth report")
        expect(weekly.get_by_role("listitem")).to_have_count(2)
        guest.page.get_by_role("button", name="Remove ben@example.com").click()
        expect(status).to_have_text("Recipient removed.")
        expect(weekly.get_by_role("listitem")).to_have_count(1)
        assert guest.complaints == []


def test_a_recipient_unsubscribes_without_an_account(signed_in: Open, browser: Browser, stack: dict[str, str]) -> None:
    with signed_in() as admin:
        admin.open(SUBSCRIPTIONS)
        admin.page.get_by_label("Email addresses").fill("cat@example.com")
        admin.page.get_by_role("button", name="Add recipients").click()
        expect(entry(admin.page, "cat@example.com")).to_have_count(1)
        with visit(browser, stack["DASHBOARD_URL"]) as guest:
            guest.open(build_link(stack, "cat@example.com"))
            expect(guest.page.get_by_text("c…@example.com gets the weekly report")).to_be_visible()
            assert guest.find_violations() == []
            admin.page.reload()
            expect(entry(admin.page, "cat@example.com")).to_have_count(1)
            guest.page.get_by_role("button", name="Unsubscribe").click()
            expect(guest.page.get_by_role("status")).to_contain_text("will no longer get the weekly report")
            assert guest.complaints == []
        admin.page.reload()
        expect(admin.page.get_by_role("region", name="Weekly growth report")).to_be_visible()
        expect(entry(admin.page, "cat@example.com")).to_have_count(0)


def test_a_rule_is_made_tried_changed_and_deleted(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(NOTIFICATIONS)
        page, status = guest.page, guest.page.get_by_role("status")
        expect(page.get_by_text("No one is notified: the flag alert_notifications is off.")).to_be_visible()
        page.get_by_label("Name").fill("Night shift")
        page.get_by_role("textbox", name="Channel").click()
        page.get_by_role("option", name="Webhook").click()
        page.get_by_label("Target").fill("http://10.0.0.1/hook")
        page.get_by_role("button", name="Add rule").click()
        expect(status).to_contain_text("WEBHOOK_ALLOWED_NETWORKS")
        page.get_by_label("Target").fill("https://hooks.example.com/T1/secret-path")
        page.get_by_role("button", name="Add rule").click()
        expect(status).to_have_text("Saved Night shift.")
        secret = page.get_by_role("region", name="Secret for Night shift")
        expect(secret.get_by_text("Copy it now; it is shown only once.")).to_be_visible()
        rule = entry(page, "Night shift")
        expect(rule).to_contain_text("Webhook: https://hooks.example.com/…")
        rule.get_by_role("button", name="Send test").click()
        expect(rule).to_contain_text("Test message")

        rule.get_by_role("button", name="Edit").click()
        expect(page.get_by_label("Name")).to_have_value("Night shift")
        page.get_by_label("Medium").check()
        page.get_by_role("button", name="Save changes").click()
        expect(rule).to_contain_text("Medium")
        rule.get_by_role("button", name="Turn off").click()
        expect(rule).to_contain_text("Off")
        page.reload()
        expect(rule).to_contain_text("Off")
        expect(page.get_by_text("Copy it now")).to_have_count(0)
        rule.get_by_text("More").click()
        rule.get_by_role("button", name="Delete").click()
        expect(rule).to_have_count(0)
        assert guest.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_neither_page_is_blocked_inaccessible_or_too_wide(signed_in: Open, width: int, scheme: ColorScheme) -> None:
    with signed_in(width=width, scheme=scheme) as guest:
        for path in (SUBSCRIPTIONS, NOTIFICATIONS):
            guest.open(path)
            expect(guest.page.get_by_role("heading", level=1)).to_be_visible()
            expect(guest.page.locator(".skeleton")).to_have_count(0)
            assert guest.find_violations() == [], path
            assert guest.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert guest.complaints == []
