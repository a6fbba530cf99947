"""A report's email section in a real browser: the placeholder, and real delivery by a real mail server."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.mailing import Mailing, Open
from tests.support.browsing import ColorScheme
from tests.support.mail_server import DROP
from viral_contract.models.people import Role

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOOLTIP = "Email delivery will be available in v1.1. Reports can be viewed in the dashboard."
PLACEHOLDER = "Queue Email (Placeholder)"
QUEUED = "Email queued for future delivery (placeholder)"
_IS_TAKEN_IN = "typed => window.dash_component_api.getLayout('report-recipients').props.value === typed"


@pytest.fixture(scope="module")
def report_id(mailing: Mailing) -> int:
    return mailing.make_report()


@pytest.fixture(scope="module")
def report_path(report_id: int) -> str:
    return f"/dashboard/reports/{report_id}"


def send(page: Page, button: str, recipients: str) -> None:
    """Fill in the form and press its button."""
    expect(page.get_by_role("button", name=button)).to_be_visible()
    page.get_by_label("Recipients").fill(recipients)
    page.get_by_role("button", name=button).click()


def test_while_email_is_off_the_section_says_so_in_the_agreed_words(open_as: Open, report_path: str) -> None:
    with open_as(Role.ANALYST) as guest:
        guest.open(report_path)
        section = guest.page.get_by_role("region", name="Email this report")
        badge = section.get_by_text("Coming Soon", exact=True)
        expect(badge).to_be_visible()
        badge.focus()
        expect(guest.page.get_by_role("tooltip")).to_have_text(TOOLTIP)
        expect(section.get_by_label("Recipients")).to_be_editable()
        expect(section).to_contain_text("Delivery is a placeholder in this version")
        expect(section.get_by_role("button")).to_have_text([PLACEHOLDER])
        assert guest.complaints == []


def test_a_placeholder_is_logged_and_recorded_and_nothing_is_sent(
    open_as: Open, mailing: Mailing, report_id: int, report_path: str
) -> None:
    with open_as(Role.ANALYST) as guest:
        guest.open(report_path)
        send(guest.page, PLACEHOLDER, "vera@school.example;\nWill@school.example, vera@school.example")
        expect(guest.page.get_by_role("status")).to_have_text(QUEUED)
        for recipient in ("vera@school.example", "Will@school.example"):
            row = guest.page.get_by_role("row", name=recipient)
            expect(row).to_contain_text("Placeholder")
            [delivery] = mailing.find_deliveries(report_id, recipient)
            assert delivery.status == "placeholder"
        expect(guest.page.get_by_label("Recipients")).to_be_empty()
        assert guest.complaints == []
    logged = [line for line in mailing.process.lines if "email_placeholder" in line and "@school.example" in line]
    assert len(logged) == 2
    assert all("Weekly growth report" in line and f"report_id={report_id}" in line for line in logged)
    assert {mask for line in logged for mask in re.findall(r"\S+@school\.example", line)} == {
        "masked_recipient=v…@school.example",
        "masked_recipient=W…@school.example",
    }
    assert mailing.mail.taken == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_what_would_have_been_sent_is_read_on_a_page_of_its_own(
    open_as: Open, report_path: str, width: int, scheme: ColorScheme
) -> None:
    with open_as(Role.ANALYST, width=width, scheme=scheme) as guest:
        guest.open(report_path)
        row = guest.page.get_by_role("row", name="vera@school.example")
        row.get_by_role("link", name="View message that would have been sent").click()
        message = guest.page.get_by_role("main")
        expect(message.get_by_role("heading", level=1)).to_have_text("Message")
        expect(message.get_by_role("heading", level=2)).to_contain_text("Weekly growth report")
        expect(message).to_contain_text("To vera@school.example")
        expect(message.locator("pre")).to_contain_text("K-factor")
        assert guest.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert guest.find_violations() == []
        assert guest.complaints == []
        message.get_by_role("navigation").get_by_role("link").click()
        guest.page.wait_for_url(f"**{report_path}")


def test_bad_addresses_are_named_and_nothing_typed_is_lost(open_as: Open, report_path: str) -> None:
    typed = "xenia@school.example, yuri; z@"
    with open_as(Role.ANALYST) as guest:
        guest.open(report_path)
        send(guest.page, PLACEHOLDER, typed)
        wrong = guest.page.get_by_role("status").get_by_role("listitem")
        expect(wrong).to_have_text([re.compile("^“yuri”: "), re.compile("^“z@”: ")])
        expect(guest.page.get_by_label("Recipients")).to_have_value(typed)
        expect(guest.page.get_by_label("Recipients")).to_have_attribute("aria-invalid", "true")
        expect(guest.page.get_by_role("row", name="xenia@school.example")).to_have_count(0)
        assert guest.find_violations() == []


def test_a_viewer_sees_the_form_and_why_it_is_not_theirs(open_as: Open, report_path: str) -> None:
    with open_as(Role.VIEWER) as guest:
        guest.open(report_path)
        button = guest.page.get_by_role("button", name=PLACEHOLDER)
        expect(button).to_be_disabled()
        expect(guest.page.get_by_text("Only analysts and admins can send reports.")).to_be_visible()
        expect(guest.page.get_by_label("Recipients")).to_be_disabled()


def test_a_form_that_promised_a_placeholder_sends_nothing_once_email_is_on(
    open_as: Open, mailing: Mailing, report_id: int, report_path: str
) -> None:
    with open_as(Role.ANALYST) as guest:
        guest.open(report_path)
        # Nothing is under way yet, so the section rests and does not look again by itself.
        expect(guest.page.get_by_role("button", name=PLACEHOLDER)).to_be_visible()
        with mailing.email_on(report_id):
            send(guest.page, PLACEHOLDER, "eve@promised.example")
            expect(guest.page.get_by_role("status")).to_contain_text("Email delivery was turned on in the meantime")
            expect(guest.page.get_by_role("button", name="Send report")).to_be_visible()
            expect(guest.page.get_by_label("Recipients")).to_have_value("eve@promised.example")
    assert mailing.find_deliveries(report_id, "eve@promised.example") == []


def test_real_delivery_is_followed_from_the_keyboard_to_the_inbox(
    open_as: Open, mailing: Mailing, report_id: int, report_path: str
) -> None:
    with mailing.email_on(report_id), open_as(Role.ANALYST) as guest:
        guest.open(report_path)
        expect(guest.page.get_by_role("button", name="Send report")).to_be_visible()
        expect(guest.page.get_by_text("Coming Soon")).to_be_hidden()
        mailing.mail.holds_messages.set()
        guest.page.get_by_label("Recipients").focus()
        typed = "ada@inbox.example, bob@inbox.example"
        guest.page.keyboard.type(typed)
        # No person types this fast: on a busy machine the page takes what was typed in later than it shows it.
        guest.page.wait_for_function(_IS_TAKEN_IN, arg=typed)
        guest.page.keyboard.press("Tab")
        guest.page.keyboard.press("Enter")
        expect(guest.page.get_by_role("status")).to_have_text("Queued for 2 recipients.")
        ada, bob = (guest.page.get_by_role("row", name=f"{name}@inbox.example") for name in ("ada", "bob"))
        expect(ada).to_contain_text("Sending")
        expect(ada).to_contain_text("Attempt 1 of 5")
        mailing.mail.holds_messages.clear()
        for row in (ada, bob):
            # Both may have waited for the reconciler on a busy machine.
            expect(row).to_contain_text(re.compile(r"Sent\d+ \w+ \d+:\d+ UTC"), timeout=60_000)
        assert guest.complaints == []
    sent = [taken for taken in mailing.mail.taken if taken.recipients[0].endswith("@inbox.example")]
    assert sorted(taken.recipients for taken in sent) == [["ada@inbox.example"], ["bob@inbox.example"]]
    assert all("Weekly growth report" in str(taken.message["Subject"]) for taken in sent)
    assert mailing.find_taken("vera@school.example") == 0


def test_what_went_wrong_is_told_for_each_recipient(
    open_as: Open, mailing: Mailing, report_id: int, report_path: str
) -> None:
    answers = {
        "nobody@wrong.example": ("to_recipient", "550 No such user", r"Failed.*answered 550.*1 attempt"),
        "later@wrong.example": ("to_recipient", "451 Come later", r"Attempt 2 of 5 at .* because attempt 1 failed"),
        "perhaps@wrong.example": ("to_message", DROP, "Unconfirmed.*Not known whether it arrived"),
    }
    with mailing.email_on(report_id), open_as(Role.ANALYST) as guest:
        guest.open(report_path)
        for recipient, (asked, answer, told) in answers.items():
            getattr(mailing.mail, asked).append(answer)
            send(guest.page, "Send report", recipient)
            expect(guest.page.get_by_role("row", name=recipient)).to_have_text(re.compile(told))
        assert guest.complaints == []


def test_the_list_of_reports_tells_what_became_of_the_emails(open_as: Open, report_id: int) -> None:
    with open_as(Role.VIEWER) as guest:
        guest.open("/dashboard/reports")
        row = guest.page.get_by_role("row", name=re.compile(rf"#{report_id}\b"))
        expect(row).to_contain_text("In progress")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_section_is_accessible_with_email_off_and_on(
    open_as: Open, mailing: Mailing, report_id: int, report_path: str, width: int, scheme: ColorScheme
) -> None:
    with open_as(Role.ANALYST, width=width, scheme=scheme) as guest:
        guest.open(report_path)
        expect(guest.page.get_by_role("button", name=PLACEHOLDER)).to_be_visible()
        assert guest.find_violations() == []
        with mailing.email_on(report_id):
            guest.page.reload()
            expect(guest.page.get_by_role("button", name="Send report")).to_be_visible()
            expect(guest.page.get_by_role("row", name="nobody@wrong.example")).to_be_visible()
            assert guest.find_violations() == []
            assert guest.page.evaluate("document.documentElement.scrollWidth") <= width
        assert guest.complaints == []
