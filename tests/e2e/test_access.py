"""Getting in, staying out, and managing who may, in a real browser, on a real stack with a real OpenID provider."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Request, Route, expect
from sqlalchemy import Engine, create_engine, text

from metrics_api.access.secrets import hash_secret
from tests.support.browsing import Visit, visit
from tests.support.builders import build_clicks
from tests.support.open_id import GROUPS, add_person, run_provider
from tests.support.stack_process import StackProcess
from viral_contract.client.metrics_api import MetricsApi

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOME, PEOPLE, AUDIT = "/dashboard/guardrails", "/dashboard/people", "/dashboard/audit"
ADDRESS = "198.51.100.77"
NEW_PASSWORD = "another horse battery"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_provider() as running:
        yield running


@pytest.fixture(scope="module")
def stack(issuer: str) -> Iterator[dict[str, str]]:
    """A stack with one flagged address, and single sign-on."""
    groups = {name.upper(): value for name, value in GROUPS.items()}
    settings = {
        "DASHBOARD_REFRESH_SECONDS": "5",
        "OIDC_ISSUER": issuer,
        "OIDC_CLIENT_ID": "viral",
        "OIDC_CLIENT_SECRET": "secret",
        **groups,
    }
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        StackProcess(Path(name) / "var", **settings) as process,
    ):
        running = process.wait_until_ready()
        api = MetricsApi.connect(running["METRICS_API_URL"], running["API_TOKEN"])
        at = datetime.now(UTC) - timedelta(minutes=2)
        api.save_events(build_clicks(20, at=at, apart=1, ip_address=ADDRESS, user_agent="App/1.0 (Ana's phone)"))
        yield running


@pytest.fixture
def engine(stack: dict[str, str]) -> Iterator[Engine]:
    engine = create_engine(stack["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1))
    yield engine
    engine.dispose()


class Windows:
    """Opens windows of this stack."""

    def __init__(self, browser: Browser, stack: dict[str, str]) -> None:
        self._browser, self._stack = browser, stack

    def open(self, **window: Any) -> AbstractContextManager[Visit]:
        """A stranger's window."""
        return visit(self._browser, self._stack["DASHBOARD_URL"], **window)

    def enter(self, guest: Visit, path: str = HOME) -> None:
        """Sign in as the admin and go to a page."""
        guest.open(f"/login?next={path}")
        guest.sign_in(self._stack["ADMIN_EMAIL"], self._stack["ADMIN_PASSWORD"])
        # Whole: the address of the login ends with the path, too.
        guest.page.wait_for_url(guest.base_url + path)


@pytest.fixture
def windows(browser: Browser, stack: dict[str, str]) -> Windows:
    return Windows(browser, stack)


def invite(windows: Windows, email: str) -> str:
    """Invite a viewer, and answer their link."""
    with windows.open() as admin:
        windows.enter(admin, PEOPLE)
        admin.page.get_by_label("Email").fill(email)
        admin.page.get_by_role("button", name="Send invite").click()
        expect(admin.page.get_by_role("status")).to_have_text(f"Invite sent to {email}")
        link = admin.page.get_by_text("/set-password?key=").inner_text()
        assert admin.complaints == []
    return link


def set_password(guest: Visit, link: str) -> None:
    """Use the link and sign in."""
    guest.page.goto(link)
    guest.page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    guest.page.get_by_label("Confirm new password").fill(NEW_PASSWORD)
    guest.page.get_by_role("button", name="Save password").click()
    expect(guest.page.get_by_role("status")).to_have_text("Your password was changed. Sign in with the new one.")


