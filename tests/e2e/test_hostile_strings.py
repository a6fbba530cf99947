"""Hostile content in every field of every write renders as text: on every page, in every export, in what is sent."""

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, StorageState, expect
from pypdf import PdfReader
from sqlalchemy import create_engine
from sqlalchemy import text as sql

from dashboard.pages import PAGES
from email_worker.letters import write_alert_letter, write_report_letter
from tests.support.browsing import Visit, visit
from tests.support.hostile import CLASS, EMAILS, HOSTILE, ask_for_report, fill_product
from tests.support.letters import UNSUBSCRIBE_URL, build_alert_event, build_notification
from tests.support.stack_process import ONE_PROCESS_EACH, StackProcess
from tests.support.waiting import wait_until
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.investigations import EntityKind
from viral_reports.bidirectional import isolate

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What would be hostile markup that the browser took for such.
MARKUP = f".{CLASS}, [onerror], [onload], [onfocus], [onmouseover], [href^='javascript:' i], [src^='javascript:' i]"
FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
# The elements that reach beyond the window, unless a frame of their own scrolls.
FIND_WIDE = """() => [...document.querySelectorAll("main *")]
    .filter(each => each.getBoundingClientRect().right > window.innerWidth && !each.closest(".table-frame"))
    .map(each => `${each.tagName}.${each.className}`).slice(0, 8)"""
KINDS: tuple[EntityKind, ...] = ("referrer", "device")
# Pages that name nothing that a caller chose: figures alone, and the switches of the product.
WITHOUT_NAMES = {
    "/dashboard/guardrails/what-if",
    "/dashboard/flags",
    "/dashboard/reports",
    "/dashboard/rules/quality",
    "/dashboard/traffic/events",
}


@dataclass(frozen=True)
class Product:
    """A stack that is full of hostile strings, and its report."""

    stack: dict[str, str]
    api: MetricsApi
    report_id: int


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        StackProcess(Path(name) / "var", **ONE_PROCESS_EACH) as process,
    ):
        stack = process.wait_until_ready()
        api = fill_product(stack["METRICS_API_URL"], stack["API_TOKEN"])
        report_id = ask_for_report(api)
        wait_until(lambda: api.fetch_report(report_id).status == "ready", "the report is ready")
        api.deliver_report(report_id, EMAILS)
        let_servers_answer(stack["DATABASE_URL"])
        yield Product(stack, api, report_id)


