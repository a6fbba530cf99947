"""What a page costs the network: how many requests and how many bytes, with an empty cache and with a full one."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.support.browsing import visit
from tests.support.stack_process import StackProcess

KIB = 1024
MOST_REQUESTS = 25
# The component library alone has 241 KiB of it, React, Dash and the font 300 KiB, and the library of charts 120 KiB.
COLD_KIB = {"/dashboard/guardrails": 680, "/dashboard/growth": 780}
WARM_KIB = 25


@dataclass
class Traffic:
    """What a browser asked for, and how many bytes came of it."""

    bytes: dict[str, float] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def note_request(self, sent: dict[str, Any]) -> None:
        """Remember a request, if it is one to a server."""
        if sent["request"]["url"].startswith("http"):
            self.urls[sent["requestId"]] = sent["request"]["url"]

    def note_end(self, ended: dict[str, Any]) -> None:
        """Remember how many bytes an answer took, its head included; one from the cache takes none."""
        if ended["requestId"] in self.urls:
            self.bytes[ended["requestId"]] = ended["encodedDataLength"]

    @property
    def kib(self) -> float:
        """What came over the network."""
        return sum(self.bytes.values()) / KIB

    def __str__(self) -> str:
        return "\n".join(f"{self.bytes.get(key, 0):>9} {url}" for key, url in self.urls.items())


@pytest.fixture(scope="module")
def demo() -> Iterator[dict[str, str]]:
    """The values of local.env of a stack with demo data."""
    with tempfile.TemporaryDirectory(prefix="viral-engine-") as name, StackProcess(Path(name), DEMO="1") as process:
        yield process.wait_until_ready()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, demo: dict[str, str]) -> StorageState:
    """The cookies of the admin."""
    with visit(browser, demo["DASHBOARD_URL"]) as guest:
        guest.open("/login")
        guest.sign_in(demo["ADMIN_EMAIL"], demo["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        return guest.page.context.storage_state()


@contextmanager
def counted(page: Page) -> Iterator[Callable[[], Traffic]]:
    """A function that begins to count anew and returns where it counts."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    current = [Traffic()]
    session.on("Network.requestWillBeSent", lambda sent: current[-1].note_request(sent))
    session.on("Network.loadingFinished", lambda ended: current[-1].note_end(ended))

    def begin() -> Traffic:
        current.append(Traffic())
        return current[-1]

    yield begin
    session.detach()


@pytest.mark.parametrize(
    ("path", "card"), [("/dashboard/guardrails", "fraud-body"), ("/dashboard/growth", "loops-body")]
)
def test_a_page_is_light(browser: Browser, demo: dict[str, str], signed_in: StorageState, path: str, card: str) -> None:
    with visit(browser, demo["DASHBOARD_URL"], state=signed_in) as guest, counted(guest.page) as begin:
        for is_cold, most in ((True, COLD_KIB[path]), (False, WARM_KIB)):
            seen = begin()
            guest.open(path)
            guest.page.locator(f"#{card} > *").first.wait_for()
            guest.page.wait_for_load_state("networkidle")
            assert len(seen.urls) < MOST_REQUESTS, f"{seen}"
            assert 0 < seen.kib < most, f"{'cold' if is_cold else 'warm'}: {seen.kib:.1f} KiB\n{seen}"
