"""Networks above the threshold: which of them are flagged, by what evidence, and where that counts."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import References
from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.context import Context
from metrics_api.db.database import Database
from metrics_api.detection.entity_lists import build_lists
from metrics_api.detection.fraud import fetch_fraud
from metrics_api.detection.query import build_masked_query
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api, change_settings, forget_everything
from tests.support.brute_force import EVIDENCE_FLOOR, name_network
from tests.support.builders import NOON, build_clicks, build_event, build_link
from tests.support.networks import Planted, plant_networks
from tests.support.plans import watch_statements
from tests.support.trusted_networks import PERIOD, trust
from viral_contract.models.people import Scope
from viral_contract.models.period import Period

FRAUD = "/v1/guardrails/fraud"
MORNING = NOON.replace(hour=8)


def build_crowd(
    clicks: int,
    devices: int,
    referrers: int,
    *,
    ip_address: str = "203.0.113.7",
    name: str = "pupil",
    at: datetime = NOON,
) -> list[dict[str, Any]]:
    """Clicks of so many devices on links of so many people, all alike."""
    return [
        build_event(
            at=at + timedelta(seconds=30 * number),
            ip_address=ip_address,
            device_fingerprint=f"{name}-{number % devices}",
            referrer_id=f"friend-{number % referrers}",
        )
        for number in range(clicks)
    ]


def read_verdicts(api: Api, **query: Any) -> dict[str, str]:
    """The verdict of every network of the day that is not trusted."""
    answer = api.read(FRAUD, **{**PERIOD, "limit": 1000, **query})
    rows = answer["suspicious_ips"] + answer["shared_networks"]
    return {row["ip_address"]: row["verdict"] for row in rows}


@pytest.mark.parametrize(
    ("clicks", "devices", "referrers", "verdict"),
    [
        (12, 4, 3, "shared_network"),
        (13, 4, 3, "flagged"),  # More than 3 clicks a device.
        (11, 2, 3, "flagged"),  # Too few devices for so many people.
        (12, 4, 2, "flagged"),  # For two people only.
        (30, 30, 3, "shared_network"),
        (30, 30, 2, "rotating"),
        (29, 29, 2, "flagged"),  # Fewer clicks than three thresholds.
        (30, 27, 2, "flagged"),  # Not more than 9 in 10 clicks are a new device's.
        (31, 28, 2, "rotating"),
    ],
)
def test_the_verdict_follows_from_the_evidence(
    api: Api, clicks: int, devices: int, referrers: int, verdict: str
) -> None:
    api.post_events(*build_crowd(clicks, devices, referrers))
    assert read_verdicts(api) == {"203.0.113.7": verdict}


def test_a_referrer_with_four_fifths_of_the_clicks_makes_no_shared_network(api: Api) -> None:
    friends = [f"friend-{number}" for number in range(4)]
    for ip_address, others in (("203.0.113.1", friends), ("203.0.113.2", [*friends, "friend-5"])):
        named = ["payer"] * (20 - len(others)) + others
        api.post_events(
            *(
                build_event(ip_address=ip_address, device_fingerprint=f"{ip_address} {number}", referrer_id=referrer)
                for number, referrer in enumerate(named)
            )
        )
    assert read_verdicts(api) == {"203.0.113.1": "flagged", "203.0.113.2": "shared_network"}


def test_devices_that_are_known_do_not_rotate(api: Api) -> None:
    yesterday = NOON - timedelta(days=1)
    api.post_events(*build_crowd(30, 30, 1))
    assert read_verdicts(api) == {"203.0.113.7": "rotating"}
    api.post_events(
        *(build_event(at=yesterday, device_fingerprint=f"pupil-{number}", ip_address=None) for number in range(4))
    )
    [row] = api.read(FRAUD, **PERIOD)["suspicious_ips"]
    assert (row["verdict"], row["evidence"]["new_device_share"]) == ("flagged", pytest.approx(26 / 30))


def test_newness_is_that_of_a_sample_that_names_do_not_choose(api: Api) -> None:
    yesterday = NOON - timedelta(days=1)
    for name, known in (("a", True), ("z", False)):
        for start in range(0, 500, 250):
            devices = range(start, start + 250)
            api.post_events(
                *(build_event(ip_address="203.0.113.7", device_fingerprint=f"{name}-{device}") for device in devices),
                *(build_event(at=yesterday, device_fingerprint=f"{name}-{device}") for device in devices if known),
            )
    [row] = api.read(FRAUD, **PERIOD)["suspicious_ips"]
    assert row["evidence"]["sampled_devices"] == 200
    assert row["evidence"]["new_device_share"] == pytest.approx(0.5, abs=0.2)


def test_the_answer_is_found_in_facts_by_index(api: Api, database: Database) -> None:
    api.post_events(*build_crowd(30, 30, 1), *build_crowd(4, 4, 4, ip_address="203.0.113.8"))
    settings = DetectionSettings.model_validate({}).model_copy(update={"fraud_ip_click_threshold": 1})
    query = build_masked_query(Period(start=NOON.date(), end=NOON.date(), days=1), settings, References("k"), now=NOON)
    with database.read() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        with watch_statements(connection) as statements:
            fetch_fraud(connection, query, build_lists([]))
        [plan] = statements.explain(connection)
    assert "idx_clicks_per_device_day_device" in plan
    assert "idx_devices_per_network_day_sample" in plan
    assert "idx_attribution_events_bot_detection" not in plan
    assert "idx_attribution_events_device_fingerprint" not in plan


def test_a_handful_of_clicks_is_flagged_whoever_made_them(api: Api) -> None:
    api.post_events(*build_crowd(5, 5, 5), *build_crowd(6, 6, 6, ip_address="203.0.113.8", name="guest"))
    answer = api.read(FRAUD, **PERIOD, threshold=1)
    [few], [shared] = answer["suspicious_ips"], answer["shared_networks"]
    assert (few["ip_address"], few["verdict"], few["evidence"], few["devices"]) == (
        "203.0.113.7",
        "flagged",
        None,
        None,
    )
    assert (shared["ip_address"], answer["total_flagged_ips"]) == ("203.0.113.8", 1)


def test_the_plain_rule_flags_every_network(api: Api) -> None:
    api.post_events(*build_crowd(12, 4, 3), *build_crowd(30, 30, 1, ip_address="203.0.113.8", name="new"))
    aware = api.read(FRAUD, **PERIOD)
    plain = api.read(FRAUD, **PERIOD, fraud_rule="plain")
    assert (aware["fraud_rule"], aware["total_flagged_ips"], aware["total_shared_networks"]) == ("network_aware", 1, 1)
    assert (plain["fraud_rule"], plain["total_flagged_ips"], plain["shared_networks"]) == ("plain", 2, [])
    for path in ("fraud", "health", "what-if"):
        used = api.read(f"/v1/guardrails/{path}", **PERIOD, fraud_rule="plain")["thresholds"]
        assert used["fraud_rule"] == "plain"
    assert {row["verdict"] for row in plain["suspicious_ips"]} == {"flagged"}
    assert [row["hint"] for row in plain["suspicious_ips"]] == [None, "shared_network"]
    api.refuse(422, "GET", FRAUD, query_string={**PERIOD, "fraud_rule": "strict"})


def test_only_flagged_networks_cost_points_and_open_alerts(api: Api, context: Context) -> None:
    for number in range(6):
        api.post_events(*build_crowd(28, 28, 9, ip_address=f"203.0.113.{number}", name=f"school-{number}"))
    detection = DetectionSettings(data_stale_minutes=0)
    assert evaluate_guardrails(change_settings(context, detection=detection), now=NOON).opened_alerts == []
    assert api.read("/v1/guardrails/health", **PERIOD)["deductions"]["fraud"] == 0
    assert api.read("/v1/guardrails/health", **PERIOD, fraud_rule="plain")["deductions"]["fraud"] == 12
    plain = DetectionSettings(data_stale_minutes=0, fraud_rule="plain")
    evaluate_guardrails(change_settings(context, detection=plain), now=NOON)
    assert [alert["type"] for alert in api.read("/v1/alerts")["alerts"]] == ["fraud_detection"]


def test_conversions_leave_clean_growth_by_flagged_networks_only(api: Api) -> None:
    links = {"items": [build_link(f"link-{number}", inserted_at=NOON.isoformat()) for number in range(10)]}
    assert api.send("POST", "/v1/links", json=links).status_code == 200
    api.post_events(
        *build_crowd(28, 28, 9, ip_address="203.0.113.1"),
        *(
            build_event(ip_address=f"2001:db8::{number:x}", device_fingerprint=f"new-{number}", referrer_id="payer")
            for number in range(30)
        ),
        build_event("conversion", ip_address="203.0.113.1", referrer_id="maria"),
        build_event("conversion", ip_address="2001:db8::ffff", referrer_id="maria"),
        build_event("conversion", ip_address="2001:db8:0:1::1", referrer_id="maria"),
    )
    growth = api.read("/v1/growth/k-factor", **PERIOD)
    assert growth["k_factor_clean"] == pytest.approx(growth["k_factor"] * 2 / 3)


def test_a_server_that_rotates_addresses_within_its_network_is_seen(api: Api) -> None:
    api.post_events(
        *(
            build_event(
                at=MORNING + timedelta(seconds=number * 60),
                ip_address=f"2001:db8:1:2:{number:x}::{500 - number:x}",
                device_fingerprint=f"device-{number}",
            )
            for number in range(500)
        )
    )
    answer = api.read(FRAUD, **PERIOD)
    [row] = answer["suspicious_ips"]
    assert (row["ip_address"], row["click_count"], row["verdict"]) == ("2001:db8:1:2::/64", 500, "rotating")
    assert (answer["total_flagged_ips"], row["evidence"]["new_device_share"]) == (1, 1)


def test_neighbours_in_other_networks_do_not_count_together(api: Api) -> None:
    for number in range(20):
        api.post_events(*build_clicks(10, ip_address=f"2001:db8:1:{number:x}::1"))
    assert read_verdicts(api) == {}


@pytest.mark.parametrize("given", ["2001:db8:1:2::5", "2001:db8:1:2:ffff::/80", "2001:db8:1:2::/64"])
def test_trusting_an_address_trusts_its_network(api: Api, given: str) -> None:
    api.post_events(*(event for n in range(12) for event in build_clicks(1, ip_address=f"2001:db8:1:2::{n:x}")))
    assert trust(api, given)["cidr"] == "2001:db8:1:2::/64"
    answer = api.read(FRAUD, **PERIOD)
    assert (answer["total_flagged_ips"], [row["cidr"] for row in answer["trusted_ips"]]) == (0, ["2001:db8:1:2::/64"])
    assert api.read("/v1/trusted-networks/2001:db8:1:2:3:4:5:6")["cidr"] == "2001:db8:1:2::/64"
    assert api.read("/v1/investigations/ips/2001:db8:1:2::77", **PERIOD)["trusted_network"]["cidr"] == (
        "2001:db8:1:2::/64"
    )


@pytest.fixture
def trusted_before(api: Api, connection: Connection) -> str:
    """The network of two addresses that were trusted one by one, before IPv6 addresses counted by network."""
    api.post_events(*build_clicks(12, ip_address="2001:db8:1:2::9"))
    for address, expires_at in (("2001:db8:1:2::5", "NULL"), ("2001:db8:1:2::6", "'2026-01-01'")):
        connection.exec_driver_sql(
            f"INSERT INTO entity_lists VALUES ('allow', 'network', '{address}/128', 'x', {expires_at}, now(), 'ana')"
        )
    return "2001:db8:1:2::/64"


def test_a_single_address_that_was_trusted_before_is_trusted_with_its_network(api: Api, trusted_before: str) -> None:
    assert api.read(FRAUD, **PERIOD)["total_flagged_ips"] == 0
    listed = api.read("/v1/trusted-networks", limit=1)
    [network] = listed["trusted_networks"]
    assert (network["cidr"], network["expires_at"], network["active"]) == (trusted_before, None, True)
    assert (listed["total_networks"], listed["next_cursor"]) == (1, None)
    assert api.read("/v1/trusted-networks/2001:db8:1:2::5/128") == network


def test_trust_of_single_addresses_is_changed_with_that_of_their_network(api: Api, trusted_before: str) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    body = {"reason": "Lakeside School", "expires_at": ends.isoformat()}
    assert api.send("PUT", "/v1/trusted-networks/2001:db8:1:2::5", json=body).status_code == 200
    [network] = api.read("/v1/trusted-networks")["trusted_networks"]
    assert (network["cidr"], datetime.fromisoformat(network["expires_at"])) == (trusted_before, ends)


@pytest.mark.parametrize("name", ["2001:db8:1:2::5/128", "2001:db8:1:2::/64"])
def test_trust_of_single_addresses_is_withdrawn(
    api: Api, connection: Connection, trusted_before: str, name: str
) -> None:
    assert api.send("DELETE", f"/v1/trusted-networks/{name}").status_code == 204
    assert api.read(FRAUD, **PERIOD)["total_flagged_ips"] == 1
    api.refuse(404, "GET", f"/v1/trusted-networks/{name}")
    audit = connection.exec_driver_sql("SELECT subject, action FROM audit_entries WHERE action LIKE '%%network'").all()
    assert audit == [(f"trusted_network:{trusted_before}", "stop_trusting_network")]


def test_an_investigation_takes_the_prefix_any_address_within_and_the_ref(
    api: Api, holder_of: Callable[..., Api]
) -> None:
    api.post_events(
        *(
            build_event(at=NOON + timedelta(minutes=n), ip_address=f"2001:db8:1:2::{n:x}", device_fingerprint="d")
            for n in range(1, 13)
        )
    )
    viewer = holder_of(Scope.METRICS_READ)
    [row] = viewer.read(FRAUD, **PERIOD)["suspicious_ips"]
    for name in ("2001:db8:1:2::/64", "2001:db8:1:2::7", "2001:db8:1:2::ffff", "2001:db8:1:2:3::/80", row["ref"]):
        answer = api.read(f"/v1/investigations/ips/{name}", **PERIOD)
        assert (answer["entity"]["shown"], answer["totals"]["click"]) == ("2001:db8:1:2::/64", 12)
        assert (answer["flagged"], answer["days"][0]["verdict"]) == (True, "flagged")
        assert {event["ip_address"] for event in answer["events"]} == {f"2001:db8:1:2::{n:x}" for n in range(1, 13)}
    masked = viewer.read(f"/v1/investigations/ips/{row['ref']}", **PERIOD)
    assert masked["entity"]["shown"] == "2001:db8:1::*"
    assert {event["ip_ref"] for event in masked["events"]} == {row["ref"]}
    assert {event["ip_alias"] for event in masked["events"]} == {row["alias"]}
    for name in ("2001:db8:1::/48", "203.0.113.0/24", "2001:db8:1:3::1"):
        api.refuse(404, "GET", f"/v1/investigations/ips/{name}", query_string=PERIOD)


@pytest.mark.parametrize("name", ["203.0.113.7", "::ffff:203.0.113.7", "::ffff:203.0.113.7%2F128", "203.0.113.7%2F32"])
def test_an_investigation_takes_an_ipv4_address_in_every_form(api: Api, name: str) -> None:
    api.post_events(*build_clicks(2, ip_address="203.0.113.7"))
    assert api.read(f"/v1/investigations/ips/{name}", **PERIOD)["entity"]["shown"] == "203.0.113.7"


def test_trust_is_proposed_for_schools_until_the_end_of_the_term(api: Api, holder_of: Callable[..., Api]) -> None:
    api.post_events(
        *build_crowd(28, 28, 9, ip_address="2001:db8:1:2::5"),
        *build_crowd(12, 4, 3, ip_address="203.0.113.8", name="home"),
    )
    school, home = api.read(FRAUD, **PERIOD)["shared_networks"]
    assert home["proposal"] is None
    proposal = school["proposal"]
    assert proposal["cidr"] == "2001:db8:1:2::/64"
    assert proposal["reason"] == (
        "Looks like a school: 28 devices with 1.0 clicks each on links of 9 people on 2026-03-04"
    )
    ends = datetime.fromisoformat(proposal["expires_at"])
    assert (ends.month, ends.day) in {(7, 1), (12, 21)}
    assert ends > datetime.now(UTC)
    body = {"reason": proposal["reason"], "expires_at": proposal["expires_at"]}
    assert api.send("PUT", f"/v1/trusted-networks/{proposal['cidr']}", json=body).status_code == 201
    assert api.read(FRAUD, **PERIOD)["total_shared_networks"] == 1
    masked = holder_of(Scope.METRICS_READ).read(FRAUD, **PERIOD)["shared_networks"]
    assert [row["ip_address"] for row in masked] == ["203.0.113.*"]


def test_flagged_networks_are_listed_in_pages_and_shared_ones_apart(api: Api) -> None:
    for number in range(6):
        api.post_events(*build_clicks(11 + number, ip_address=f"203.0.113.{number}"))
        api.post_events(*build_crowd(30, 30, 5, ip_address=f"198.51.100.{number}", name=f"school-{number}"))
    for number in range(6, 9):
        api.post_events(*build_crowd(30, 30, 5, ip_address=f"198.51.100.{number}", name=f"school-{number}"))
    listed, shared, cursor = [], [], {}
    while cursor is not None:
        page = api.read(FRAUD, **PERIOD, limit=4, **cursor)
        listed.append([row["click_count"] for row in page["suspicious_ips"]])
        shared.append([row["ip_address"][-1] for row in page["shared_networks"]])
        assert (page["total_flagged_ips"], page["total_shared_networks"]) == (6, 9)
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert listed == [[16, 15, 14, 13], [12, 11], []]
    assert shared == [["0", "1", "2", "3"], ["4", "5", "6", "7"], ["8"]]


@pytest.fixture
def planted(api: Api) -> list[Planted]:
    """Networks whose truth is known, posted in a mixed order."""
    networks = plant_networks(MORNING)
    events = sorted((event for network in networks for event in network.clicks), key=lambda event: event["event_id"])
    for start in range(0, len(events), 500):
        api.post_events(*events[start : start + 500])
    return networks


def test_schools_and_families_are_not_accused_and_farms_are_found(api: Api, planted: list[Planted]) -> None:
    verdicts = read_verdicts(api)
    flagged = {network for network, verdict in verdicts.items() if verdict != "shared_network"}
    plain = set(read_verdicts(api, fraud_rule="plain"))
    table = Counter((network.kind, network.is_fraud, network.network in flagged) for network in planted)
    wrong = {kind: count for (kind, is_fraud, is_flagged), count in table.items() if is_fraud != is_flagged}
    assert wrong == {}, table
    assert plain == {network.network for network in planted}
    assert {verdicts[network.network] for network in planted if network.kind == "rotating /64"} == {"rotating"}


# Few of everything, so that networks come near every limit of the rules.
crowds = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.sampled_from([1, 2, 3, 5, 10, 60]),
        st.sampled_from([1, 2, 3, 4, 7]),
        st.sampled_from(["203.0.113.1", "203.0.113.2", "2001:db8::1", "2001:db8::ff", "2001:db8:0:1::1"]),
        st.sampled_from([0, 0, 1]),
        st.sampled_from([None, "ann", "bob"]),
        st.sampled_from(["pupil", "guest"]),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crowds, st.sampled_from([1, 2, 4, 5, 7, 10, 20]), st.booleans())
def test_answers_equal_an_account_of_every_click(
    engine: Engine, api: Api, crowds: list[tuple[Any, ...]], threshold: int, reverse: bool
) -> None:
    forget_everything(engine)
    events = [
        {**event, "user_id": user}
        for clicks, devices, referrers, address, days_before, user, name in crowds
        for event in build_crowd(
            clicks, devices, referrers, ip_address=address, name=name, at=NOON - timedelta(days=days_before)
        )
    ]
    for start in range(0, len(events), 37):
        api.post_events(*(events[::-1] if reverse else events)[start : start + 37])
    answer = api.read(FRAUD, start="2026-03-03", end="2026-03-04", threshold=threshold, limit=1000)
    rows = answer["suspicious_ips"] + answer["shared_networks"]
    found = {(row["date"], row["ip_address"]): (row["verdict"], row["evidence"]) for row in rows}
    assert found == judge_by_hand(events, threshold)
    wrong = {network for (_, network), (verdict, _) in found.items() if verdict != "shared_network"}
    assert answer["total_flagged_ips"] == len(wrong)


def judge_by_hand(
    events: list[dict[str, Any]], threshold: int
) -> dict[tuple[str, str], tuple[str, dict[str, Any] | None]]:
    """The verdict and the evidence of each network and day above the threshold, straight from the contract."""
    by_network: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for event in events:
        by_network.setdefault((event["occurred_at"][:10], name_network(event["ip_address"])), []).append(event)
    return {key: judge(clicks, events, threshold) for key, clicks in by_network.items() if len(clicks) > threshold}


def judge(
    clicks: list[dict[str, Any]], events: list[dict[str, Any]], threshold: int
) -> tuple[str, dict[str, Any] | None]:
    c, day = len(clicks), clicks[0]["occurred_at"][:10]
    if c <= EVIDENCE_FLOOR:
        return "flagged", None
    devices = {(event["device_fingerprint"], event["user_id"]) for event in clicks}
    referrers = Counter(event["referrer_id"] for event in clicks)
    known = {event["device_fingerprint"] for event in events if event["occurred_at"][:10] < day}
    d, r, top = len(devices), len(referrers), max(referrers.values())
    new = sum(device not in known for device, _user in devices)
    verdict = "flagged"
    if 10 * d > 9 * c and 10 * new >= 9 * d and c >= 3 * threshold and (r <= 2 or 10 * top >= 8 * c):
        verdict = "rotating"
    elif d > 2 and c <= 3 * d and r >= 3 and 10 * top < 8 * c:
        verdict = "shared_network"
    evidence = {"devices": d, "clicks_per_device": c / d, "referrers": r}
    return verdict, {**evidence, "top_referrer_share": top / c, "new_device_share": new / d, "sampled_devices": None}


def test_networks_of_planted_truth_have_addresses_of_their_own() -> None:
    networks = [ip_network(network.network) for network in plant_networks(MORNING)]
    assert len(set(networks)) == len(networks)
