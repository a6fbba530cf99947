"""What is compressed on its way to a browser, and what is not."""

import gzip

from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.open_page import Page

GZIP = {"Accept-Encoding": "gzip"}
DEFINITIONS = ("/_dash-layout", "/_dash-dependencies")
HOME = "/dashboard/guardrails"


def test_documents_and_answers_are_compressed_for_who_takes_it(browser: Browser) -> None:
    browser.resume("viewer1")
    plain, packed = browser.get(HOME), browser.get(HOME, headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert len(gzip.decompress(packed.data)) == len(plain.data)
    assert "Content-Encoding" not in plain.headers


def test_a_refresh_is_compressed(browser: Browser) -> None:
    page = Page(browser, "viewer1")
    answer = browser.call(page.build_call("?days=7"), GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) < len(gzip.decompress(answer.data)) / 3


def test_nothing_with_the_token_against_forgery_in_it_is_compressed(browser: Browser) -> None:
    browser.resume("viewer1")
    assert "Content-Encoding" not in browser.get("/login", headers=GZIP).headers
    dependencies = browser.get("/_dash-dependencies").json
    opened = next(each for each in dependencies or [] if each["output"].startswith("..page.children"))
    outputs = [output.rpartition(".") for output in opened["output"].strip(".").split("...")]
    answer = browser.call(
        {
            "output": opened["output"],
            "outputs": [{"id": component, "property": name} for component, _, name in outputs],
            "inputs": [{**each, "value": HOME} for each in opened["inputs"]],
            "changedPropIds": [],
        },
        GZIP,
    )
    assert (browser.cookie("_csrf_token") or "?").encode() in answer.data
    assert "Content-Encoding" not in answer.headers


def test_a_browser_is_sent_the_definitions_of_pages_once(browser: Browser) -> None:
    browser.resume("viewer1")
    for path in DEFINITIONS:
        first = browser.get(path, headers=GZIP)
        assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache")
        assert gzip.decompress(first.data) == browser.get(path).data
        again = browser.get(path, headers={**GZIP, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_the_definitions_of_pages_are_for_who_is_signed_in(browser: Browser) -> None:
    for path in DEFINITIONS:
        assert browser.get(path).status_code == 401