def let_servers_answer(database_url: str) -> None:
    """Have every delivery failed by a mail server or a webhook that says something hostile."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    failed = sql("UPDATE deliveries SET status = 'dead', last_error = :said, reply = :said, finished_at = now()")
    with engine.begin() as connection:
        assert connection.execute(failed, {"said": "\n".join(HOSTILE)}).rowcount == len(EMAILS)
    engine.dispose()


@pytest.fixture(scope="module")
def state(browser: Browser, product: Product) -> StorageState:
    """The cookies of a signed-in admin."""
    with visit(browser, product.stack["DASHBOARD_URL"]) as guest:
        guest.open("/login")
        guest.sign_in(product.stack["ADMIN_EMAIL"], product.stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        return guest.page.context.storage_state()


def watch(guest: Visit) -> list[str]:
    """What opened a dialog, as only a script of the hostile strings does."""
    dialogs: list[str] = []

    def dismiss(dialog: object) -> None:
        dialogs.append(str(dialog))
        dialog.dismiss()  # type: ignore[attr-defined]

    guest.page.on("dialog", dismiss)
    return dialogs


def squeeze(text: str) -> str:
    """The text without the white space that a layout adds or takes."""
    return re.sub(r"\s", "", text)


def shows(text: str) -> list[str]:
    """Which of the hostile strings the text holds."""
    squeezed = squeeze(text)
    return [each for each in (*HOSTILE, *EMAILS) if squeeze(each) in squeezed]


def list_paths(product: Product) -> list[str]:
    """An address of every page, and addresses that are hostile themselves."""
    alerts = product.api.fetch_alerts(status="all").alerts
    arguments = {
        "/dashboard/guardrails/alert": [f"?id={alert.id}" for alert in alerts],
        "/dashboard/investigations": ["?" + urlencode({"kind": kind, "id": HOSTILE[0]}) for kind in KINDS]
        + ["?" + urlencode({"kind": "referrer", "id": each}) for each in HOSTILE[1:4]],
        "/dashboard/investigations/events": ["?" + urlencode({"kind": "device", "id": HOSTILE[0]})],
        "/dashboard/audit": ["", "?" + urlencode({"actor": HOSTILE[0], "action": HOSTILE[1], "subject": HOSTILE[3]})],
        "/dashboard/lists": ["", "?" + urlencode({"value": HOSTILE[0]})],
    }
    pages = [page.path.replace("<id>", str(product.report_id)) for page in PAGES]
    return [path + search for path in pages for search in arguments.get(path, [""])]


def test_every_page_shows_them_as_text_and_breaks_no_rule_of_the_policy(
    product: Product, browser: Browser, state: StorageState
) -> None:
    shown: dict[str, list[str]] = {}
    with visit(browser, product.stack["DASHBOARD_URL"], state=state) as guest:
        dialogs = watch(guest)
        for path in list_paths(product):
            guest.open(path)
            guest.page.wait_for_load_state("networkidle")
            expect(guest.page.get_by_role("heading", level=1)).to_be_visible()
            main = guest.page.get_by_role("main")
            expect(main.locator(".skeleton:visible")).to_have_count(0)
            fields = [field.input_value() for field in main.locator("input:not([type=checkbox]), textarea").all()]
            shown.setdefault(path.partition("?")[0], []).extend(shows(main.text_content() + "\n".join(fields)))
            assert guest.page.locator(MARKUP).count() == 0, path
            assert guest.complaints == [], path
        assert dialogs == []
    assert {path for path, found in shown.items() if not found} == WITHOUT_NAMES
    everywhere = {text for found in shown.values() for text in found}
    assert everywhere == {*HOSTILE, *EMAILS}


@pytest.mark.parametrize("width", [390, 320])
def test_long_names_make_no_page_wider_than_a_phone(
    product: Product, browser: Browser, state: StorageState, width: int
) -> None:
    """On 140f6a8 the pages of growth, trusted networks, privacy and the audit scroll sideways."""
    too_wide: dict[str, list[str]] = {}
    with visit(browser, product.stack["DASHBOARD_URL"], width=width, state=state) as guest:
        for path in list_paths(product):
            guest.open(path)
            guest.page.wait_for_load_state("networkidle")
            expect(guest.page.get_by_role("heading", level=1)).to_be_visible()
            if guest.page.evaluate("document.documentElement.scrollWidth") > width:
                too_wide[path] = guest.page.evaluate(FIND_WIDE)
    assert too_wide == {}


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard/guardrails?",
        "/dashboard/growth?source=",
        "/dashboard/guardrails/violations?type=",
        "/dashboard/guardrails/flagged-ips?cursor=",
        "/dashboard/" + "%3Cimg src=x onerror=alert(1) class=hostile%3E?",
        "/dashboard/reports/%3Cscript%3Ealert(1)%3C%2Fscript%3E?",
        "/unsubscribe/%3Cscript class=hostile%3Ealert(1)%3C%2Fscript%3E?",
        "/set-password?key=",
        "/login/callback?error=",
    ],
)
def test_an_address_runs_nothing(product: Product, browser: Browser, state: StorageState, path: str) -> None:
    with visit(browser, product.stack["DASHBOARD_URL"], state=state) as guest:
        dialogs = watch(guest)
        for each in HOSTILE[:5]:
            name = "start" if path.endswith("?") else ""
            guest.open(f"{path}{urlencode({name: each}).removeprefix('=')}")
            guest.page.wait_for_load_state("networkidle")
            assert guest.page.locator(MARKUP).count() == 0
        assert dialogs == []
        # A browser notes an answer of 404 or 403 as an error, which is none of the policy's.
        assert [text for text in guest.complaints if "Failed to load resource" not in text] == []


def open_alone(browser: Browser, html: str) -> None:
    """Look at a document without any policy that would stop what it may run."""
    with visit(browser, "") as guest:
        dialogs = watch(guest)
        guest.page.set_content(html, wait_until="networkidle")
        assert guest.page.locator(MARKUP).count() == 0
        assert guest.page.locator("script, iframe, object, embed, form").count() == 0
        assert dialogs == []


def named(product: Product) -> list[str]:
    """The names of loops and referrers in the report."""
    facts = product.api.fetch_report(product.report_id).facts
    assert facts
    names = [*(loop.source for loop in facts.loops), *(referrer.id for referrer in facts.top_referrers)]
    assert len(set(names) & set(HOSTILE)) >= 10
    return names


def test_the_report_as_a_page_runs_nothing_and_names_everything(product: Product, browser: Browser) -> None:
    html = product.api.export_report(product.report_id, "html").decode()
    open_alone(browser, html)


def test_the_report_as_pdf_holds_them_literally(product: Product) -> None:
    pages = PdfReader(io.BytesIO(product.api.export_report(product.report_id, "pdf"))).pages
    text = squeeze("".join(page.extract_text() for page in pages))
    # Long names are cut off, and marks of direction are laid out, not written.
    names = [name for name in named(product) if "\u202e" not in name]
    assert [name for name in names if squeeze(name[:38]) not in text] == []


def list_cells(table: bytes) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(table.decode("utf-8-sig"))) for cell in row]


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may run the cell; a negative number is none."""
    return bool(FORMULA.match(cell)) and not re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)


def test_no_cell_of_an_export_is_a_formula(product: Product) -> None:
    tables = [product.api.export_report(product.report_id, "csv")]
    tables += [product.api.export_investigation(kind, each) for kind in KINDS for each in HOSTILE]
    cells = [list_cells(table) for table in tables]
    assert [cell for table in cells for cell in table if is_formula(cell)] == []
    for each, table in zip(HOSTILE * len(KINDS), cells[1:], strict=True):
        assert {isolate(each), isolate("'" + each)} & set(table), each


def test_json_says_what_was_written(product: Product) -> None:
    report = json.loads(product.api.export_report(product.report_id, "json"))
    assert {loop["source"] for loop in report["facts"]["loops"]} <= set(HOSTILE)


def test_emails_run_nothing(product: Product, browser: Browser) -> None:
    report = product.api.fetch_report(product.report_id)
    letter = write_report_letter(report, report_url="https://dashboard.example/", unsubscribe_url=UNSUBSCRIBE_URL)
    open_alone(browser, letter.html)
    digest = build_notification(*(build_alert_event(message=each) for each in HOSTILE), rule=HOSTILE[0])
    single = build_notification(build_alert_event(message=HOSTILE[3]), rule=HOSTILE[1])
    for notification in (digest, single):
        news = write_alert_letter(notification, unsubscribe_url=UNSUBSCRIBE_URL)
        assert "\n" not in news.subject
        open_alone(browser, news.html)
