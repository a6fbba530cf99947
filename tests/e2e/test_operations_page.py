"""The page of operations in a real browser: what failed or is uncertain is decided by an admin."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.mailing import Mailing, Open
from tests.support.browsing import ColorScheme, Visit
from tests.support.mail_server import DROP
from tests.support.waiting import wait_until
from viral_contract.models.people import Role

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPERATIONS = "/dashboard/operations"
UPDATES = re.compile("/_dash-update-component")


@pytest.fixture(scope="module")
def report_id(mailing: Mailing) -> int:
    return mailing.make_report()


def fail(mailing: Mailing, report_id: int, recipient: str, answer: str) -> str:
    """A message that the server answers so; its name on the page."""
    with mailing.email_on(report_id):
        answers = mailing.mail.to_message if answer == DROP else mailing.mail.to_recipient
        answers.append(answer)
        [delivery] = mailing.api.deliver_report(report_id, [recipient]).deliveries
        ended = "uncertain" if answer == DROP else "failed"
        wait_until(lambda: mailing.find_deliveries(report_id, recipient)[0].status == ended, ended)
    return f"Delivery {delivery.id}"


def letter(page: Page, name: str) -> Locator:
    """The entry about what waits for a person."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))


def decide(guest: Visit, name: str, choice: str, said: str) -> None:
    """Take a decision about an entry, which then leaves the list by itself."""
    entry = letter(guest.page, name)
    entry.get_by_text("Resolve").click()
    entry.get_by_role("button", name=choice).click()
    expect(guest.page.get_by_role("status")).to_have_text(f"{name} {said}")
    expect(entry).to_have_count(0)


def queue(page: Page, name: str) -> Locator:
    """The row of a queue."""
    return page.get_by_role("row", name=name)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_than_admins_are_told_whom_to_ask(open_as: Open, role: Role) -> None:
    with open_as(role) as guest:
        guest.open(OPERATIONS)
        expect(guest.page.get_by_text("Only admins can view the queues")).to_be_visible()
        expect(guest.page.get_by_role("table")).to_have_count(0)
        assert guest.find_violations() == []


def test_an_admin_finds_every_queue_by_the_navigation(open_as: Open) -> None:
    with open_as(Role.ADMIN) as guest:
        guest.open("/dashboard/guardrails")
        guest.page.get_by_label("Main").get_by_role("link", name="Operations").click()
        for name in ("Webhooks", "Performance reports", "Batch", "Default"):
            expect(queue(guest.page, name)).to_contain_text("Idle")
        assert guest.complaints == []


def test_what_failed_is_tried_again_by_keyboard_and_arrives(open_as: Open, mailing: Mailing, report_id: int) -> None:
    with open_as(Role.ADMIN) as guest:
        guest.open(OPERATIONS)
        expect(queue(guest.page, "Email delivery")).to_be_visible()
        # It appears without a reload.
        name = fail(mailing, report_id, "gone@operations.example", "550 No such user")
        entry = letter(guest.page, name)
        expect(entry).to_contain_text("Failed")
        expect(entry).to_contain_text("550")
        expect(entry).to_contain_text("after 1 attempt")
        expect(queue(guest.page, "Email delivery")).to_contain_text("Needs attention")
        with mailing.email_on(report_id):
            entry.get_by_text("Resolve").focus()
            for key in ("Enter", "Tab", "Enter"):
                guest.page.keyboard.press(key)
            expect(guest.page.get_by_role("status")).to_have_text(f"{name} is queued again.")
            expect(entry).to_have_count(0)
            wait_until(lambda: mailing.find_taken("gone@operations.example") == 1, "the message arrived")
        assert guest.complaints == []
    decisions = mailing.api.fetch_audit_entries(limit=50).model_dump_json()
    assert "retry_dead_letter" in decisions
    assert "admin@example.org" in decisions


def test_what_is_uncertain_is_confirmed_and_not_sent_again(open_as: Open, mailing: Mailing, report_id: int) -> None:
    recipient = "confirmed@operations.example"
    name = fail(mailing, report_id, recipient, DROP)
    with open_as(Role.ADMIN) as guest:
        guest.open(OPERATIONS)
        expect(letter(guest.page, name)).to_contain_text("Unconfirmed")
        decide(guest, name, "Mark as sent", "marked as sent.")
        assert guest.complaints == []
    assert mailing.find_deliveries(report_id, recipient)[0].status == "sent"
    assert mailing.find_taken(recipient) == 1


def test_what_is_uncertain_is_sent_once_more_after_a_warning(open_as: Open, mailing: Mailing, report_id: int) -> None:
    recipient = "doubled@operations.example"
    name = fail(mailing, report_id, recipient, DROP)
    with open_as(Role.ADMIN) as guest, mailing.email_on(report_id):
        guest.open(OPERATIONS)
        expect(letter(guest.page, name)).to_contain_text("If it did arrive, the recipient gets it twice.")
        decide(guest, name, "Send again", "is queued again.")
        wait_until(lambda: mailing.find_deliveries(report_id, recipient)[0].status == "sent", "it was sent")
    assert mailing.find_taken(recipient) == 2


def test_what_is_let_go_leaves_the_list_for_good(open_as: Open, mailing: Mailing, report_id: int) -> None:
    recipient = "dropped@operations.example"
    name = fail(mailing, report_id, recipient, "550 No such user")
    with open_as(Role.ADMIN) as guest:
        guest.open(OPERATIONS)
        decide(guest, name, "Discard", "discarded.")
        guest.page.reload()
        expect(queue(guest.page, "Email delivery")).to_be_visible()
        expect(letter(guest.page, name)).to_have_count(0)
    assert mailing.find_deliveries(report_id, recipient)[0].status == "cancelled"


def test_the_page_goes_on_by_itself_after_the_api_was_away(open_as: Open) -> None:
    with open_as(Role.ADMIN) as guest:
        guest.open(OPERATIONS)
        expect(queue(guest.page, "Email delivery")).to_be_visible()
        guest.page.route(UPDATES, lambda route: route.abort())
        guest.page.get_by_role("button", name="Refresh").click()
        problem = guest.page.get_by_text(re.compile(r"Could not refresh\. Showing data from \d\d:\d\d:\d\d UTC"))
        expect(problem).to_be_visible()
        expect(queue(guest.page, "Email delivery")).to_be_visible()
        guest.page.unroute(UPDATES)
        expect(problem).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_is_accessible_empty_and_with_something_to_decide(
    open_as: Open, mailing: Mailing, report_id: int, width: int, scheme: ColorScheme
) -> None:
    with open_as(Role.ADMIN, width=width, scheme=scheme) as guest:
        guest.open(OPERATIONS)
        name = fail(mailing, report_id, f"{scheme}-{width}@operations.example", DROP)
        letter(guest.page, name).get_by_text("Resolve").click()
        expect(letter(guest.page, name).get_by_role("button")).to_have_count(3)
        assert guest.find_violations() == []
        assert guest.page.evaluate("document.documentElement.scrollWidth") <= width
        letter(guest.page, name).get_by_role("button", name="Discard").click()
        expect(letter(guest.page, name)).to_have_count(0)
        assert guest.find_violations() == []
        assert guest.complaints == []
