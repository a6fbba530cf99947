"""What admins see of the queues, and what they can decide about what failed or is uncertain."""

import json
from typing import Any

import httpx
import pytest

from dashboard.admin.operations import (
    LONG_WAIT_SECONDS,
    build_batches,
    build_dead_letters,
    build_queues,
    find_status,
)
from tests.support.answers import NOW
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.batches import Batch
from viral_contract.models.queues import DeadLetter, DeadLetterState, QueuesAnswer, QueueState
from viral_runtime.work.queues import QueueName

QUEUES = ("GET", "/v1/queues")


def build_queue(name: str = "default", **fields: Any) -> QueueState:
    given = {
        "name": name,
        "depth": 0,
        "running": 0,
        "failed": 0,
        "uncertain": 0,
        "refused": 0,
        "oldest_waiting_seconds": None,
    }
    return QueueState.model_validate({**given, **fields})


def build_letter(letter_id: str = "delivery-7", **fields: Any) -> DeadLetter:
    given = {
        "id": letter_id,
        "state": "failed",
        "queue": "email_delivery",
        "what": "report 3 to a…@example.com",
        "reason": "550 no such <user>",
        "attempts": 5,
        "failed_at": NOW,
    }
    return DeadLetter.model_validate({**given, **fields})


def build_answer(*letters: DeadLetter, next_cursor: str | None = None, **email: Any) -> QueuesAnswer:
    queues = [build_queue(name, **(email if name == QueueName.EMAIL_DELIVERY else {})) for name in QueueName]
    return QueuesAnswer(queues=queues, dead_letters=list(letters), next_cursor=next_cursor, batches=[])


def action_id(action: str, letter_id: str) -> dict[str, str]:
    return {"page": "operations", "action": action, "row": letter_id}


def show(
    browser: Browser, *, who: str = "admin1", shown: dict[str, Any] | None = None, search: str = ""
) -> dict[str, Any]:
    browser.resume(who)
    return call(browser, "operations-queues.children", {"operations-shown.data": shown, "url.search": search})


def decide(browser: Browser, action: str, letter: str) -> str:
    """Press a button as the page's renderer does."""
    browser.resume("admin1")
    dependencies: Any = browser.get("/_dash-dependencies").json
    callback = next(each for each in dependencies if "operations-said.children" in each["output"])
    button = action_id(action, letter)
    answer = browser.call(
        {
            "output": callback["output"],
            "outputs": [
                {"id": f"operations-{name}", "property": prop}
                for name, prop in (("said", "children"), ("once", "children"), ("file", "data"))
            ],
            "inputs": [[{"id": button, "property": "n_clicks", "value": 1}]],
            "state": [],
            "changedPropIds": [f"{json.dumps(button, separators=(',', ':'))}.n_clicks"],
        }
    )
    assert answer.json is not None, answer.text
    said: str = answer.json["response"]["operations-said"]["children"]
    return said


@pytest.mark.parametrize("who", ["viewer1", "analyst1"])
def test_others_than_admins_get_a_sentence_and_the_page_rests(browser: Browser, api: FakeApi, who: str) -> None:
    changes = show(browser, who=who)
    assert "Only admins can view the queues" in str(changes["operations-notice"])
    assert changes["operations-queues-card"] == {"hidden": True}
    assert changes["operations-clock"] == {"disabled": True}
    assert api.count("/v1/queues") == 0


def test_email_comes_first_and_every_queue_tells_its_figures() -> None:
    answer = build_answer(depth=1200, running=2, oldest_waiting_seconds=42.0)
    rows = rows_of(build_queues(answer.queues))
    assert [row[0].split()[0] for row in rows[1:]] == ["Email", "Webhooks", "Performance", "Batch", "Default"]
    assert rows[1][1:] == ["Working", "1,200", "42 s", "2", "0", "0", "0"]
    assert rows[5][1:] == ["Idle", "0", "–", "0", "0", "0", "0"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "Idle"),
        ({"name": "default", "failed": 1}, "Idle"),
        ({"depth": 3, "oldest_waiting_seconds": LONG_WAIT_SECONDS}, "Waiting"),
        ({"depth": 3, "running": 1}, "Working"),
        ({"depth": 3, "running": 1, "oldest_waiting_seconds": LONG_WAIT_SECONDS + 1}, "Falling behind"),
        ({"running": 1, "failed": 1}, "Needs attention"),
        ({"uncertain": 1}, "Needs attention"),
        ({"name": "default", "refused": 1}, "Needs attention"),
    ],
)
def test_a_queue_has_the_status_of_the_worst_in_it(fields: dict[str, Any], status: str) -> None:
    assert find_status(build_queue(**{"name": "webhooks", **fields})) == status


def test_a_failed_delivery_tells_why_and_offers_to_try_again_or_to_let_go() -> None:
    [letter] = find(build_dead_letters([build_letter()], 1), "violation")
    said = " ".join(text_of(letter).split())
    assert said.startswith("Delivery 7 Report 3 to a…@example.com Failed since 31 Mar 10:28:15 UTC after 5 attempts")
    assert "550 no such <user>" in said
    buttons = [each.id["action"] for each in walk(letter) if type(each).__name__ == "Button"]
    assert buttons == ["retry", "discard"]


