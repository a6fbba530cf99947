"""Acting on what the guardrails found, in a real browser, on a real stack."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import create_engine, insert

from metrics_api.access.passwords import hash_password
from metrics_api.db.tables import people
from tests.support.browsing import ColorScheme, Visit, visit
from tests.support.builders import build_clicks
from tests.support.stack_process import ONE_PROCESS_EACH, StackProcess
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Role

# In one of pytest-xdist's workers, so that only one stack is started.
pytestmark = [pytest.mark.browser, pytest.mark.slow]

GUARDRAILS = "/dashboard/guardrails"
VIOLATIONS = f"{GUARDRAILS}/violations"
NETWORKS = "/dashboard/lists"
WHAT_IF = f"{GUARDRAILS}/what-if"
PASSWORD = "only for this test"
FARM = [f"198.51.100.{number}" for number in range(1, 8)]
SCHOOL = "203.0.113.77"
FRAUD_ALERT = "Click fraud suspected"
COPPA_ALERT = "Children's personal information shared"
HISTORY = "/dashboard/alerts"
Open = Callable[[str], AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def acting_stack() -> Iterator[dict[str, str]]:
    """A stack with a click farm, a school, two shares that say too much, and one person of each role."""
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        StackProcess(Path(name) / "var", **ONE_PROCESS_EACH) as process,
    ):
        stack = process.wait_until_ready()
        api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
        _save_facts(api)
        _save_people(stack["DATABASE_URL"])
        api.evaluate_now()
        yield stack


def _save_facts(api: MetricsApi) -> None:
    at = datetime.now(UTC) - timedelta(minutes=2)
    farm = [click for address in FARM for click in build_clicks(11, at=at, apart=1, ip_address=address)]
    pupils = [
        click
        for number in range(12)
        for click in build_clicks(
            1, at=at, ip_address=SCHOOL, device_fingerprint=f"pupil-{number}", referrer_id=f"friend-{number % 4}"
        )
    ]
    api.save_events([*farm, *pupils])
    api.save_parent_shares(
        [
            {"id": "share_mail", "share_data": {"message": "write to john@example.com"}, "view_count": 1},
            {"id": "share_phone", "share_data": {"message": "text me at 555-123-4567"}, "view_count": 1},
        ]
    )


def _save_people(database_url: str) -> None:
    rows = [{"email": f"{role}@example.org", "password_hash": hash_password(PASSWORD), "role": role} for role in Role]
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(insert(people), rows)
    engine.dispose()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, acting_stack: dict[str, str]) -> Callable[..., AbstractContextManager[Visit]]:
    """Opens windows of the person of a role."""
    open_window = partial(visit, browser, acting_stack["DASHBOARD_URL"])
    states = {}
    for role in Role:
        with open_window() as guest:
            guest.open("/login")
            guest.sign_in(f"{role}@example.org", PASSWORD)
            guest.page.wait_for_url(f"**{GUARDRAILS}")
            states[role] = guest.page.context.storage_state()
    return lambda role, **window: open_window(state=states[role], **window)


def card(page: Page, heading: str) -> Locator:
    """The card with this heading, as a screen reader finds it."""
    return page.get_by_role("region", name=heading)


def open_fraud_alert(guest: Visit) -> None:
    """Go from the guardrails to the page of the alert about the click farm."""
    guest.open(GUARDRAILS)
    alert = card(guest.page, "Active alerts").get_by_role("listitem").filter(has_text=FRAUD_ALERT)
    alert.get_by_role("link").click()
    expect(guest.page.get_by_role("heading", name=FRAUD_ALERT, level=1)).to_be_visible()


def listed(page: Page, text: str) -> Locator:
    """The row of a list that holds this text."""
    return page.locator("tr[data-row]").filter(has_text=text)


def entry(page: Page | Locator, text: str) -> Locator:
    """The item of a page that holds this text."""
    return page.get_by_role("listitem").filter(has_text=text)


def test_an_alert_is_followed_to_its_evidence_and_acknowledged_for_everybody(signed_in: Open) -> None:
    with signed_in(Role.ADMIN) as guest:
        open_fraud_alert(guest)
        expect(guest.page.get_by_role("row", name=re.compile(r"198\.51\.100\."))).to_have_count(len(FARM))
        guest.page.get_by_role("link", name="View on guardrails page").click()
        fraud = card(guest.page, "Fraud Detection")
        expect(fraud).to_be_focused()
        expect(fraud).to_be_in_viewport()
        fraud.get_by_role("link", name=FARM[0], exact=True).click()
        expect(guest.page.get_by_role("heading", name=FARM[0], level=1)).to_be_visible()

        open_fraud_alert(guest)
        guest.page.get_by_role("main").get_by_label("Note").fill("A click farm, I block it")
        guest.page.get_by_role("button", name="Acknowledge").click()
        expect(guest.page.get_by_role("status")).to_have_text("Acknowledged.")
        guest.page.reload()
        expect(guest.page.get_by_text("Acknowledged by admin@example.org")).to_be_visible()
        expect(guest.page.get_by_text("“A click farm, I block it”")).to_be_visible()
        assert guest.complaints == []
    with signed_in(Role.ANALYST) as colleague:
        open_fraud_alert(colleague)
        expect(colleague.page.get_by_text("Acknowledged by admin@example.org")).to_be_visible()


def test_an_alert_is_acknowledged_in_its_row(signed_in: Open) -> None:
    with signed_in(Role.ADMIN) as guest:
        guest.open(GUARDRAILS)
        alert = entry(card(guest.page, "Active alerts"), COPPA_ALERT)
        alert.get_by_role("button", name=f"Acknowledge {COPPA_ALERT}").click()
        expect(alert).to_contain_text("Acknowledged by admin@example.org")
        assert guest.complaints == []
    with signed_in(Role.VIEWER) as viewer:
        viewer.open(GUARDRAILS)
        alert = entry(card(viewer.page, "Active alerts"), COPPA_ALERT)
        expect(alert).to_contain_text("Acknowledged by")
        expect(alert.get_by_role("button")).to_have_count(0)


def find_coppa_alert(guest: Visit) -> str:
    """The address of the page of the alert about personal information."""
    guest.open(GUARDRAILS)
    alert = card(guest.page, "Active alerts").get_by_role("listitem").filter(has_text=COPPA_ALERT)
    href = alert.get_by_role("link").get_attribute("href")
    assert href
    return href


def test_a_false_positive_needs_a_note_is_found_in_the_history_and_undone(signed_in: Open) -> None:
    with signed_in(Role.ANALYST) as guest:
        page, alert = guest.page, find_coppa_alert(guest)
        guest.open(alert)
        status, note = page.get_by_role("status"), page.get_by_role("main").get_by_label("Note")
        resolve = page.get_by_role("button", name="Resolve", exact=True)
        expect(resolve).to_have_accessible_description(re.compile("If the cause is still there.*opens a new one"))
        page.get_by_role("button", name="Mark as false positive").click()
        expect(status).to_contain_text("Add a note explaining why")
        expect(note).to_have_attribute("aria-invalid", "true")
        note.fill("A school's own number")
        page.get_by_role("button", name="Mark as false positive").press("Enter")
        expect(status).to_have_text("Marked as a false positive.")
        expect(page.get_by_role("heading", name="Take action")).to_have_count(0)

        guest.open(GUARDRAILS)
        card(page, "Active alerts").get_by_role("link", name="Alert history").click()
        expect(page.get_by_role("heading", name="Alert history", level=1)).to_be_visible()
        page.get_by_label("Message, note or name").fill("school's own")
        expect(page).to_have_url(re.compile(r"/dashboard/alerts\?q=school%27s\+own$"))
        expect(page.get_by_text("Showing 1 of 1")).to_be_visible()
        expect(listed(page, COPPA_ALERT)).to_contain_text("False positive")
        expect(listed(page, COPPA_ALERT)).to_contain_text("“A school's own number”")

        page.get_by_role("textbox", name="Status").click()
        page.get_by_role("option", name="Snoozed").click()
        expect(page.get_by_text("No alert matches")).to_be_visible()
        page.reload()
        expect(page.get_by_text("“school's own”, status Snoozed")).to_be_visible()
        expect(page.get_by_role("textbox", name="Status")).to_have_value("Snoozed")
        page.get_by_role("link", name="Clear filters").click()
        listed(page, COPPA_ALERT).get_by_role("link").click()
        page.get_by_role("button", name="Reopen alert").click()
        expect(status).to_have_text("Reopened.")
        expect(resolve).to_be_visible()

        page.get_by_role("button", name="Resolve until the period has passed").click()
        expect(status).to_have_text("Snoozed until the period has passed.")
        expect(page.get_by_text(re.compile(r"^Snoozed until \d+ \w+ 00:00 UTC$"))).to_be_visible()
        page.get_by_role("link", name="View all violations").click()
        expect(listed(page, "Email address")).to_be_visible()
        assert guest.complaints == []


def test_violations_are_resolved_one_with_a_note_and_one_with_a_reason(signed_in: Open) -> None:
    with signed_in(Role.ANALYST) as guest:
        guest.open(GUARDRAILS)
        card(guest.page, "COPPA Compliance").get_by_role("link", name="View violations").click()
        status = guest.page.locator("#violations-said")
        mail = listed(guest.page, "Email address")
        mail.get_by_text("Resolve").click()
        mail.get_by_label("Note").fill("Deleted by the child's parents")
        mail.get_by_role("button", name="Removed").click()
        expect(status).to_contain_text("Marked as removed.")
        expect(mail).to_contain_text("“Deleted by the child's parents”")

        phone = listed(guest.page, "Phone number")
        phone.get_by_text("Resolve").click()
        phone.get_by_role("button", name="False positive").click()
        expect(status).to_contain_text("Add a note explaining why")
        phone.get_by_label("Note").fill("A number from films")
        phone.get_by_role("button", name="False positive").click()
        expect(status).to_contain_text("Marked as a false positive.")

        guest.page.get_by_text("Removed 1").click()
        expect(guest.page).to_have_url(re.compile("resolution=removed"))
        expect(phone).to_have_count(0)
        guest.page.reload()
        expect(mail).to_contain_text("by analyst@example.org")
        expect(guest.page.get_by_role("radio", name=re.compile("Removed"))).to_be_checked()
        assert guest.complaints == []


def test_a_school_is_trusted_and_stays_visible(signed_in: Open) -> None:
    with signed_in(Role.ADMIN) as guest:
        guest.open(f"{GUARDRAILS}/fraud")
        row = guest.page.get_by_role("row", name=SCHOOL)
        row.get_by_role("link", name="Trust…").click()
        expect(guest.page.get_by_label("Value")).to_have_value(SCHOOL)
        guest.page.get_by_role("main").get_by_label("Reason").fill("Lakeside School")
        guest.page.get_by_role("button", name="Add to list").click()
        status = guest.page.locator("#lists-said")
        expect(status).to_have_text(f"{SCHOOL}/32 is now allowed.")

        # Another period than the one that is still cached.
        guest.open(f"{GUARDRAILS}?days=14")
        guest.page.get_by_text("Trusted, not flagged").click()
        expect(guest.page.get_by_text(f"{SCHOOL}/32: Lakeside School")).to_be_visible()
        expect(guest.page.get_by_role("link", name="Trust this network")).to_have_count(0)

        guest.open(NETWORKS)
        network = entry(guest.page, "Lakeside School")
        network.locator("summary").click()
        network.get_by_role("button", name="Remove from list").click()
        expect(status).to_have_text("Removed. It is no longer allowed.")
        expect(network).to_have_count(0)
        assert guest.complaints == []


def test_a_threshold_is_tried_by_keyboard_and_kept_in_the_address(signed_in: Open) -> None:
    with signed_in(Role.ADMIN) as guest:
        guest.open(GUARDRAILS)
        card(guest.page, "What is lowering the score").get_by_role("link", name="Try other thresholds").click()
        number = guest.page.get_by_label("Clicks per IP per day", exact=True)
        slider = guest.page.get_by_role("slider", name="Clicks per IP per day, slider")
        expect(number).to_have_value("10")
        slider.focus()
        for _ in range(5):
            guest.page.keyboard.press("ArrowRight")
        flagged = guest.page.get_by_role("row", name="Flagged IPs")
        expect(flagged).to_have_text(re.compile(r"Flagged IPs\D*\d+0\d fewer"))
        expect(number).to_have_value("15")
        expect(entry(guest.page, FRAUD_ALERT)).to_contain_text("would close")
        expect(guest.page.get_by_text("fraudIpClickThreshold: 15")).to_be_visible()

        guest.page.reload()
        expect(number).to_have_value("15")
        number.fill("3")
        expect(guest.page.get_by_text("can be previewed but not applied. Allowed: 5 or more")).to_be_visible()
        expect(slider).to_have_attribute("aria-valuenow", "3")

        guest.page.get_by_role("link", name="Reset to configured").click()
        expect(number).to_have_value("10")
        expect(guest.page).to_have_url(re.compile(r"what-if(\?days=7)?$"))
        assert guest.complaints == []


def test_a_viewer_reads_but_changes_nothing(signed_in: Open) -> None:
    with signed_in(Role.VIEWER) as guest:
        open_fraud_alert(guest)
        expect(guest.page.get_by_role("button", name="Acknowledge")).to_have_count(0)
        expect(guest.page.get_by_role("button", name="Resolve")).to_have_count(0)
        guest.open(VIOLATIONS)
        expect(listed(guest.page, "Email address")).to_be_visible()
        expect(guest.page.get_by_text("Resolve", exact=True)).to_have_count(0)
        guest.open(NETWORKS)
        expect(guest.page.get_by_text("Only admins can view and change")).to_be_visible()
        expect(guest.page.get_by_role("button", name="Add to list")).to_have_count(0)
        guest.open(f"{GUARDRAILS}/fraud")
        expect(guest.page.get_by_role("row", name="203.0.113.*").filter(has_text="Shared")).to_be_visible()
        expect(guest.page.get_by_role("link", name="Trust this network")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_of_actions_is_blocked_inaccessible_or_too_wide(
    signed_in: Callable[..., AbstractContextManager[Visit]], width: int, scheme: ColorScheme
) -> None:
    with signed_in(Role.ADMIN, width=width, scheme=scheme) as guest:
        open_fraud_alert(guest)
        alert = guest.page.url.removeprefix(guest.base_url)
        investigation = guest.page.get_by_role("link", name=FARM[0], exact=True).get_attribute("href")
        assert investigation
        tried = f"{WHAT_IF}?alert_fraud_ips=50&bot_rapid_click_window_seconds=2"
        pages = [
            alert,
            HISTORY,
            f"{HISTORY}?q=nothing",
            investigation,
            VIOLATIONS,
            NETWORKS,
            tried,
            f"{GUARDRAILS}?panel=coppa",
        ]
        for path in pages:
            guest.open(path)
            guest.page.wait_for_load_state("networkidle")
            expect(guest.page.locator(".card").first).to_be_visible()
            expect(guest.page.locator(".skeleton")).to_have_count(0)
            assert guest.find_violations() == [], path
            assert guest.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert guest.complaints == []
