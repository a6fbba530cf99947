"""Pages of flagged rows, and who sees which part of an identifier."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import References
from metrics_api.context import Context
from tests.support.api_fixtures import IDENTIFIER_KEY, Api
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.people import Signed, create_person
from viral_contract.client.connection import LOOK_HEADER
from viral_contract.models.people import Role, Scope

FRAUD, BOTS, HEALTH = "/v1/guardrails/fraud", "/v1/guardrails/bots", "/v1/guardrails/health"
LOOKS = "/v1/audit-entries/looks"
LISTS = {FRAUD: "suspicious_ips", BOTS: "bot_like_devices"}
DAY = NOON.date()
PERIOD = {"start": DAY, "end": DAY}
ADDRESSES = [f"203.0.113.{number}" for number in range(1, 24)] + ["2001:db8:1:2::7", "::1"]
REFERENCES = References(IDENTIFIER_KEY)


@pytest.fixture
def flagged(api: Api) -> None:
    """25 addresses and as many devices, many with the same number of clicks."""
    clicks = [
        build_clicks(11 + number % 3, ip_address=address, device_fingerprint=f"device-{address}")
        for number, address in enumerate(ADDRESSES)
    ]
    api.post_events(*(click for some in clicks for click in some))


def read_pages(api: Api, path: str, **query: object) -> list[list[dict[str, Any]]]:
    pages, cursor = [], {}
    while True:
        answer = api.read(path, **{**PERIOD, **query, **cursor})
        pages.append(answer[LISTS[path]])
        if answer["next_cursor"] is None:
            return pages
        cursor = {"cursor": answer["next_cursor"]}


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 7, 24, 25, 1000])
def test_pages_show_every_row_once_in_the_order_of_the_whole_list(api: Api, path: str, limit: int) -> None:
    whole = api.read(path, **PERIOD, limit=1000)[LISTS[path]]
    pages = read_pages(api, path, limit=limit)
    assert [row for page in pages for row in page] == whole
    assert len(whole) == len(ADDRESSES)
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert pages[-1]


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize("path", LISTS)
def test_totals_are_of_the_period_and_not_of_the_page(api: Api, path: str) -> None:
    answer = api.read(path, **PERIOD, limit=2)
    assert [value for name, value in answer.items() if name.startswith("total_flagged")] == [len(ADDRESSES)]


@pytest.mark.parametrize("path", LISTS)
def test_50_rows_are_shown_by_default(api: Api, path: str) -> None:
    for number in range(51):
        same = {"ip_address": f"198.51.100.{number}", "device_fingerprint": f"device-{number}"}
        api.post_events(*build_clicks(11, **same))
    assert [len(page) for page in read_pages(api, path)] == [50, 1]


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize("path", LISTS)
def test_rows_that_appear_before_the_cursor_do_not_shift_the_next_page(api: Api, path: str) -> None:
    first = api.read(path, **PERIOD, limit=10)
    api.post_events(*build_clicks(90, ip_address="192.0.2.1", device_fingerprint="device-192.0.2.1"))
    second = api.read(path, **PERIOD, limit=10, cursor=first["next_cursor"])
    assert not {row["ref"] for row in first[LISTS[path]]} & {row["ref"] for row in second[LISTS[path]]}


def forge_cursors(real: str) -> dict[str, str]:
    changed = real[:-3] + ("AAA" if real[-3:] != "AAA" else "BBB")
    return {
        "changed": changed,
        "cut": real[:10],
        "empty": "",
        "text": "ref_",
        "not ascii": "ref_é",
        "base64": base64.urlsafe_b64encode(b'["-12", "2026-03-04", "203.0.113.1"]').decode(),
        "a reference": REFERENCES.to_ref('["-12", "2026-03-04", "203.0.113.1"]'),
        "of another key": References("another key").seal("[]", purpose="cursor of fraud"),
        "long": "x" * 4000,
    }


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("forgery", forge_cursors("x" * 30))
def test_a_forged_cursor_is_invalid(api: Api, path: str, forgery: str) -> None:
    real = api.read(path, **PERIOD, limit=1)["next_cursor"]
    problem = api.refuse(422, "GET", path, query_string={**PERIOD, "cursor": forge_cursors(real)[forgery]})
    assert problem["errors"] == [{"pointer": "#cursor", "detail": "is not a cursor from this list"}]


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize(("path", "other"), [(FRAUD, BOTS), (BOTS, FRAUD)])
def test_a_cursor_of_another_list_is_invalid(api: Api, path: str, other: str) -> None:
    foreign = api.read(other, **PERIOD, limit=1)["next_cursor"]
    problem = api.refuse(422, "GET", path, query_string={**PERIOD, "cursor": foreign})
    assert [error["pointer"] for error in problem["errors"]] == ["#cursor"]


@pytest.mark.parametrize(
    ("address", "network", "shown"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.*"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::*"),
        ("2001:db8::1", "2001:db8::/64", "2001:db8:0::*"),
        ("::1", "::/64", "0:0:0::*"),
    ],
)
def test_without_the_scope_addresses_are_masked(
    holder_of: Callable[..., Api], api: Api, address: str, network: str, shown: str
) -> None:
    api.post_events(*build_clicks(11, ip_address=address))
    (row,) = holder_of(Scope.METRICS_READ).read(FRAUD, **PERIOD)["suspicious_ips"]
    assert row["ip_address"] == shown
    assert REFERENCES.to_identifier(row["ref"]) == network


@pytest.mark.parametrize(
    ("device", "shown"), [("fp-9c2e71d0", "fp-9c2…"), ("🎓🎓🎓🎓🎓🎓🎓", "🎓🎓🎓🎓🎓🎓…"), ("d", "…")]
)
def test_without_the_scope_devices_are_masked(holder_of: Callable[..., Api], api: Api, device: str, shown: str) -> None:
    api.post_events(*build_clicks(3, device_fingerprint=device))
    (row,) = holder_of(Scope.METRICS_READ).read(BOTS, **PERIOD)["bot_like_devices"]
    assert row["device_fingerprint"] == shown
    assert REFERENCES.to_identifier(row["ref"]) == device


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize("path", [FRAUD, BOTS, HEALTH])
def test_no_part_of_an_answer_gives_a_masked_identifier_away(holder_of: Callable[..., Api], path: str) -> None:
    answer = holder_of(Scope.METRICS_READ).get(path, **PERIOD, **({} if path == HEALTH else {"limit": 3})).text
    sealed = re.findall(r'"(?:ref|next_cursor)":"(?:ref_)?([^"]+)"', answer)
    opened = [base64.urlsafe_b64decode(text + "==") for text in sealed]
    assert len(opened) >= 4
    for address in ADDRESSES[:23]:
        assert f'"{address}"' not in answer
        assert f"device-{address}" not in answer
        assert not any(address.encode() in part for part in opened)


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize("path", LISTS)
def test_a_reference_is_the_same_in_every_answer_and_for_every_caller(
    holder_of: Callable[..., Api], api: Api, path: str
) -> None:
    masked = holder_of(Scope.METRICS_READ).read(path, **PERIOD)[LISTS[path]]
    assert [row["ref"] for row in masked] == [row["ref"] for row in api.read(path, **PERIOD)[LISTS[path]]]
    assert len({row["ref"] for row in masked}) == len(ADDRESSES)


def fetch_looks(connection: Connection) -> list[tuple[str, str]]:
    statement = text("SELECT actor, subject FROM audit_entries WHERE action = 'look_at_identifiers' ORDER BY id")
    return [(row.actor, row.subject) for row in connection.execute(statement)]


def test_a_look_at_whole_identifiers_is_audited_once_a_route_and_hour(
    holder_of: Callable[..., Api], connection: Connection, context: Context
) -> None:
    watcher = holder_of(Scope.METRICS_READ, Scope.IDENTIFIERS_READ, name="watcher")
    for path in (FRAUD, FRAUD, BOTS, HEALTH, BOTS, HEALTH):
        watcher.read(path, **PERIOD)
    assert fetch_looks(connection) == [("watcher", FRAUD), ("watcher", BOTS), ("watcher", HEALTH)]
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    connection.execute(text("SET session_replication_role = replica"))  # Else a trigger keeps the audit as it is.
    connection.execute(
        text("UPDATE audit_entries SET at = :at, once_key = regexp_replace(once_key, ' [^ ]+$', :hour)"),
        {"at": hour_ago, "hour": hour_ago.strftime(" %Y-%m-%dT%H")},
    )
    connection.execute(text("RESET session_replication_role"))
    watcher.read(FRAUD, **PERIOD)
    assert len(fetch_looks(connection)) == 3, "the process remembers that this hour's look is noted"
    context.noted_looks.clear()
    watcher.read(FRAUD, **PERIOD)
    assert len(fetch_looks(connection)) == 4


def test_a_look_whose_entry_was_not_saved_is_noted_by_the_next_one(
    holder_of: Callable[..., Api], connection: Connection
) -> None:
    watcher = holder_of(Scope.METRICS_READ, Scope.IDENTIFIERS_READ)
    connection.execute(text("ALTER TABLE audit_entries RENAME TO lost"))
    try:
        assert watcher.send("GET", FRAUD).status_code >= 500
    finally:
        connection.execute(text("ALTER TABLE lost RENAME TO audit_entries"))
    watcher.read(FRAUD)
    assert [subject for _, subject in fetch_looks(connection)] == [FRAUD]


def test_a_look_at_what_another_person_was_answered_is_audited(
    holder_of: Callable[..., Api], connection: Connection
) -> None:
    watcher = holder_of(Scope.IDENTIFIERS_READ, name="watcher")
    for _ in range(2):
        noted = watcher.send("POST", LOOKS, json={"routes": [FRAUD, BOTS, FRAUD]})
        assert 0 <= noted.get_json()["seconds"] < 3600
    assert fetch_looks(connection) == [("watcher", FRAUD), ("watcher", BOTS)]


@pytest.mark.parametrize("routes", [[], ["/v1/nothing"], [FRAUD, ""], "fraud", None])
def test_only_looks_at_routes_are_audited(holder_of: Callable[..., Api], connection: Connection, routes: Any) -> None:
    watcher = holder_of(Scope.IDENTIFIERS_READ)
    assert watcher.send("POST", LOOKS, json={"routes": routes}).status_code == 422
    assert fetch_looks(connection) == []


def test_who_sees_no_whole_identifier_has_no_look_to_note(
    holder_of: Callable[..., Api], connection: Connection
) -> None:
    masked = holder_of(Scope.METRICS_READ)
    assert masked.send("POST", LOOKS, json={"routes": [FRAUD]}).status_code == 403
    assert fetch_looks(connection) == []


@pytest.mark.usefixtures("flagged")
@pytest.mark.parametrize("path", [*LISTS, HEALTH, "/v1/alerts", "/v1/cases", "/v1/trusted-networks"])
def test_an_answer_with_whole_identifiers_says_so(holder_of: Callable[..., Api], path: str) -> None:
    whole = holder_of(Scope.METRICS_READ, Scope.ADMIN, Scope.IDENTIFIERS_READ).send("GET", path)
    assert whole.headers[LOOK_HEADER] == path
    assert LOOK_HEADER not in holder_of(Scope.METRICS_READ, Scope.ADMIN).send("GET", path).headers


def test_a_look_at_masked_identifiers_is_not_audited(holder_of: Callable[..., Api], connection: Connection) -> None:
    holder_of(Scope.METRICS_READ).read(FRAUD)
    assert fetch_looks(connection) == []


def test_the_audit_names_the_person_on_whose_behalf_the_dashboard_acts(
    holder_of: Callable[..., Api], empty_database: Engine, connection: Connection
) -> None:
    dashboard = holder_of(Scope.SESSIONS_WRITE, name="dashboard")
    for role in (Role.ADMIN, Role.VIEWER):
        create_person(empty_database, role)
        assert Signed(dashboard, f"{role}@example.com").send("GET", FRAUD).status_code == 200
    assert fetch_looks(connection) == [("admin@example.com", FRAUD)]


def test_a_namesake_hides_nobodys_look(
    holder_of: Callable[..., Api], empty_database: Engine, connection: Connection
) -> None:
    person = create_person(empty_database)
    namesake = holder_of(Scope.METRICS_READ, Scope.IDENTIFIERS_READ, name="admin@example.com")
    namesake.read(FRAUD)
    Signed(holder_of(Scope.SESSIONS_WRITE), "admin@example.com").send("GET", FRAUD)
    looks = text("SELECT actor_key FROM audit_entries WHERE action = 'look_at_identifiers' ORDER BY id")
    token, looked = connection.execute(looks).scalars()
    assert (token.startswith("token:"), looked) == (True, f"person:{person}")


def test_events_without_an_address_or_a_device_are_in_no_list(api: Api) -> None:
    api.post_events(*(build_event() for _ in range(30)))
    assert [api.read(path, **PERIOD)[name] for path, name in LISTS.items()] == [[], []]