def test_an_uncertain_delivery_can_be_confirmed_and_warns_of_doubles() -> None:
    drawn = build_dead_letters([build_letter(state="uncertain")], 1)
    said = " ".join(text_of(drawn).split())
    assert "Send again : Delivery 7 If it did arrive, the recipient gets it twice." in said
    assert "recorded in the audit log" in said
    buttons = [each.id for each in walk(drawn) if type(each).__name__ == "Button"]
    assert buttons == [action_id(action, "delivery-7") for action in ("confirm", "retry", "discard")]


def test_a_failed_report_leads_to_its_page() -> None:
    drawn = build_dead_letters([build_letter("report-12"), build_letter("delivery-7")], 2)
    assert [each.href for each in walk(drawn) if hasattr(each, "href")] == ["/dashboard/reports/12"]


def test_without_failures_the_page_says_so() -> None:
    assert "Nothing needs attention." in text_of(build_dead_letters([], 0))


def test_of_many_failures_the_page_shows_some_and_leads_to_the_others(browser: Browser, api: FakeApi) -> None:
    api.answers[QUEUES] = build_answer(build_letter(), next_cursor="behind 7", failed=60, uncertain=3)
    first = str(show(browser)["operations-letters"])
    assert "1 of 63 items. Your decision" in first
    assert "'Next 50 items', 'href': '/dashboard/operations?cursor=behind+7'" in first
    assert "Newest" not in first
    api.answers[QUEUES] = build_answer(failed=60)
    last = str(show(browser, search="?cursor=behind+7")["operations-letters"])
    assert api.asked[-1].url.params["cursor"] == "behind 7"
    assert "Nothing on this page needs attention anymore" in last
    assert "'Newest', 'href': '/dashboard/operations'" in last


def test_a_page_of_failures_that_never_was_is_refused_in_words(browser: Browser, api: FakeApi) -> None:
    wrong = [{"pointer": "#cursor", "detail": "is not a cursor from this list"}]
    api.answers[QUEUES] = httpx.Response(422, json={"code": "invalid", "detail": "No.", "errors": wrong})
    changes = show(browser, search="?cursor=x")
    assert "In the address, cursor is not a cursor from this list." in str(changes["operations-notice"])


def test_long_work_tells_how_far_it_has_come() -> None:
    batch = Batch(id=4, kind="rebuild_facts", status="running", done_steps=3, total_steps=12)
    assert text_of(build_batches([batch])) == "Rebuilding facts 25% No. 4, 3 of 12 steps"
    assert text_of(build_batches([])) == "No background jobs are running."


def test_a_refresh_draws_only_what_changed(browser: Browser, api: FakeApi) -> None:
    api.answers[QUEUES] = build_answer(build_letter())
    first = show(browser)
    assert {"operations-queues", "operations-letters"} <= first.keys()
    shown = first["operations-shown"]["data"]
    api.answers[QUEUES] = build_answer(build_letter(), running=1)
    again = show(browser, shown=shown)
    assert "operations-queues" in again
    assert "operations-letters" not in again


def test_a_refresh_that_fails_leaves_what_is_there_and_says_since_when(browser: Browser, api: FakeApi) -> None:
    api.answers[QUEUES] = build_answer()
    first = show(browser)
    assert "Trying again in 5 s" in first["operations-refresh-problem"]["children"]
    api.answers[QUEUES] = httpx.Response(503, json={"code": "store_unavailable", "detail": "Try again."})
    changes = show(browser, shown=first["operations-shown"]["data"])
    assert changes == {"operations-refresh-problem": {"hidden": False}}


def test_without_any_data_the_page_says_so_and_goes_on_asking(browser: Browser, api: FakeApi) -> None:
    api.answers[QUEUES] = httpx.Response(503, json={"code": "store_unavailable", "detail": "Try again."})
    changes = show(browser)
    assert "Data is temporarily unavailable" in str(changes["operations-notice"])
    assert changes["operations-clock"] == {"disabled": False}


@pytest.mark.parametrize(
    ("action", "state", "said"),
    [
        ("retry", "queued", "Delivery 7 is queued again."),
        ("discard", "discarded", "Delivery 7 discarded."),
        ("confirm", "sent", "Delivery 7 marked as sent."),
    ],
)
def test_a_decision_is_sent_and_answered_in_words(
    browser: Browser, api: FakeApi, action: str, state: str, said: str
) -> None:
    path = f"/v1/dead-letters/delivery-7/{action}"
    api.answers["POST", path] = DeadLetterState.model_validate({"id": "delivery-7", "state": state})
    assert decide(browser, action, "delivery-7") == said
    assert api.count(path) == 1


def test_a_decision_that_came_too_late_is_told(browser: Browser, api: FakeApi) -> None:
    gone = httpx.Response(404, json={"code": "not_found", "detail": "There is no dead letter delivery-7."})
    api.answers["POST", "/v1/dead-letters/delivery-7/retry"] = gone
    assert decide(browser, "retry", "delivery-7") == "There is no dead letter delivery-7."
