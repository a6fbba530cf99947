"""Who sees what about privacy, and what admins can answer."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dash import no_update

from dashboard.admin.privacy import LISTED, Answering, build_request
from dashboard.lists.view import press, show, submit
from tests.support.answers import NOW
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.people import Role
from viral_contract.models.privacy import (
    PrivacyRequest,
    PrivacyRequestsAnswer,
    PurgeRecord,
    PurgesAnswer,
    RetentionPolicy,
    RetentionRule,
    SubjectData,
    Trace,
)

REQUESTS = "/v1/privacy/requests"
OPEN = PrivacyRequest(
    id=7,
    kind="erase",
    subject_kind="user",
    subject_id="child-7",
    status="open",
    overdue=False,
    note="The mother, by phone",
    created_by="ana@example.com",
    received_at=NOW,
    due_at=NOW + timedelta(days=30),
    done_at=None,
    done_by=None,
    result=None,
)
OVERDUE = OPEN.model_copy(update={"id": 6, "kind": "export", "overdue": True})
DONE = OPEN.model_copy(
    update={"id": 5, "status": "done", "subject_id": None, "done_at": NOW, "done_by": "ben", "result": {"events": 1}}
)
POLICY = RetentionPolicy(
    effective_on=NOW.date(),
    rules=[
        RetentionRule(data="Events", purpose="Security", kept_days=90, setting="RETENTION_EVENTS_DAYS"),
        RetentionRule(data="Totals", purpose="Comparing", kept_days=None, setting=None),
    ],
    paragraphs=["Each night what is older is deleted."],
)
PURGE = PurgeRecord(
    id=1,
    started_at=NOW,
    finished_at=NOW,
    events_from=NOW.date(),
    content_from=NOW.date(),
    audit_from=NOW.date(),
    deleted={"attribution_events": 1200, "violations": 34},
)

DOWN = {"status": 503, "title": "", "code": "store_down", "detail": ""}


def shown_to(api: FakeApi) -> dict[str, Any]:
    """The page as the viewer gets it."""
    return show(LISTED, api.connect(), "", now=NOW)


def record(api: FakeApi, form: dict[str, Any]) -> dict[str, Any]:
    """Save the form."""
    return submit(LISTED, api.connect(), "form", form)


def buttons(request: PrivacyRequest) -> list[tuple[str, int]]:
    """The answers that the request offers."""
    drawn = [each for each in walk(build_request(request)) if type(each).__name__ == "Button"]
    return [(each.id["action"], each.id["row"]) for each in drawn]


@pytest.fixture
def told(api: FakeApi) -> FakeApi:
    api.answers["GET", "/v1/privacy/policy"] = POLICY
    api.answers["GET", "/v1/privacy/purges"] = PurgesAnswer(purges=[PURGE])
    listed = PrivacyRequestsAnswer(requests=[OPEN, OVERDUE, DONE], total_requests=3, next_cursor=None)
    api.answers["GET", REQUESTS] = listed
    return api


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_everybody_reads_the_policy_and_only_admins_the_rest(told: FakeApi, view_as: Any, role: Role) -> None:
    view_as(role)
    shown = shown_to(told)
    assert rows_of(shown["bodies"]["policy"]) == [
        ["Data", "Kept for", "Purpose"],
        ["Events", "90 days", "Security"],
        ["Totals", "Indefinitely", "Comparing"],
    ]
    assert shown["hidden"] == {"policy": False, "requests": True, "purges": True, "form": True}
    assert [request.url.path for request in told.asked] == ["/v1/privacy/policy"]


def test_an_admin_sees_which_requests_are_open_overdue_and_done(told: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    shown = shown_to(told)
    said = [" ".join(text_of(each).split()) for each in find(shown["bodies"]["requests"], "violation")]
    assert "Erase data: User ID child-7" in said[0]
    assert "Open, due 30 Apr 2026" in said[0]
    assert "Overdue, was due 30 Apr 2026" in said[1]
    assert "Done 31 Mar 10:28 by ben: 1 record" in said[2]
    assert "Answer" not in said[2]
    assert rows_of(shown["bodies"]["purges"])[1][2] == "1,234"


def test_without_requests_and_nights_the_page_says_so(told: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    told.answers["GET", "/v1/privacy/purges"] = PurgesAnswer(purges=[])
    told.answers["GET", REQUESTS] = PrivacyRequestsAnswer(requests=[], total_requests=0, next_cursor=None)
    shown = shown_to(told)
    assert text_of(shown["bodies"]["requests"]) == "No requests yet"
    assert text_of(shown["bodies"]["purges"]) == "Nothing deleted yet"


def test_noting_a_request_empties_the_form_and_says_when_it_is_due(told: FakeApi) -> None:
    told.answers["POST", REQUESTS] = OPEN
    form = {"kind": "erase", "subject_kind": "user", "subject_id": " child-7 ", "note": ""}
    answer = record(told, form)
    assert json.loads(told.asked[0].content) == {"kind": "erase", "subject_kind": "user", "subject_id": "child-7"}
    assert (answer["said"], answer["emptied"]) == ("Request 7 recorded. It is due 30 Apr 2026.", "form")


@pytest.mark.parametrize("subject_id", [None, "", "  "])
def test_a_request_needs_an_id(told: FakeApi, subject_id: str | None) -> None:
    answer = record(told, {"kind": "erase", "subject_kind": "user", "subject_id": subject_id})
    assert (answer, told.asked) == ({"said": "Enter an ID."}, [])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("subject_id", "a\0b", "Nothing was changed: the subject id must not contain control characters."),
        ("subject_id", "x" * 129, "Nothing was changed: the subject id must have at most 128 characters."),
        ("note", "x" * 1001, "Nothing was changed: the note must have at most 1000 characters."),
    ],
)
def test_what_cannot_be_noted_is_told_in_words(told: FakeApi, field: str, value: str, said: str) -> None:
    answer = record(told, {"kind": "erase", "subject_id": "child-7", field: value})
    assert (answer, told.asked) == ({"said": said}, [])


def test_a_refusal_is_told_in_words_and_keeps_the_form(told: FakeApi) -> None:
    errors = [{"pointer": "/subject_id", "detail": "must be an IPv4 or IPv6 address"}]
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "", "errors": errors}
    told.answers["POST", REQUESTS] = httpx.Response(422, json=problem)
    form = {"kind": "export", "subject_kind": "ip_address", "subject_id": "tablet"}
    answer = record(told, form)
    assert answer == {"said": "Nothing was changed: the subject id must be an IPv4 or IPv6 address."}


def test_an_export_is_handed_out_as_a_file(told: FakeApi) -> None:
    data = SubjectData(subject_kind="user", subject_id="child-7", exported_at=NOW, data={"links": [{"id": "l-1"}]})
    told.answers["POST", f"{REQUESTS}/6/export"] = data
    answer = press(LISTED, told.connect(), "export", 6)
    assert json.loads(answer["file"]["content"])["data"] == {"links": [{"id": "l-1"}]}
    assert answer["file"]["filename"] == "privacy-request-6.json"


def test_an_id_under_which_nothing_is_stored_is_told(told: FakeApi) -> None:
    empty = SubjectData(subject_kind="user", subject_id="child-7", exported_at=NOW, data={"links": []})
    told.answers["POST", f"{REQUESTS}/6/export"] = empty
    told.answers["POST", f"{REQUESTS}/7/erase"] = OPEN
    answers: tuple[tuple[Answering, int], ...] = (("export", 6), ("erase", 7))
    for kind, request_id in answers:
        answer = press(LISTED, told.connect(), kind, request_id)
        assert answer["said"].startswith(
            f"Request {request_id}: no data is stored under this ID, so the request stays open."
        )
        assert answer["file"] == no_update


@pytest.mark.parametrize(("kind", "request_id"), [("export", 6), ("erase", 7)])
def test_an_answer_is_waited_for_longer_than_others(told: FakeApi, kind: Answering, request_id: int) -> None:
    told.answers["POST", f"{REQUESTS}/{request_id}/{kind}"] = httpx.Response(503, json=DOWN)
    press(LISTED, told.connect(), kind, request_id)
    assert told.asked[0].extensions["timeout"]["read"] == 600


def test_a_person_closes_what_nothing_is_stored_about(told: FakeApi) -> None:
    told.answers["POST", f"{REQUESTS}/7/close"] = DONE.model_copy(update={"id": 7, "result": {}})
    assert press(LISTED, told.connect(), "close", 7)["said"] == "Request 7: closed, no data found."


def test_an_export_can_be_downloaded_again_while_its_request_names_the_child() -> None:
    again = DONE.model_copy(update={"kind": "export", "subject_id": "child-7"})
    closed = DONE.model_copy(update={"result": {}})
    assert [*buttons(OPEN), *buttons(again), *buttons(closed)] == [("erase", 7), ("close", 7), ("export", 5)]
    said = [" ".join(text_of(build_request(each)).split()) for each in (OPEN, again, closed)]
    assert said[1].endswith("Download again about child-7")
    assert said[2].endswith("no data found The mother, by phone")


def test_an_erasure_says_how_much_is_gone(told: FakeApi) -> None:
    told.answers["POST", f"{REQUESTS}/7/erase"] = DONE
    assert press(LISTED, told.connect(), "erase", 7)["said"].startswith("Request 7: 1 record erased.")


LEFT = DONE.model_copy(
    update={
        "traces": [
            Trace(kind="device", id="tablet-7", events=2, others=0),
            Trace(kind="ip_address", id="203.0.113.7", events=9, others=3),
        ]
    }
)


def test_an_erasure_leads_to_what_it_left(told: FakeApi) -> None:
    told.answers["POST", f"{REQUESTS}/7/erase"] = LEFT
    assert "see Remaining data in the list" in press(LISTED, told.connect(), "erase", 7)["said"]
    told.answers["POST", f"{REQUESTS}/7/erase-traces"] = DONE
    assert "devices and sessions erased" in press(LISTED, told.connect(), "erase-traces", 7)["said"]


@pytest.mark.parametrize(("others", "asked"), [(0, [("erase-traces", 5)]), (1, [])])
def test_what_is_left_is_listed_with_who_else_uses_it(others: int, asked: list[tuple[Answering, int]]) -> None:
    traces = [trace.model_copy(update={"others": others}) for trace in LEFT.traces]
    request = LEFT.model_copy(update={"traces": traces})
    said = " ".join(text_of(build_request(request)).split())
    assert "Device fingerprint tablet-7 2 " + ("1 other person" if others else "No one else") in said
    assert buttons(request) == asked


def test_without_the_api_the_page_says_so(told: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    told.is_down = True
    assert "temporarily unavailable" in text_of(shown_to(told)["notice"])
    said = press(LISTED, told.connect(), "erase", 7)["said"]
    assert "check here in a few minutes whether the request is done" in said
    assert "Nothing was changed" not in said
