"""A real browser that keeps what the pages complain about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, StorageState, expect, sync_playwright

ColorScheme = Literal["light", "dark"]
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@dataclass
class Visit:
    """One person's open page; `complaints` holds blocked content and errors of scripts."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        """Remember what the browser calls an error, a blocked script or style among them."""
        if message.type == "error":
            self.complaints.append(message.text)

    def open(self, path: str) -> None:
        """Go to an address of the dashboard."""
        self.page.goto(self.base_url + path)

    def sign_in(self, email: str, password: str) -> None:
        """Fill in the form of the login."""
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def find_violations(self) -> list[str]:
        """What axe holds against the page, with the places."""
        results = Axe().run(self.page, options=_RULES)
        found: list[dict[str, Any]] = results.response["violations"]
        return [f"{each['impact']} {each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]


@contextmanager
def visit(
    browser: Browser,
    base_url: str,
    *,
    width: int = 1440,
    scheme: ColorScheme = "light",
    state: StorageState | None = None,
) -> Iterator[Visit]:
    """A new visitor whose window is `width` pixels wide, with the cookies of `state` or none."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-GB", storage_state=state
    )
    guest = Visit(context.new_page(), base_url)
    guest.page.on("console", guest.note)
    guest.page.on("pageerror", lambda error: guest.complaints.append(str(error)))
    yield guest
    # A page goes on fetching; what a handler of a test is about when the window closes would be the next test's error.
    guest.page.unroute_all(behavior="wait")
    context.close()


@contextmanager
def start_browser(executable: str) -> Iterator[Browser]:
    """A Chromium that calls nobody."""
    # Two cores may be busy with other tests.
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_OPTIONS)
        yield browser
        browser.close()
