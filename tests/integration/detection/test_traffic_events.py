"""The events of a reason: what a traffic class rests on, masked for whom it has to be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_event
from tests.support.trusted_networks import PERIOD
from viral_contract.models.people import Scope

BROWSER = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
WHATSAPP, GOOGLE, CURL = "WhatsApp/2.24.20.89 A", "Mozilla/5.0 (compatible; Googlebot/2.1)", "curl/8.5.0"


def click(user_agent: str = BROWSER, **fields: Any) -> dict[str, Any]:
    return build_event("click", user_agent=user_agent, **fields)


def find_looks(connection: Connection) -> list[str]:
    statement = text("SELECT subject FROM audit_entries WHERE action = 'look_at_identifiers'")
    return list(connection.execute(statement).scalars())


def read_events(api: Api, reason: str, traffic_class: str = "preview", **query: Any) -> dict[str, Any]:
    wanted = {"reason": reason, "traffic_class": traffic_class}
    return api.read("/v1/guardrails/traffic/events", **{**PERIOD, **wanted, **query})


def test_the_events_of_a_reason_come_newest_first_on_pages(api: Api) -> None:
    moments = [NOON - timedelta(minutes=minute) for minute in range(5)]
    shares = [click(WHATSAPP, at=at, source="parent_share", ip_address="203.0.113.7") for at in moments]
    api.post_events(*shares, build_event("visit", user_agent=WHATSAPP, at=NOON), click(), click(CURL), click(GOOGLE))
    first = read_events(api, "WhatsApp (social-preview)", limit=4)
    last = read_events(api, "WhatsApp (social-preview)", limit=4, cursor=first["next_cursor"])
    events = [*first["events"], *last["events"]]
    assert (first["total_events"], last["next_cursor"]) == (6, None)
    assert [each["occurred_at"] for each in events] == sorted((each["occurred_at"] for each in events), reverse=True)
    assert {(each["user_agent"], each["traffic_reason"]) for each in events} == {
        (WHATSAPP, "WhatsApp (social-preview)")
    }
    assert sorted(each["event_type"] for each in events) == ["click"] * 5 + ["visit"]
    other = {"start": "2026-01-01", "end": "2026-01-02"}
    assert read_events(api, "WhatsApp (social-preview)", **other)["events"] == []
    assert read_events(api, "WhatsApp (social-preview)", "known_bot")["total_events"] == 0


def test_the_events_of_a_reason_are_masked_for_viewers_and_a_whole_look_is_audited(
    holder_of: Callable[..., Api], api: Api, connection: Connection
) -> None:
    person = {"ip_address": "203.0.113.7", "device_fingerprint": "device-of-maria", "user_id": "maria-1"}
    api.post_events(click(http_method="HEAD", **person), click(WHATSAPP, **person))
    viewer = holder_of(Scope.METRICS_READ)
    (masked,) = read_events(viewer, "method: HEAD", "prefetch")["events"]
    shown = (masked["ip_address"], masked["device_fingerprint"], masked["user_id"], masked["user_agent"])
    assert shown == ("203.0.113.*", "device…", "maria-…", "Mozilla AppleWebKit Chrome Safari")
    (program,) = read_events(viewer, "WhatsApp (social-preview)")["events"]
    assert (program["ip_address"], program["user_agent"]) == ("203.0.113.*", WHATSAPP)
    assert find_looks(connection) == []
    (whole,) = read_events(api, "method: HEAD", "prefetch")["events"]
    assert (whole["ip_address"], whole["user_agent"]) == ("203.0.113.7", BROWSER)
    assert find_looks(connection) == ["/v1/guardrails/traffic/events"]


def test_a_reason_has_to_be_named_and_a_cursor_to_be_of_its_list(api: Api) -> None:
    path = "/v1/guardrails/traffic/events"
    assert api.get(path, **PERIOD, traffic_class="preview").status_code == 422
    assert api.get(path, **PERIOD, reason="curl", traffic_class="people").status_code == 422
    assert api.get(path, **PERIOD, reason="curl", traffic_class="library", cursor="x").status_code == 422
