"""A draft from the first try to the end, in a real browser, on a real stack."""

import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import visit
from tests.support.builders import build_clicks
from tests.support.stack_process import ONE_PROCESS_EACH, StackProcess
from viral_contract.client.metrics_api import MetricsApi

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def drafted_stack() -> Iterator[dict[str, str]]:
    """A stack with seven networks over the threshold, six of which a higher one would leave alone."""
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        StackProcess(Path(name) / "var", **ONE_PROCESS_EACH) as process,
    ):
        stack = process.wait_until_ready()
        at = datetime.now(UTC) - timedelta(hours=2)
        farm = [click for number in range(6) for click in build_clicks(12, at=at, ip_address=f"198.51.100.{number}")]
        worst = build_clicks(30, at=at, ip_address="198.51.100.99")
        MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"]).save_events([*farm, *worst])
        yield stack


def test_an_admin_tries_saves_shadows_promotes_and_discards_a_draft(
    browser: Browser, drafted_stack: dict[str, str]
) -> None:
    stack = drafted_stack
    with visit(browser, stack["DASHBOARD_URL"]) as window:
        page = window.page
        window.open("/login")
        window.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        page.wait_for_url("**/dashboard/guardrails")
        window.open("/dashboard/guardrails/what-if?fraud_ip_click_threshold=15")
        page.get_by_role("link", name="Save as a draft").click()

        expect(page).to_have_url(re.compile(r"/dashboard/rules\?fraud_ip_click_threshold=15"))
        expect(page.get_by_role("textbox", name="Clicks per IP per day")).to_have_value("15")
        page.get_by_label("Name").fill("Less noise")
        page.get_by_role("button", name="Create draft").click()
        page.get_by_role("link", name="Open the draft").click()

        expect(page.get_by_role("heading", name="Less noise")).to_be_visible()
        strip = page.locator("dl.strip")
        expect(strip).to_contain_text("No longer flagged6")
        expect(strip).to_contain_text("Unchanged1")
        expect(page.locator(".card-draft-changes tbody tr").filter(has_text="198.51.100.0")).to_contain_text(
            "12 clicks"
        )
        expect(page.locator(".card-draft-helm")).to_contain_text("fraudIpClickThreshold: 15")
        expect(page.locator("#draft-curve")).to_contain_text("Live 10: 7 flagged. Draft 15: 1 flagged.")

        page.get_by_role("slider", name="Value of the draft").press("ArrowRight")
        expect(page.locator("#draft-curve")).to_contain_text("Live 10: 7 flagged. Draft 20: 1 flagged.")
        field = page.get_by_role("textbox", name="Clicks per IP per day")
        expect(field).to_have_value("20")
        field.fill("0")
        page.get_by_role("button", name="Save and replay").click()
        expect(page.get_by_text("At least 1")).to_be_visible()
        field.fill("12")
        field.press("Tab")
        page.get_by_role("button", name="Save and replay").click()
        expect(page.locator("#draft-said")).to_contain_text("Saved. The draft is replayed")
        expect(page.locator(".card-draft-helm")).to_contain_text("fraudIpClickThreshold: 12")
        expect(strip).to_contain_text("Unchanged1")
        with page.expect_download() as download:
            page.locator(".card-draft-changes").get_by_role("link", name="CSV").click()
        assert len(download.value.path().read_text().splitlines()) == 8

        page.get_by_role("button", name="Run as shadow").click()
        expect(page.get_by_role("button", name="End shadow")).to_be_visible()
        expect(page.locator("#draft-said")).to_contain_text("Runs as a shadow")
        page.get_by_role("button", name="Mark as promoted").click()
        expect(page.locator("#draft-said")).to_contain_text("Apply the Helm values")
        expect(page.locator(".page-header")).to_contain_text("Promoted")

        page.get_by_role("button", name="Discard draft").click()
        expect(page).to_have_url(re.compile(r"/dashboard/rules$"))
        expect(page.locator("#drafts-list")).to_contain_text("No drafts yet")
        assert window.find_violations() == []
        page.get_by_role("link", name="Rule quality").click()
        expect(page.get_by_role("heading", name="Power meter")).to_be_visible()
        assert window.find_violations() == []
        assert window.complaints == []
