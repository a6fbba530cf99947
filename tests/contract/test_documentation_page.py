"""The documentation as a browser shows it."""

import pytest
from playwright.sync_api import expect

from tests.support.browsing import start_browser, visit


@pytest.mark.browser
def test_the_documentation_shows_the_routes_and_asks_nobody_else(chromium: str, server_url: str) -> None:
    with start_browser(chromium) as browser, visit(browser, server_url) as guest:
        asked: list[str] = []
        guest.page.on("request", lambda request: asked.append(request.url))
        guest.open("/docs")
        expect(guest.page.get_by_role("heading", name="Viral Guardrails metrics API")).to_be_visible()
        guest.page.locator("#operations-tag-events").click()
        route = guest.page.locator("#operations-events-events_post_events")
        route.get_by_role("button").first.click()
        expect(route).to_contain_text("Needs the scope events:write")
        assert guest.complaints == []
        assert [url for url in asked if not url.startswith((server_url, "data:"))] == []
