"""What is compressed on its way to a browser, and what is not."""

import gzip
import re

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


def test_a_form_with_the_token_against_forgery_is_not_compressed(browser: Browser) -> None:
    answer = browser.get("/login", headers=GZIP)
    assert (browser.cookie("_csrf_token") or "?") in answer.text
    assert "Content-Encoding" not in answer.headers


def open_shell(browser: Browser) -> bytes:
    """What fills the frame of a page, with the form that signs out."""
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
    assert answer.headers["Content-Encoding"] == "gzip"
    return gzip.decompress(answer.data)


def read_token(shell: bytes) -> str:
    [token] = re.findall(rb'"name": ?"csrf_token".*?"value": ?"([^"]+)"|"value": ?"([^"]+)".{0,60}"csrf_token"', shell)
    return (token[0] or token[1]).decode()


def test_the_token_in_a_compressed_answer_is_another_each_time_and_taken(browser: Browser) -> None:
    browser.resume("viewer1")
    shells = [open_shell(browser) for _ in range(3)]
    assert not [shell for shell in shells if (browser.cookie("_csrf_token") or "?").encode() in shell]
    tokens = {read_token(shell) for shell in shells}
    assert len(tokens) == 3
    assert browser.client.post("/logout", data={"csrf_token": "A" * len(min(tokens))}).status_code == 403
    assert browser.client.post("/logout", data={"csrf_token": min(tokens)}).status_code == 303


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