def test_a_viewer_is_let_in_and_neither_sees_nor_fetches_a_full_address(windows: Windows) -> None:
    link = invite(windows, "ana@example.org")
    with windows.open() as ana:
        bodies: list[str] = []

        def record(route: Route) -> None:
            response = route.fetch(max_redirects=0)
            bodies.append(response.text())
            route.fulfill(response=response)

        ana.page.route(re.compile("/_dash-|/dashboard/"), record)
        set_password(ana, link)
        ana.sign_in("ana@example.org", NEW_PASSWORD)
        ana.page.wait_for_url(f"**{HOME}")
        expect(ana.page.get_by_role("link", name="198.51.100.*").first).to_be_visible()
        ana.page.get_by_role("link", name="198.51.100.*").first.click()
        expect(ana.page.get_by_role("heading", name="198.51.100.*", level=1)).to_be_visible()
        expect(ana.page.get_by_text("App", exact=True).first).to_be_visible()
        expect(ana.page.get_by_role("link", name="People and tokens")).to_have_count(0)
        for path in (PEOPLE, AUDIT):
            ana.open(path)
            expect(ana.page.get_by_text(re.compile("Only admins"))).to_be_visible()
        assert len(bodies) > 5
        assert [body for body in bodies if ADDRESS in body or "Ana's phone" in body] == []
        assert ana.complaints == []
    with windows.open() as late:
        late.page.goto(link)
        late.page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        late.page.get_by_label("Confirm new password").fill(NEW_PASSWORD)
        late.page.get_by_role("button", name="Save password").click()
        expect(late.page.get_by_role("heading", name="This link no longer works")).to_be_visible()


def test_a_changed_role_signs_the_person_out(windows: Windows) -> None:
    link = invite(windows, "bob@example.org")
    with windows.open() as bob, windows.open() as admin:
        set_password(bob, link)
        bob.sign_in("bob@example.org", NEW_PASSWORD)
        bob.page.wait_for_url(f"**{HOME}")
        windows.enter(admin, PEOPLE)
        entry = admin.page.get_by_role("listitem").filter(has_text="bob@example.org")
        entry.get_by_text("Change bob@example.org").click()
        entry.get_by_role("button", name="Make an analyst").click()
        expect(admin.page.get_by_role("status")).to_have_text("bob@example.org is now an analyst.")
        expect(bob.page).to_have_url(re.compile("/login"), timeout=60_000)


def test_a_token_is_made_shown_once_and_revoked(windows: Windows, stack: dict[str, str]) -> None:
    with windows.open() as admin:
        windows.enter(admin, PEOPLE)
        admin.page.get_by_label("Token name").fill("a reader")
        admin.page.get_by_label("metrics:read").check()
        admin.page.get_by_role("button", name="Create token").click()
        expect(admin.page.get_by_role("status")).to_have_text("Token a reader created.")
        region = admin.page.locator("#people-once code")
        reader = MetricsApi.connect(stack["METRICS_API_URL"], region.inner_text())
        assert reader.fetch_health().has_data
        admin.page.reload()
        entry = admin.page.get_by_role("listitem").filter(has_text="a reader")
        expect(region).to_have_count(0)
        entry.get_by_text("Revoke").first.click()
        entry.get_by_role("button", name="Revoke a reader").click()
        expect(admin.page.get_by_role("status")).to_have_text("Token revoked.")
        assert admin.complaints == []


def test_the_audit_is_filtered_and_names_the_person_and_the_place(windows: Windows) -> None:
    with windows.open() as admin:
        windows.enter(admin, AUDIT)
        newest = admin.page.locator("tr[data-row]").first
        expect(newest).to_be_visible()
        admin.page.get_by_label("Actor, action or subject").fill("sign in")
        expect(admin.page).to_have_url(re.compile(r"q=sign\+in"))
        expect(admin.page.locator("tr[data-row]").filter(has_not_text="Sign in")).to_have_count(0)
        expect(newest).to_contain_text("127.0.0.1")
        expect(newest).to_contain_text("admin@example.com")
        admin.page.get_by_role("button", name="When").click()
        expect(admin.page.get_by_role("columnheader", name="When")).to_have_attribute("aria-sort", "ascending")
        assert admin.complaints == []


