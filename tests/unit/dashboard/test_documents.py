"""A page's document: small, as every full load begins with it, and without ids that nothing has."""

from collections.abc import Iterator
from typing import Any

from dashboard.pages import PAGES
from dashboard.settings import DashboardSettings
from dashboard.shell import build_layout
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.tree import walk

_MOST_BYTES = 16 * 1024


def list_ids(dependency: dict[str, Any]) -> Iterator[str]:
    """The ids that a callback names; those with braces are of a kind of component, such as the buttons of rows."""
    yield from (each["id"] for each in (*dependency["inputs"], *dependency["state"]))
    outputs = dependency["output"].strip(".").split("...")
    # A callback may have no output, and then has a name that is nobody's.
    yield from (output.rpartition(".")[0] for output in outputs if "." in output)


def test_a_document_holds_no_other_pages_layouts(browser: Browser) -> None:
    browser.sign_in()
    document = browser.get("/dashboard/guardrails").data
    assert b"_dash-config" in document
    assert len(document) < _MOST_BYTES


def test_every_id_of_a_callback_is_one_of_a_page(browser: Browser, settings: DashboardSettings) -> None:
    browser.sign_in()
    layouts = [build_layout(), *(page.build_layout(settings) for page in PAGES)]
    ids = {str(each.id) for each in walk(layouts) if getattr(each, "id", None)}
    dependencies: Any = browser.get("/_dash-dependencies").json
    named = {each for dependency in dependencies for each in list_ids(dependency) if not each.startswith("{")}
    assert len(named) > len(PAGES)
    assert named - ids == set()
