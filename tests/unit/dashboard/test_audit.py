"""The page of the audit log."""

from typing import Any

import httpx
import pytest

from dashboard.admin.audit import LISTED
from dashboard.lists.sorted_table import ListRow
from dashboard.lists.table_page import build_query
from dashboard.period import read_search
from tests.support.answers import NOW
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import text_of
from viral_contract.models.audit import AuditAnswer, AuditEntry

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


def build_entries(*entries: AuditEntry) -> AuditAnswer:
    return AuditAnswer(entries=list(entries), total_entries=90, next_cursor="more")


def fetch_row(api: FakeApi, search: str = "", **fields: Any) -> ListRow:
    api.answers[PATH] = build_entries(ENTRY.model_copy(update=fields))
    [row] = LISTED.fetch(api.connect(), build_query(LISTED, read_search(search)), "").rows
    return row


def show(browser: Browser, search: str = "") -> str:
    return str(call(browser, "audit-rows.children", {"url.search": search}))


def test_an_entry_tells_who_what_when_from_where_and_what_changed(api: FakeApi) -> None:
    row = fetch_row(api, "?actor=ana%40example.com&q=trust&start=2026-01-01&end=2026-01-31&order=asc")
    assert dict(api.asked[0].url.params) == {
        "actor": "ana@example.com",
        "q": "trust",
        "start": "2026-01-01",
        "end": "2026-01-31",
        "order": "asc",
        "limit": "25",
    }
    assert [" ".join(text_of(cell).split()) for cell in row.cells] == [
        "Trust network",
        "31 Mar 10:28:15",
        "<b>ana@example.com</b>",
        "trusted_network:203.0.113.0/24",
        "Before reason: School After reason: Lakeside School",
        "192.0.2.1",
    ]
    assert row.record["before"] == "reason: School, expires at: none"


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
def test_no_token_passes_for_the_person_whose_name_it_bears(api: FakeApi, actor_key: str | None, told: str) -> None:
    row = fetch_row(api, actor="ana@example.com", actor_key=actor_key)
    assert " ".join(text_of(row.cells[2]).split()) == told


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ("alert:7", "/dashboard/guardrails/alert?id=7"),
        ("case:7", "/dashboard/cases/7"),
        ("report:7", "/dashboard/reports/7"),
        ("session", None),
        ("alert:seven", None),
    ],
)
def test_a_subject_leads_to_its_page_where_it_has_one(api: FakeApi, subject: str, path: str | None) -> None:
    assert getattr(fetch_row(api, subject=subject).cells[3], "href", None) == path


@pytest.mark.parametrize("secret", ["viewer1", "analyst1"])
def test_others_than_admins_get_a_sentence(browser: Browser, api: FakeApi, secret: str) -> None:
    browser.resume(secret)
    assert "Only admins can view the audit log." in show(browser)
    assert PATH not in [(request.method, request.url.path) for request in api.asked]


@pytest.mark.parametrize(
    ("answer", "search", "said"),
    [
        (AuditAnswer(entries=[], total_entries=0, next_cursor=None), "?q=zz", "No entry matches"),
        (AuditAnswer(entries=[], total_entries=0, next_cursor=None), "", "No entries in this period"),
        (
            httpx.Response(503, json={"status": 503, "title": "", "code": "x", "detail": "x"}),
            "",
            "Could not load entries",
        ),
    ],
)
def test_what_there_is_not_is_told_in_words(
    browser: Browser, api: FakeApi, answer: Any, search: str, said: str
) -> None:
    api.answers[PATH] = answer
    browser.resume("admin")
    assert said in show(browser, search)
