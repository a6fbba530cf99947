"""The card that leads through the first run: for whom it stands there, how long, and what it says."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from dashboard.data import FirstRun
from dashboard.guardrails import first_run
from tests.support.answers import NOW, build_health
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.open_page import Page
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.setup import SetupAnswer

NOTHING = SetupAnswer(token=False, event=False, link=False, report=False)
ADDRESS = "https://metrics.example.com"


def draw(may_set_up: bool = True, newest: Any = None, **done: bool) -> Any:
    setup = NOTHING.model_copy(update=done)
    health = build_health(has_data=newest is not None, last_event_at=newest)
    return first_run.build_body(build_snapshot(health=health, first_run=FirstRun(setup, may_set_up, ADDRESS)))


@pytest.mark.parametrize(
    ("done", "progress", "states"),
    [
        ({}, "0 of 4", ["In progress", "Not started", "Not started", "Not started"]),
        ({"token": True}, "1 of 4", ["Done", "In progress", "Not started", "Not started"]),
        ({"event": True}, "1 of 4", ["In progress", "Done", "Not started", "Not started"]),
        ({"token": True, "event": True, "link": True, "report": True}, "4 of 4", ["Done"] * 4),
    ],
)
def test_the_first_step_that_is_not_done_is_in_progress(
    done: dict[str, bool], progress: str, states: list[str]
) -> None:
    drawn = draw(**done)
    assert f"{progress} done" in text_of(drawn)
    assert [text_of(each) for each in find(drawn, "setup-state")] == states
    current = [each for each in walk(drawn) if getattr(each, "aria-current", None) == "step"]
    assert len(current) == states.count("In progress")


def test_requests_to_copy_name_the_public_address_of_the_api() -> None:
    texts = [text_of(each) for each in find(draw(), "example")]
    assert [re.findall(r"https://[a-z./0-9]+", text) for text in texts] == [
        *[[f"{ADDRESS}/v1/events"]] * 3,
        [f"{ADDRESS}/v1/links"],
    ]


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=10), "Received at 10:28:05 UTC"),
        (timedelta(days=400), "Received. The newest event is of"),
    ],
)
def test_the_first_event_is_told_once_it_is_there(age: timedelta, said: str) -> None:
    assert text_of(find(draw(), "setup-waiting")).startswith("Waiting for the first event")
    assert text_of(find(draw(newest=NOW - age, event=True), "setup-waiting")).startswith(said)


def test_a_report_needs_an_event() -> None:
    (button,) = [each for each in walk(draw()) if getattr(each, "children", None) == "Generate report"]
    assert (button.disabled, "needs an event" in text_of(draw())) == (True, True)
    (link,) = [each for each in walk(draw(event=True)) if getattr(each, "children", None) == "Generate report"]
    assert link.href == "/dashboard/reports"


def test_who_may_not_do_it_reads_who_does() -> None:
    assert text_of(draw(may_set_up=False)) == "An admin is setting this up."
    assert draw(may_set_up=False, newest=NOW, event=True) == []


def test_the_card_stands_where_it_began_until_the_page_is_left(browser: Browser, api: FakeApi) -> None:
    api.setup, api.health = NOTHING, build_health(has_data=False, last_event_at=None)
    page = Page(browser, "admin1")
    assert "Waiting for the first event" in str(page.refresh()["setup-body"])
    api.setup, api.health = NOTHING.model_copy(update={"event": True}), build_health()
    browser.note_change()
    assert "Received at 10:24:15 UTC" in str(page.refresh()["setup-body"])
    page.shown = None
    assert page.refresh()["setup-body"] == {"children": []}


def test_a_viewer_without_events_is_told_and_one_with_events_costs_no_call(browser: Browser, api: FakeApi) -> None:
    Page(browser, "viewer1").refresh()
    assert api.count("/v1/setup") == 0
    api.setup, api.health = NOTHING, build_health(has_data=False, last_event_at=None)
    assert "An admin is setting this up." in str(Page(browser, "analyst1").refresh()["setup-body"])


def test_without_the_answer_the_page_stands(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", "/v1/setup"] = httpx.Response(404)
    changes = Page(browser, "admin1").refresh()
    assert "fraud-body" in changes
    assert changes["setup-body"] == {"children": []}
