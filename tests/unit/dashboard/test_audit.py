"""The page of the audit log."""

from typing import Any

import httpx
import pytest
from dash import no_update

from dashboard.admin.audit import FILTERS, LISTED
from dashboard.lists.view import show
from tests.support.answers import NOW
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.audit import AuditAnswer, AuditEntry
from viral_contract.models.people import Role

PATH = ("GET", "/v1/audit-entries")
ENTRY = AuditEntry(
    id=3,
    at=NOW,
    actor="<b>ana@example.com</b>",
    actor_key="person:7",
    action="trust_network",
    subject="trusted_network:203.0.113.0/24",
    address="192.0.2.1",
    details=None,
    before={"reason": "School", "expires_at": None},
    after={"reason": "Lakeside School", "expires_at": None},
)


def test_an_entry_tells_who_what_when_from_where_and_what_changed(api: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    api.answers[PATH] = AuditAnswer(entries=[ENTRY], total_entries=90, next_cursor="more")
    shown = show(LISTED, api.connect(), "?actor=ana%40example.com&start=2026-01-01", now=NOW)
    assert dict(api.asked[0].url.params) == {"limit": "50", "actor": "ana@example.com", "start": "2026-01-01"}
    assert shown["bodies"]["found"] == "90 entries, newest first"
    (entry,) = find(shown["bodies"]["list"], "violation")
    said = " ".join(text_of(entry).split())
    for part in ("Trust network", "from 192.0.2.1", "<b>ana@example.com</b>", "203.0.113.0/24"):
        assert part in said
    assert "Before reason: School" in said
    assert "After reason: Lakeside School" in said
    assert "expires" not in said
    assert [each.href for each in walk(shown["bodies"]["list"]) if hasattr(each, "href")] == [
        "/dashboard/audit?actor=ana%40example.com&start=2026-01-01&cursor=more"
    ]


@pytest.mark.parametrize(
    ("actor_key", "told"),
    [
        ("person:7", "ana@example.com"),
        (None, "ana@example.com"),
        ("token:3", "ana@example.com (token 3)"),
        ("visitor", "ana@example.com (not signed in)"),
        ("system", "ana@example.com (the service)"),
    ],
)
def test_no_token_passes_for_the_person_whose_name_it_bears(
    api: FakeApi, view_as: Any, actor_key: str | None, told: str
) -> None:
    view_as(Role.ADMIN)
    entry = ENTRY.model_copy(update={"actor": "ana@example.com", "actor_key": actor_key})
    api.answers[PATH] = AuditAnswer(entries=[entry], total_entries=1, next_cursor=None)
    (shown,) = find(show(LISTED, api.connect(), "", now=NOW)["bodies"]["list"], "violation")
    assert told in [" ".join(text_of(part).split()) for part in shown.children[1:2]]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_than_admins_get_a_sentence(api: FakeApi, view_as: Any, role: Role) -> None:
    view_as(role)
    shown = show(LISTED, api.connect(), "", now=NOW)
    assert (text_of(shown["notice"]), shown["hidden"], api.asked) == (
        "Only admins can view the audit log.",
        {"list": True, "filter": True},
        [],
    )


def test_filters_stand_in_the_address_as_they_are_given() -> None:
    given = {"actor": " ana ", "action": "", "subject": None, "start": "2026-01-01", "end": None}
    assert FILTERS.format(given) == "?actor=ana&start=2026-01-01"
    assert FILTERS.parse({"actor": "ana", "start": "2026-01-01", "cursor": "x"}) == {
        "actor": "ana",
        "start": "2026-01-01",
    }
    assert FILTERS.format(dict.fromkeys(given)) == ""


def test_filters_that_are_only_drawn_leave_the_address_as_it_is() -> None:
    assert FILTERS.choose(None, {"actor": None}, {"actor": "ana"}) is no_update
    assert FILTERS.choose(1, {"actor": None}, {"actor": "ana"}) == "?actor=ana"
    assert FILTERS.choose(None, {"actor": 1}, {"actor": "ana"}) == "?actor=ana"


def test_an_action_is_found_as_the_list_shows_it(api: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    api.answers[PATH] = AuditAnswer(entries=[], total_entries=0, next_cursor=None)
    show(LISTED, api.connect(), "?action=Sign+in", now=NOW)
    assert api.asked[0].url.params["action"] == "sign_in"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (AuditAnswer(entries=[], total_entries=0, next_cursor=None), "No entries match these filters."),
        (
            httpx.Response(
                422,
                json={
                    "status": 422,
                    "title": "",
                    "code": "invalid",
                    "detail": "",
                    "errors": [{"pointer": "#end", "detail": "must not be before start"}],
                },
            ),
            "end must not be before start",
        ),
        (httpx.Response(503, json={"status": 503, "title": "", "code": "x", "detail": "x"}), "temporarily unavailable"),
    ],
)
def test_what_there_is_not_is_told_in_words(api: FakeApi, view_as: Any, answer: Any, said: str) -> None:
    view_as(Role.ADMIN)
    api.answers[PATH] = answer
    shown = show(LISTED, api.connect(), "", now=NOW)
    assert said in text_of([shown["notice"], shown["bodies"]["list"]])
