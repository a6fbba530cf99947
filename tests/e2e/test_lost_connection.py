"""What a lost connection looks like: said beside what was pressed, with what was typed still there."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, StorageState, expect
from werkzeug.serving import make_server

from dashboard.app import create_app
from dashboard.settings import DashboardSettings
from tests.support.browsing import Visit, visit
from tests.support.builders import build_clicks
from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from viral_contract.client.metrics_api import MetricsApi

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GUARDRAILS = "/dashboard/guardrails"
IP_ADDRESS = "198.51.100.9"


@pytest.fixture(scope="module")
def state(browser: Browser, stack: dict[str, str]) -> StorageState:
    MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"]).save_events(
        build_clicks(2, at=datetime.now(UTC) - timedelta(hours=1), apart=20, ip_address=IP_ADDRESS)
    )
    with visit(browser, stack["DASHBOARD_URL"]) as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url(f"**{GUARDRAILS}")
        return guest.page.context.storage_state()


@pytest.fixture
def admin(browser: Browser, stack: dict[str, str], state: StorageState) -> Iterator[Visit]:
    with visit(browser, stack["DASHBOARD_URL"], state=state) as admin:
        yield admin


@pytest.mark.parametrize(
    ("path", "field", "button"),
    [
        ("/dashboard/people", "#people-email", "#people-invite-save"),
        ("/dashboard/people", "#people-name", "#people-token-save"),
        ("/dashboard/lists", "#lists-reason", "#lists-form-save"),
        ("/dashboard/notifications", "#notifications-name", "#notifications-form-save"),
        ("/dashboard/subscriptions", "#subscriptions-recipients", "#subscriptions-form-save"),
        ("/dashboard/privacy", "#privacy-subject_id", "#privacy-form-save"),
        ("/password", "#new", "button[type=submit]"),
    ],
)
def test_a_form_says_so_below_its_button_and_keeps_what_was_typed(
    admin: Visit, path: str, field: str, button: str
) -> None:
    admin.open(path)
    expect(admin.page.locator(button)).to_be_visible()
    admin.page.wait_for_load_state("networkidle")
    for empty in admin.page.locator("form input:visible").all():
        empty.fill("a long enough text")
    admin.page.locator(field).fill("something to keep")
    admin.page.context.set_offline(True)
    admin.page.locator(button).click()
    said = admin.page.locator(".lost-connection")
    expect(said).to_contain_text("You are offline.")
    expect(said).to_contain_text("What you typed is still here.")
    expect(said).to_have_attribute("role", "alert")
    expect(admin.page.locator(field)).to_have_value("something to keep")
    around = admin.page.locator(".card, form").filter(has=admin.page.locator(button)).filter(has=said)
    expect(around.first).to_be_visible()


def test_the_message_goes_once_the_same_button_works(admin: Visit) -> None:
    admin.open("/dashboard/people")
    expect(admin.page.locator("#people-invite-save")).to_be_visible()
    admin.page.wait_for_load_state("networkidle")
    admin.page.context.set_offline(True)
    admin.page.locator("#people-invite-save").click()
    expect(admin.page.locator(".lost-connection")).to_be_visible()
    admin.page.context.set_offline(False)
    admin.page.locator("#people-invite-save").click()
    expect(admin.page.locator(".lost-connection")).to_have_count(0)


def test_signing_in_offline_keeps_email_and_password(browser: Browser, stack: dict[str, str]) -> None:
    with visit(browser, stack["DASHBOARD_URL"]) as guest:
        guest.open("/login")
        guest.page.context.set_offline(True)
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        expect(guest.page.get_by_role("alert")).to_contain_text("You are offline.")
        expect(guest.page.get_by_label("Password")).to_have_value(stack["ADMIN_PASSWORD"])
        guest.page.context.set_offline(False)
        guest.page.get_by_role("button", name="Sign in").click()
        guest.page.wait_for_url(f"**{GUARDRAILS}")


def test_a_page_wanted_offline_opens_by_itself_later(admin: Visit) -> None:
    admin.open(GUARDRAILS)
    expect(admin.page.locator(".navigation-here")).to_have_text("Guardrails")
    admin.page.wait_for_load_state("networkidle")
    admin.page.context.set_offline(True)
    admin.page.get_by_role("link", name="Growth").click()
    expect(admin.page.locator("#connection")).to_have_text("You are offline. Growth opens when the connection is back.")
    expect(admin.page.locator(".navigation-here")).to_have_text("Guardrails")
    expect(admin.page.get_by_role("heading", level=1)).to_have_text("Guardrails")
    admin.page.context.set_offline(False)
    expect(admin.page.get_by_role("heading", level=1)).to_have_text("Growth")
    expect(admin.page.locator(".navigation-here")).to_have_text("Growth")
    expect(admin.page.locator("#connection")).to_have_count(0)


def test_a_page_of_the_server_wanted_offline_opens_later(admin: Visit) -> None:
    admin.open("/dashboard/people")
    password = admin.page.get_by_role("link", name="Password")
    expect(password).to_be_visible()
    admin.page.wait_for_load_state("networkidle")
    admin.page.context.set_offline(True)
    password.click()
    expect(admin.page.locator("#connection")).to_contain_text("Password opens when the connection is back.")
    admin.page.context.set_offline(False)
    admin.page.wait_for_url("**/password")


def test_a_download_that_does_not_come_leaves_the_page_and_says_so(admin: Visit) -> None:
    admin.open(f"/dashboard/investigations?kind=ip_address&id={IP_ADDRESS}")
    link = admin.page.get_by_role("link", name="Export CSV")
    expect(link).to_be_visible()
    admin.page.context.set_offline(True)
    link.click()
    expect(admin.page.locator(".lost-connection")).to_contain_text("Nothing was downloaded.")
    admin.page.context.set_offline(False)
    with admin.page.expect_download() as download:
        link.click()
    assert download.value.path().read_bytes()


def test_a_period_chosen_offline_comes_later(admin: Visit) -> None:
    admin.open(GUARDRAILS)
    summary = admin.page.locator(".live-summary")
    expect(summary).to_contain_text("Last updated")
    before = summary.inner_text()
    admin.page.context.set_offline(True)
    admin.page.get_by_role("radiogroup", name="Period").get_by_text("30 days", exact=True).click()
    expect(admin.page.locator("#connection")).to_contain_text("opens when the connection is back.")
    admin.page.context.set_offline(False)
    expect(summary).not_to_contain_text(before.splitlines()[0].split(" · ")[0])


@contextmanager
def serve_dashboard(api_url: str, token: str) -> Iterator[str]:
    """A dashboard of its own before an API at this address."""
    server = make_server(
        "127.0.0.1", 0, create_app(DashboardSettings(dashboard_token=token), MetricsApi.connect(api_url, token)), True
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def silent_api() -> Iterator[TcpProxy]:
    """Where the API will be: nothing answers there yet."""
    with tcp_proxy() as proxy:
        yield proxy


def test_a_first_page_without_the_api_tries_again_by_itself(
    browser: Browser, stack: dict[str, str], silent_api: TcpProxy, state: StorageState
) -> None:
    with (
        serve_dashboard(silent_api.url, stack["API_TOKEN"]) as dashboard,
        visit(browser, dashboard, state=state) as admin,
    ):
        admin.open(GUARDRAILS)
        expect(admin.page.get_by_role("heading", level=1)).to_have_text("Data is temporarily unavailable")
        expect(admin.page.get_by_text("This page tries again every few seconds.")).to_be_visible()
        silent_api.add(urlsplit(stack["METRICS_API_URL"]).port or 0)
        expect(admin.page.get_by_role("heading", level=1)).to_have_text("Guardrails")


def test_signing_in_without_the_api_keeps_email_and_password(
    browser: Browser, stack: dict[str, str], silent_api: TcpProxy
) -> None:
    with serve_dashboard(silent_api.url, stack["API_TOKEN"]) as dashboard, visit(browser, dashboard) as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], "as typed")
        expect(guest.page.get_by_role("alert")).to_contain_text("the metrics API is not responding")
        expect(guest.page.get_by_label("Email")).to_have_value(stack["ADMIN_EMAIL"])
        expect(guest.page.get_by_label("Password")).to_have_value("as typed")


def test_scripts_that_do_not_come_are_waited_for(admin: Visit) -> None:
    missing = re.compile("dash_renderer")
    admin.page.route(missing, lambda route: route.abort())
    admin.open(GUARDRAILS)
    expect(admin.page.get_by_role("alert")).to_have_text(
        "The dashboard is not responding. This page opens when the connection is back."
    )
    admin.page.unroute(missing)
    expect(admin.page.get_by_role("heading", level=1)).to_have_text("Guardrails")
