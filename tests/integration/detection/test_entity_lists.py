"""Lists of what admins allow, deny or watch: what can be on them, who sees and changes them, how they are read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, select

from metrics_api.context import Context
from metrics_api.db.tables import audit_entries, entity_lists
from metrics_api.detection.entity_lists import fetch_active_lists, find_entry
from metrics_api.detection.query import build_masked_query
from tests.support.api_fixtures import Api
from tests.support.entity_lists import save_entry
from viral_contract.models.people import Scope
from viral_contract.models.period import Period

PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile"


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("network", "203.0.113.7", "203.0.113.7/32"),
        ("network", "2001:db8::7", "2001:db8::/64"),
        ("device", "dévice/1?x=%41", "dévice/1?x=%41"),
        ("device", "de\u0301vice", "d\u00e9vice"),
        ("referrer", "maria", "maria"),
        ("link", "a b//c", "a b//c"),
        ("user_agent", PHONE, PHONE),
    ],
)
@pytest.mark.parametrize("name", ["allow", "deny", "watch"])
def test_a_value_is_listed_as_events_hold_it(api: Api, name: str, kind: str, given: str, kept: str) -> None:
    entry = save_entry(api, f"{name}/{kind}", given)
    assert (entry["list"], entry["kind"], entry["value"], entry["active"]) == (name, kind, kept, True)
    path = f"/v1/lists/{name}/{kind}/{quote(given, safe='')}"
    assert api.read(path) == entry
    assert api.send("PUT", path, json={"reason": "again"}).status_code == 200
    assert api.send("DELETE", path).status_code == 204
    api.refuse(404, "DELETE", path)
    api.refuse(404, "GET", path)


@pytest.mark.parametrize(
    ("kind", "given", "complaint"),
    [
        ("network", "203.0.113.7/24", "has bits set beyond its prefix. The network is 203.0.113.0/24"),
        ("network", "lakeside", "is not an IP address or a network such as 203.0.113.0/24"),
        ("network", "0.0.0.0/0", "The largest IPv4 network on a list is a /8"),
        ("device", "d" * 129, "The id of a device must have at most 128 characters"),
        ("referrer", "a\nb", "The id of a referrer must not contain control characters"),
        ("user_agent", "x" * 513, "compared by its first 512 characters; this one has 513"),
        ("user_agent", "a\tb", "A user agent must not contain control characters"),
    ],
)
def test_what_no_event_can_have_is_refused_with_a_sentence(api: Api, kind: str, given: str, complaint: str) -> None:
    path = f"/v1/lists/deny/{kind}/{quote(given, safe='')}"
    problem = api.refuse(422, "PUT", path, json={"reason": "seen in chat"})
    assert complaint in problem["detail"]
    assert problem["errors"][0]["pointer"] == "#value"


@pytest.mark.parametrize("path", ["block/device/x", "deny/ip/x", "deny/device/"])
def test_other_lists_and_kinds_do_not_exist(api: Api, path: str) -> None:
    api.refuse(404, "PUT", f"/v1/lists/{path}", json={"reason": "seen in chat"})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/reason"), ({"reason": "x", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at")],
)
def test_an_entry_needs_a_reason_and_can_only_end_in_the_future(api: Api, body: dict[str, Any], pointer: str) -> None:
    problem = api.refuse(422, "PUT", "/v1/lists/deny/device/x", json=body)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert api.read("/v1/lists")["total"] == 0


def test_an_id_that_is_personal_information_is_listed_under_its_pseudonym(api: Api, context: Context) -> None:
    entry = save_entry(api, "deny/referrer", "anna.smith@example.com")
    assert entry["value"] == context.pseudonyms.replace("anna.smith@example.com").id
    assert entry["value"].startswith("pii-email-")


def test_trusted_networks_are_the_allowed_networks(api: Api) -> None:
    save_entry(api, "allow/network", "203.0.113.0/24", reason="Lakeside School")
    [network] = api.read("/v1/trusted-networks")["trusted_networks"]
    assert (network["cidr"], network["reason"]) == ("203.0.113.0/24", "Lakeside School")
    api.send("PUT", "/v1/trusted-networks/198.51.100.7", json={"reason": "The library"})
    assert [entry["value"] for entry in api.read("/v1/lists/allow/network")["entries"]] == [
        "198.51.100.7/32",
        "203.0.113.0/24",
    ]
    api.send("DELETE", "/v1/lists/allow/network/203.0.113.0%2F24")
    assert api.read("/v1/trusted-networks")["total_networks"] == 1


def test_entries_are_read_in_pages_and_filtered(api: Api) -> None:
    listed = [
        ("allow/network", "9.0.0.0/24"),
        ("allow/network", "203.0.113.0/24"),
        ("deny/device", "10%_off"),
        ("deny/device", "farm-1"),
        ("deny/referrer", "maria"),
        ("watch/device", "farm-1"),
    ]
    for entry, value in reversed(listed):
        save_entry(api, entry, value, reason="a school" if entry.startswith("allow") else "seen in chat")

    def read(path: str = "/v1/lists", **query: Any) -> list[tuple[str, str]]:
        found, cursor = [], None
        while True:
            page = api.read(path, limit=2, **query, **({"cursor": cursor} if cursor else {}))
            found += [(f"{entry['list']}/{entry['kind']}", entry["value"]) for entry in page["entries"]]
            cursor = page["next_cursor"]
            if cursor is None:
                assert page["total"] == len(found)
                return found

    assert read() == listed
    assert read(list="deny") == listed[2:5]
    assert read(kind="device") == [*listed[2:4], listed[5]]
    assert read(q="FARM") == [listed[3], listed[5]]
    assert read(q="school") == listed[:2]
    assert read(q="%_") == [listed[2]]
    assert read("/v1/lists/deny/device") == listed[2:4]
    assert read("/v1/lists/deny/device", q="farm") == [listed[3]]
    assert read("/v1/lists/watch/network") == []


def test_only_admins_see_and_change_lists(holder_of: Callable[..., Api]) -> None:
    analyst = holder_of(Scope.METRICS_READ, Scope.ALERTS_WRITE, Scope.IDENTIFIERS_READ)
    for path in ("/v1/lists", "/v1/lists/deny/device", "/v1/lists/deny/device/x"):
        analyst.refuse(403, "GET", path)
    analyst.refuse(403, "PUT", "/v1/lists/deny/device/x", json={"reason": "Mine"})
    analyst.refuse(403, "DELETE", "/v1/lists/deny/device/x")


def test_without_identifiers_read_entries_are_masked_and_named_by_ref(api: Api, holder_of: Callable[..., Api]) -> None:
    token = holder_of(Scope.ADMIN)
    for kind, value in (("network", "203.0.113.7"), ("device", "farm-device-1"), ("user_agent", PHONE)):
        save_entry(api, f"deny/{kind}", value)
    save_entry(api, "deny/referrer", "maria")
    seen = {entry["kind"]: entry for entry in token.read("/v1/lists")["entries"]}
    assert {kind: entry["value"] for kind, entry in seen.items()} == {
        "network": "203.0.113.*",
        "device": "farm-d…",
        "user_agent": "Mozilla AppleWebKit Chrome",
        "referrer": "maria",
    }
    ref = seen["device"]["ref"]
    assert save_entry(token, "watch/device", ref)["value"] == "farm-d…"
    assert [entry["value"] for entry in api.read("/v1/lists/watch/device")["entries"]] == ["farm-device-1"]
    assert token.send("DELETE", f"/v1/lists/deny/device/{ref}").status_code == 204
    assert save_entry(token, "allow/network", seen["network"]["ref"])["value"] == "203.0.113.*"
    assert [row["cidr"] for row in token.read("/v1/trusted-networks")["trusted_networks"]] == ["203.0.113.*"]


def test_the_audit_keeps_who_and_why_before_and_after(
    holder_of: Callable[..., Api], context: Context, connection: Connection
) -> None:
    ana = holder_of(Scope.ADMIN, name="ana@example.com")
    save_entry(ana, "deny/device", "farm-1", reason="A farm")
    save_entry(ana, "deny/device", "farm-1", reason="A large farm")
    ana.send("DELETE", "/v1/lists/deny/device/farm-1")
    first, second = ({"reason": reason, "expires_at": None} for reason in ("A farm", "A large farm"))
    subject = f"list_entry:deny/device/{context.references.to_alias('farm-1')}"
    statement = select(audit_entries).where(audit_entries.c.subject == subject)
    entries = connection.execute(statement.order_by(audit_entries.c.id)).all()
    assert [(entry.actor, entry.action, entry.before, entry.after) for entry in entries] == [
        ("ana@example.com", "save_list_entry", None, first),
        ("ana@example.com", "save_list_entry", first, second),
        ("ana@example.com", "remove_list_entry", second, None),
    ]


def test_what_is_active_is_on_one_list_in_the_order_allow_deny_watch(
    api: Api, context: Context, connection: Connection
) -> None:
    for entry in ("watch/device", "deny/device", "allow/device"):
        save_entry(api, entry, "both", reason=entry)
    for entry in ("watch/device", "deny/device"):
        save_entry(api, entry, "bad", reason=entry)
    save_entry(api, "watch/network", "203.0.113.0/24", reason="a farm's block")
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    save_entry(api, "deny/link", "link-1", expires_at=soon)
    now = datetime.now(UTC)
    period = Period(start=now.date(), end=now.date(), days=1)
    query = build_masked_query(period, context.settings.detection, context.references, now=now)
    lists = fetch_active_lists(connection, query)
    assert (lists.allow["device"], lists.deny["device"], lists.watch["device"]) == (
        {"both": "allow/device"},
        {"bad": "deny/device"},
        {},
    )
    assert lists.deny["link"] == {"link-1": "seen in chat"}
    assert find_entry(lists.watch, "network", "203.0.113.7") == "203.0.113.0/24"
    assert find_entry(lists.watch, "network", "198.51.100.7") is None
    assert find_entry(lists.deny, "device", "both") is None
    connection.execute(entity_lists.update().where(entity_lists.c.kind == "link").values(expires_at=now))
    assert fetch_active_lists(connection, query).deny["link"] == {}