def test_what_is_typed_while_the_audit_is_fetched_stays(windows: Windows) -> None:
    with windows.open() as admin:
        windows.enter(admin, AUDIT)
        text, rows = admin.page.get_by_label("Actor, action or subject"), admin.page.locator("tr[data-row]")
        expect(rows.first).to_be_visible()
        held: list[Route] = []

        def hold(route: Route) -> None:
            if asks_for_audit(route.request):
                held.append(route)
            else:
                route.continue_()

        admin.page.route("**/_dash-update-component", hold)
        with admin.page.expect_request(asks_for_audit):
            text.fill("sign")
        text.press_sequentially(" in")
        for route in held:
            route.continue_()
        admin.page.unroute("**/_dash-update-component")
        expect(rows.filter(has_not_text="Sign in")).to_have_count(0)
        expect(text).to_have_value("sign in")


def asks_for_audit(request: Request) -> bool:
    """Whether the page asks for the list of the audit's entries."""
    return "audit-rows" in (request.post_data or "")


def test_single_sign_on_leads_in_by_its_button(windows: Windows, issuer: str) -> None:
    add_person(issuer, "chris", email="chris@example.org", email_verified=True, groups=["analysts"])
    with windows.open() as chris:
        chris.open("/login?next=/dashboard/growth")
        chris.page.get_by_role("link", name="Sign in with single sign-on").click()
        chris.page.locator("input[name=sub]").fill("chris")
        chris.page.get_by_role("button", name="Authorize").click()
        chris.page.wait_for_url("**/dashboard/growth")
        expect(chris.page.get_by_text("chris@example.org")).to_be_visible()
        expect(chris.page.get_by_text("Analyst")).to_be_visible()


def test_single_sign_on_without_a_group_says_what_to_do(windows: Windows, issuer: str) -> None:
    add_person(issuer, "dora", email="dora@example.org", email_verified=True, groups=["sales"])
    with windows.open() as dora:
        dora.open("/login")
        dora.page.get_by_role("link", name="Sign in with single sign-on").click()
        dora.page.locator("input[name=sub]").fill("dora")
        dora.page.get_by_role("button", name="Authorize").click()
        expect(dora.page.get_by_role("heading", name="You were not signed in")).to_be_visible()
        expect(dora.page.get_by_text("Ask your administrator")).to_be_visible()
        dora.page.get_by_role("link", name="Back to sign-in").click()
        dora.page.wait_for_url("**/login")
        dora.open("/login/callback?state=made-up&code=made-up")
        expect(dora.page.get_by_text("not started in this browser")).to_be_visible()


def test_an_expired_session_goes_to_the_login(windows: Windows, stack: dict[str, str], engine: Engine) -> None:
    with engine.begin() as connection:
        expired = text("INSERT INTO sessions (secret_hash, person_id, expires_at) VALUES (:hash, 1, now())")
        connection.execute(expired, {"hash": hash_secret("expired")})
    with windows.open() as admin:
        windows.enter(admin, PEOPLE)
        expect(admin.page.locator("#people-list li").first).to_be_visible()
        admin.page.get_by_role("link", name="Growth").focus()
        cookie = {"name": "viral_session", "value": "expired", "url": stack["DASHBOARD_URL"]}
        admin.page.context.add_cookies([cookie])  # type: ignore[list-item]
        # A key, which waits for no link: what the page fetches by itself may have led to the login already.
        admin.page.keyboard.press("Enter")
        expect(admin.page).to_have_url(re.compile("/login"))


@pytest.mark.parametrize("path", ["/logout", "/password", "/_dash-update-component"])
def test_a_post_without_the_token_of_its_page_is_refused(windows: Windows, path: str) -> None:
    with windows.open() as admin:
        windows.enter(admin)
        assert admin.page.request.post(admin.base_url + path, data={}).status == 403
        admin.page.reload()
        expect(admin.page.get_by_role("heading", name="Guardrails", level=1)).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_usable_by_everybody(windows: Windows, width: int, scheme: str) -> None:
    with windows.open(width=width, scheme=scheme) as admin:
        windows.enter(admin)
        for path, ready in ((PEOPLE, "#people-list li"), (AUDIT, "tr[data-row]"), ("/password", "#repeated")):
            admin.open(path)
            expect(admin.page.locator(ready).first).to_be_visible()
            assert admin.find_violations() == []
            assert admin.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert admin.complaints == []
