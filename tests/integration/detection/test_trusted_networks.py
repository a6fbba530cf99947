"""Networks that admins trust: which can be, what trusting them changes, and what is kept about it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.context import Context
from metrics_api.db.tables import audit_entries
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api, change_settings
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.trusted_networks import PERIOD, SCHOOL, trust
from viral_contract.models.people import Scope


def flag(api: Api, *addresses: str) -> None:
    """Let these addresses click more often than the threshold on one day."""
    for address in addresses:
        api.post_events(*build_clicks(11, apart=60, ip_address=address))


def read_fraud(api: Api, **query: Any) -> dict[str, Any]:
    """The fraud read of the day of the clicks."""
    return api.read("/v1/guardrails/fraud", **PERIOD, **query)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("203.0.113.0%2F24", "203.0.113.0/24"),
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.7/32", "203.0.113.7/32"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("2001:db8::7", "2001:db8::/64"),
        ("2001:db8:1:2:3::/80", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
    ],
)
def test_a_network_is_kept_in_its_canonical_form(api: Api, given: str, kept: str) -> None:
    response = api.send("PUT", f"/v1/trusted-networks/{given}", json={"reason": "Lakeside School"})
    assert (response.status_code, response.get_json()["cidr"]) == (201, kept)
    assert api.read(f"/v1/trusted-networks/{given}")["cidr"] == kept
    assert api.send("DELETE", f"/v1/trusted-networks/{given}").status_code == 204
    api.refuse(404, "GET", f"/v1/trusted-networks/{given}")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("203.0.113.7/24", "has bits set beyond its prefix. The network is 203.0.113.0/24"),
        ("2001:db8::1/64", "has bits set beyond its prefix"),
        ("0.0.0.0/0", "is too wide"),
        ("2.0.0.0/7", "The largest IPv4 network on a list is a /8"),
        ("::/0", "The largest IPv6 network on a list is a /32"),
        ("2000::/31", "is too wide"),
        ("::ffff:0.0.0.0/96", "is too wide"),
        ("203.0.113.0/33", "is not an IP address or a network"),
        ("lakeside-school", "is not an IP address or a network"),
        ("fe80::1%25eth0", "names a zone"),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_a_sentence(api: Api, given: str, complaint: str) -> None:
    problem = api.refuse(422, "PUT", f"/v1/trusted-networks/{given}", json={"reason": "Lakeside School"})
    assert complaint in problem["detail"]
    assert problem["errors"][0]["pointer"] == "#cidr"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason"),
        ({"reason": " "}, "/reason"),
        ({"reason": "a\x00b"}, "/reason"),
        ({"reason": "Lakeside School", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"reason": "Lakeside School", "until": "2999-01-01T00:00:00Z"}, "/until"),
    ],
)
def test_trust_needs_a_reason_and_can_only_end_in_the_future(api: Api, body: dict[str, Any], pointer: str) -> None:
    problem = api.refuse(422, "PUT", f"/v1/trusted-networks/{SCHOOL}", json=body)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert api.read("/v1/trusted-networks")["total_networks"] == 0


def test_trusted_addresses_are_shown_apart_and_count_nowhere(api: Api) -> None:
    flag(api, "203.0.113.7", "203.0.113.8", "198.51.100.9")
    trust(api)
    trust(api, "203.0.113.8", reason="The school's library")
    answer = read_fraud(api)
    assert [row["ip_address"] for row in answer["suspicious_ips"]] == ["198.51.100.9"]
    assert answer["total_flagged_ips"] == 1
    assert [(row["ip_address"], row["cidr"], row["reason"], row["click_count"]) for row in answer["trusted_ips"]] == [
        ("203.0.113.7", SCHOOL, "Lakeside School", 11),
        ("203.0.113.8", "203.0.113.8/32", "The school's library", 11),
    ]
    health = api.read("/v1/guardrails/health", **PERIOD)
    assert health["deductions"]["fraud"] == 2
    api.send("DELETE", f"/v1/trusted-networks/{SCHOOL}")
    assert read_fraud(api)["total_flagged_ips"] == 2


def test_what_counts_as_trusted_needs_to_be_above_the_threshold(api: Api) -> None:
    trust(api)
    api.post_events(*build_clicks(10, apart=60, ip_address="203.0.113.7"))
    assert read_fraud(api)["trusted_ips"] == []
    assert len(read_fraud(api, threshold=9)["trusted_ips"]) == 1


def test_trusted_addresses_open_no_alert(api: Api, context: Context) -> None:
    flag(api, *(f"203.0.113.{host}" for host in range(6)))
    trust(api)
    detection = DetectionSettings(data_stale_minutes=0)
    evaluation = evaluate_guardrails(change_settings(context, detection=detection), now=NOON)
    assert (evaluation.opened_alerts, evaluation.health_score) == ([], 100)


def test_expired_trust_does_not_count_and_is_still_listed(api: Api, connection: Connection) -> None:
    flag(api, "203.0.113.7")
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    assert trust(api, expires_at=expires_at.isoformat())["active"]
    assert read_fraud(api)["total_flagged_ips"] == 0
    connection.exec_driver_sql("UPDATE entity_lists SET expires_at = now()")
    assert read_fraud(api)["total_flagged_ips"] == 1
    assert [network["active"] for network in api.read("/v1/trusted-networks")["trusted_networks"]] == [False]


def test_without_identifiers_read_a_narrow_trusted_network_is_masked(api: Api, holder_of: Callable[..., Api]) -> None:
    flag(api, "203.0.113.7", "198.51.100.9", "2001:db8:1:2::3")
    for cidr in ("203.0.113.7", "198.51.100.0/24", "2001:db8:1:2::/64"):
        trust(api, cidr)
    rows = read_fraud(holder_of(Scope.METRICS_READ))["trusted_ips"]
    assert [(row["ip_address"], row["cidr"]) for row in rows] == [
        ("198.51.100.*", "198.51.100.0/24"),
        ("203.0.113.*", "203.0.113.*"),
        ("2001:db8:1::*", "2001:db8:1::*"),
    ]


def test_the_audit_keeps_who_and_why_before_and_after(holder_of: Callable[..., Api], connection: Connection) -> None:
    ana, ben = holder_of(Scope.ADMIN, name="ana@example.com"), holder_of(Scope.ADMIN, name="ben@example.com")
    trust(ana)
    changed = trust(ben, reason="Lakeside High School")
    ben.send("DELETE", f"/v1/trusted-networks/{SCHOOL}")
    first = {"reason": "Lakeside School", "expires_at": None}
    second = {"reason": "Lakeside High School", "expires_at": None}
    assert (changed["reason"], changed["created_by"]) == ("Lakeside High School", "ana@example.com")
    statement = select(audit_entries).where(audit_entries.c.subject == f"trusted_network:{SCHOOL}")
    entries = connection.execute(statement.order_by(audit_entries.c.id)).all()
    assert [(entry.actor, entry.action, entry.before, entry.after) for entry in entries] == [
        ("ana@example.com", "trust_network", None, first),
        ("ben@example.com", "trust_network", first, second),
        ("ben@example.com", "stop_trusting_network", second, None),
    ]


def test_only_admins_see_and_change_what_is_trusted(holder_of: Callable[..., Api]) -> None:
    analyst = holder_of(Scope.METRICS_READ, Scope.ALERTS_WRITE, Scope.IDENTIFIERS_READ)
    analyst.refuse(403, "GET", "/v1/trusted-networks")
    analyst.refuse(403, "PUT", f"/v1/trusted-networks/{SCHOOL}", json={"reason": "Mine"})
    analyst.refuse(403, "DELETE", f"/v1/trusted-networks/{SCHOOL}")


def test_networks_are_listed_by_address_in_pages(api: Api) -> None:
    for cidr in ("203.0.113.0/24", "2001:db8::/32", "198.51.100.7", "203.0.113.0/25"):
        trust(api, cidr)
    listed: list[str] = []
    cursor = ""
    while cursor is not None:
        page = api.read("/v1/trusted-networks", limit=2, **({"cursor": cursor} if cursor else {}))
        listed += [network["cidr"] for network in page["trusted_networks"]]
        cursor = page["next_cursor"]
        assert page["total_networks"] == 4
    assert listed == ["198.51.100.7/32", "203.0.113.0/24", "203.0.113.0/25", "2001:db8::/32"]


def test_a_class_behind_one_address_suggests_a_shared_network(api: Api) -> None:
    pupils = [
        build_event(
            at=NOON + timedelta(minutes=pupil),
            ip_address="203.0.113.7",
            device_fingerprint=f"pupil-{pupil}",
            referrer_id=f"friend-{pupil % 9}",
        )
        for pupil in range(28)
    ]
    farm = [
        build_event(at=NOON + timedelta(minutes=n), ip_address="198.51.100.9", device_fingerprint=f"farm-{n % 5}")
        for n in range(59)
    ]
    api.post_events(*pupils, *farm)
    rows = {row["ip_address"]: row for row in read_fraud(api, fraud_rule="plain")["suspicious_ips"]}
    school, ring = rows["203.0.113.7"], rows["198.51.100.9"]
    assert (school["devices"], school["pace_per_hour"], school["hint"]) == (28, 28, "shared_network")
    assert (ring["devices"], ring["pace_per_hour"], ring["hint"]) == (5, 59, None)


def test_pace_counts_the_hours_in_which_people_clicked(api: Api) -> None:
    late = NOON.replace(hour=23)
    api.post_events(
        *build_clicks(11, ip_address="203.0.113.7", apart=60),
        *build_clicks(9, at=late, ip_address="203.0.113.7", apart=60),
        build_event("visit", at=NOON + timedelta(days=1), ip_address="203.0.113.7", device_fingerprint="tomorrow"),
        build_event("click", at=NOON - timedelta(hours=3), ip_address="203.0.113.7", http_method="HEAD"),
        build_event("signup", at=NOON - timedelta(hours=5), ip_address="203.0.113.7"),
        *build_clicks(5, at=NOON - timedelta(seconds=1), ip_address="203.0.113.7", apart=0, http_method="HEAD"),
        *build_clicks(5, at=late, ip_address="203.0.113.7", apart=0, http_method="HEAD"),
    )
    (row,) = read_fraud(api)["suspicious_ips"]
    assert (row["click_count"], row["pace_per_hour"], row["devices"]) == (20, 10, 0)


def test_all_devices_are_counted(api: Api) -> None:
    clicks = [
        build_event(at=NOON + timedelta(seconds=n), ip_address="203.0.113.7", device_fingerprint=f"device-{n}")
        for n in range(250)
    ]
    api.post_events(*clicks)
    (row,) = read_fraud(api)["suspicious_ips"]
    assert (row["click_count"], row["devices"]) == (250, 250)
