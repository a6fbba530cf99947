"""The school calendar in a real browser: an entry, a file, a country."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EVENT = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:field-day
SUMMARY:Field day
DTSTART;VALUE=DATE:20260605
DTEND;VALUE=DATE:{end}
END:VEVENT
END:VCALENDAR
"""


def test_an_admin_fills_the_calendar(browser: Browser, stack: dict[str, str], tmp_path: Path) -> None:
    with visit(browser, stack["DASHBOARD_URL"]) as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        guest.open("/dashboard/calendar")
        main = guest.page.get_by_role("main")
        expect(main.get_by_text("No holidays and no terms yet.")).to_be_visible()

        main.get_by_role("button", name="Save entry").click()
        expect(main.get_by_text("Must be a date such as 2026-03-01.").first).to_be_visible()

        file = tmp_path / "school.ics"
        file.write_text(EVENT.format(end="20260601"))
        main.locator("#calendar-upload input[type=file]").set_input_files(file)
        expect(main.get_by_role("alert").get_by_text("2026-06-01 is before DTSTART 2026-06-05")).to_be_visible()
        fixed = tmp_path / "fixed.ics"
        fixed.write_text(EVENT.format(end="20260606"))
        main.locator("#calendar-upload input[type=file]").set_input_files(fixed)
        expect(main.get_by_text("fixed.ics: 1 added, 0 replaced.")).to_be_visible()
        expect(main.get_by_role("heading", name="Field day")).to_be_visible()

        main.get_by_role("link", name="Edit Field day").click()
        expect(main.get_by_text("You are changing Field day.")).to_be_visible()
        main.get_by_label("Name", exact=True).fill("Sports day")
        main.get_by_role("button", name="Save entry").click()
        expect(main.get_by_text("Sports day is saved.")).to_be_visible()
        expect(main.get_by_role("heading", name="Sports day")).to_be_visible()

        main.get_by_label("Country or region").fill("Bulgaria")
        main.get_by_label("Year", exact=True).fill("2026")
        main.get_by_role("button", name="Add school holidays").click()
        expect(main.get_by_text("Bulgaria 2026: 1 added, 0 replaced.")).to_be_visible()
        # The list is drawn anew after the message, and a row that is replaced loses its open form.
        expect(main.get_by_text("2 entries")).to_be_visible()

        row = main.get_by_role("listitem").filter(has_text="Sports day")
        row.get_by_text("Delete", exact=False).first.click()
        row.get_by_role("button", name="Delete entry").click()
        expect(main.get_by_role("heading", name="Sports day")).to_have_count(0)
