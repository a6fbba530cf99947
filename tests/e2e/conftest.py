"""The whole product, started once for the tests that look at it from outside."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.mailing import Mailing, Open, open_windows, start_mailing
from tests.support.browsing import start_browser
from tests.support.mail_server import mail_server
from tests.support.stack_process import StackProcess


@pytest.fixture(scope="session")
def stack() -> Iterator[dict[str, str]]:
    """The values of local.env of a running stack without demo data."""
    with tempfile.TemporaryDirectory(prefix="viral-engine-") as name, StackProcess(Path(name) / "var") as process:
        yield process.wait_until_ready()


@pytest.fixture(scope="session")
def mailing() -> Iterator[Mailing]:
    """A running stack that mails by a server of the tests."""
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        mail_server() as mail,
        start_mailing(Path(name) / "var", mail) as mailing,
    ):
        yield mailing


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium that calls nobody."""
    with start_browser(chromium) as browser:
        yield browser


@pytest.fixture(scope="module")
def open_as(browser: Browser, mailing: Mailing) -> Open:
    """Opens windows of the person of a role on the stack that mails."""
    return open_windows(browser, mailing.stack["DASHBOARD_URL"])
