"""What lists change: what is allowed is never flagged, what is denied always is, and rules decide the rest."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.detection.entity_lists import Entry, build_lists, fetch_active_lists
from metrics_api.detection.query import COMPONENT_ROWS, Query
from metrics_api.growth.clean import fetch_flagged
from metrics_api.ingest.events import save_events
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api, forget_everything
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.entity_lists import save_entry
from tests.support.plans import watch_statements
from tests.support.trusted_networks import PERIOD
from viral_contract.models.entity_lists import ListKind, ListName
from viral_contract.models.events import Event
from viral_contract.models.period import Period

ADDRESS, HOST = "203.0.113.7", "198.51.100.9"
PHONE, TABLET = (
    f"Mozilla/5.0 (Linux; Android 14; {name}) AppleWebKit/537.36 Chrome/126.0 Mobile" for name in ("phone", "tablet")
)
FRAUD, BOTS, HEALTH = "/v1/guardrails/fraud", "/v1/guardrails/bots", "/v1/guardrails/health"
FIELDS: dict[ListKind, str] = {
    "network": "ip_address",
    "device": "device_fingerprint",
    "referrer": "referrer_id",
    "user_agent": "user_agent",
    "link": "link_id",
}


def read_fraud(api: Api) -> list[tuple[str, int, bool]]:
    """The flagged rows: network, clicks, and whether it is denied."""
    rows = api.read(FRAUD, **PERIOD)["suspicious_ips"]
    return [(row["ip_address"], row["click_count"], row["denied"]) for row in rows]


def test_a_denied_network_is_flagged_over_any_number_of_clicks(api: Api) -> None:
    api.post_events(*build_clicks(12, apart=60, ip_address=HOST))
    api.post_events(build_event(ip_address=ADDRESS), *build_clicks(2, apart=60, ip_address="203.0.113.9"))
    assert read_fraud(api) == [(HOST, 12, False)]
    save_entry(api, "deny/network", "203.0.113.0/24")
    save_entry(api, "deny/network", ADDRESS)
    assert read_fraud(api) == [(HOST, 12, False), ("203.0.113.9", 2, True), (ADDRESS, 1, True)]
    health = api.read(HEALTH, **PERIOD)
    assert (health["deductions"]["fraud"], health["flagged_share"]["clicks"]) == (6, 1)
    save_entry(api, "allow/network", ADDRESS)
    assert read_fraud(api) == [(HOST, 12, False), ("203.0.113.9", 2, True)]
    networks = api.read(FRAUD, **PERIOD, group_by="network")
    assert [(row["ip_address"], row["denied"]) for row in networks["networks"]] == [
        (HOST, False),
        ("203.0.113.9", True),
    ]


def test_a_denied_ipv6_network_is_flagged_with_all_prefixes_within(api: Api) -> None:
    api.post_events(build_event(ip_address="2001:db8:1:2::9"), build_event(ip_address="2001:db9::9"))
    save_entry(api, "deny/network", "2001:db8::/32")
    assert read_fraud(api) == [("2001:db8:1:2::/64", 1, True)]


def test_a_denied_school_is_flagged_and_no_longer_shared(api: Api) -> None:
    pupils = [
        build_event(at=NOON + timedelta(minutes=n), ip_address=ADDRESS, device_fingerprint=f"d{n}", referrer_id=f"r{n}")
        for n in range(12)
    ]
    api.post_events(*pupils)
    answer = api.read(FRAUD, **PERIOD)
    assert (answer["total_flagged_ips"], answer["total_shared_networks"]) == (0, 1)
    save_entry(api, "deny/network", ADDRESS)
    answer = api.read(FRAUD, **PERIOD)
    assert (answer["total_flagged_ips"], answer["total_shared_networks"]) == (1, 0)
    assert api.read(f"/v1/investigations/ips/{ADDRESS}", **PERIOD)["listed"] == "deny"


def test_an_allowed_device_is_never_bot_like_and_a_denied_one_always(api: Api) -> None:
    for device in ("kiosk", "farm-1"):
        api.post_events(*build_clicks(3, apart=1, device_fingerprint=device))
    api.post_events(build_event(device_fingerprint="farm-2"), build_event("visit", device_fingerprint="farm-3"))
    save_entry(api, "allow/device", "kiosk")
    for device in ("farm-1", "farm-2", "farm-3", "kiosk", "unseen"):
        save_entry(api, "deny/device", device)
    answer = api.read(BOTS, **PERIOD)
    assert [
        (row["device_fingerprint"], row["total_clicks"], row["fastest_seconds"], row["denied"])
        for row in answer["bot_like_devices"]
    ] == [("farm-1", 3, 2, True), ("farm-2", 1, None, True)]
    assert answer["total_flagged_devices"] == 2
    ordered = api.read(BOTS, **PERIOD, sort="fastest", limit=1)
    rest = api.read(BOTS, **PERIOD, sort="fastest", limit=1, cursor=ordered["next_cursor"])
    assert [row["device_fingerprint"] for row in rest["bot_like_devices"]] == ["farm-2"]
    found = {name: api.read(f"/v1/investigations/devices/{name}", **PERIOD) for name in ("kiosk", "farm-2")}
    assert {name: (each["flagged"], each["listed"]) for name, each in found.items()} == {
        "kiosk": (False, "allow"),
        "farm-2": (True, "deny"),
    }


def test_an_allowed_referrer_is_no_anomaly(api: Api) -> None:
    sold = [build_event("conversion", at=NOON + timedelta(minutes=n), referrer_id="school-fair") for n in range(30)]
    api.post_events(*sold)
    path = "/v1/guardrails/conversion-anomalies"
    assert api.read(path, **PERIOD)["total_flagged"] == 1
    assert api.read("/v1/growth/k-factor", **PERIOD)["removed_conversions"] == 30
    save_entry(api, "allow/referrer", "school-fair")
    assert api.read(path, **PERIOD)["total_flagged"] == 0
    assert api.read("/v1/growth/k-factor", **PERIOD)["removed_conversions"] == 0
    found = api.read("/v1/investigations/referrers/school-fair", **PERIOD)
    assert (found["flagged"], found["listed"]) == (False, "allow")


@pytest.mark.parametrize("kind", FIELDS)
def test_clicks_and_conversions_of_what_is_denied_count_as_flagged(api: Api, kind: ListKind) -> None:
    denied = {
        "referrer_id": "maria",
        "ip_address": ADDRESS,
        "device_fingerprint": "d",
        "link_id": "l",
        "user_agent": PHONE,
    }
    other = {name: f"other-{value}" for name, value in denied.items()} | {"ip_address": HOST, "user_agent": TABLET}
    api.post_events(*build_clicks(2, apart=60, **denied), *build_clicks(2, apart=60, **other))
    api.post_events(build_event("conversion", **denied), build_event("conversion", **other))
    save_entry(api, f"deny/{kind}", denied[FIELDS[kind]])
    shares = api.read(HEALTH, **PERIOD)["flagged_share"]
    assert shares["conversions"] == 0.5
    assert shares["clicks"] == (0 if kind == "device" else 0.5)
    for allowed in set(FIELDS) - {kind}:
        save_entry(api, f"allow/{allowed}", denied[FIELDS[allowed]])
        assert api.read(HEALTH, **PERIOD)["flagged_share"]["conversions"] == 0
        api.send("DELETE", f"/v1/lists/allow/{allowed}/{quote(denied[FIELDS[allowed]], safe='')}")


@pytest.mark.parametrize(("kind", "index"), [("referrer", "referrer"), ("link", "link_id")])
def test_clicks_of_what_is_denied_are_found_by_its_index(
    api: Api, engine: Engine, connection: Connection, kind: ListKind, index: str
) -> None:
    others = build_clicks(400, apart=60, at=NOON - timedelta(hours=8), referrer_id="others", link_id="other-link")
    api.post_events(*others, *build_clicks(2, apart=60, referrer_id="maria", link_id="l"))
    save_entry(api, f"deny/{kind}", {"referrer": "maria", "link": "l"}[kind])
    connection.execute(text("ANALYZE attribution_events"))
    query = Query(
        Period.between(NOON.date(), NOON.date()),
        DetectionSettings(),
        NOON,
        Identifiers(References("key"), whole=True),
        COMPONENT_ROWS,
        DetectionSettings(),
    )
    with watch_statements(engine) as statements, engine.connect() as reading:
        fetch_flagged(reading, query, fetch_active_lists(reading, query))
    plans = "\n".join(statements.explain(connection))
    assert f"idx_attribution_events_{index}" in plans, plans


def test_clicks_by_denied_links_from_denied_networks_count_once(api: Api) -> None:
    api.post_events(*build_clicks(2, apart=60, ip_address=ADDRESS, link_id="l", referrer_id="maria"))
    api.post_events(build_event(link_id="l"), build_event(referrer_id="maria"), build_event(ip_address=HOST))
    for entry, value in (("deny/network", ADDRESS), ("deny/link", "l"), ("deny/referrer", "maria")):
        save_entry(api, entry, value)
    assert api.read(HEALTH, **PERIOD)["flagged_share"]["clicks"] == 0.8


VALUES: dict[ListKind, list[str | None]] = {
    "network": [ADDRESS, HOST, "2001:db8::1", None],
    "device": ["d-1", "d-2", None],
    "referrer": ["maria", "ann"],
    "user_agent": [PHONE, TABLET, None],
    "link": ["l-1", "l-2", None],
}
LISTABLE: dict[ListKind, list[str]] = {
    kind: ["203.0.113.0/24", "198.51.100.9/32", "2001:db8::/64"] if kind == "network" else [v for v in values if v]
    for kind, values in VALUES.items()
}
entries = st.sampled_from(list(VALUES)).flatmap(
    lambda kind: st.tuples(st.sampled_from(["allow", "deny", "watch"]), st.just(kind), st.sampled_from(LISTABLE[kind]))
)
posted = st.tuples(st.sampled_from(["click", "conversion"]), *(st.sampled_from(values) for values in VALUES.values()))
LENIENT = {"fraud_ip_click_threshold": 1000, "conversion_anomaly_daily_threshold": 1000}
IN_NETWORK = {ADDRESS: LISTABLE["network"][0], HOST: LISTABLE["network"][1], "2001:db8::1": LISTABLE["network"][2]}


@settings(max_examples=60, deadline=None)
@given(st.lists(posted, min_size=1, max_size=12), st.lists(entries, max_size=6, unique=True))
def test_what_lists_flag_equals_brute_force(
    engine: Engine,
    database: Database,
    given_events: Sequence[tuple[str | None, ...]],
    listed: Sequence[tuple[ListName, ListKind, str]],
) -> None:
    forget_everything(engine)
    events = [
        Event(
            event_id=UUID(int=number),
            event_type=event_type,
            occurred_at=NOON + timedelta(minutes=5 * number),
            **{FIELDS[kind]: value for kind, value in zip(VALUES, values, strict=True)},
        )
        for number, (event_type, *values) in enumerate(given_events)
    ]
    rule = DetectionSettings().model_copy(update=LENIENT | {"conversion_anomaly_min_clicks": 1000})
    query = Query(
        Period.between(NOON.date(), NOON.date()),
        rule,
        NOON,
        Identifiers(References("a key"), whole=True),
        COMPONENT_ROWS,
        rule,
    )
    with database.write() as connection:
        save_events(connection, events, FactRules(), now=NOON + timedelta(days=1))
        found = fetch_flagged(connection, query, build_lists((Entry(*entry), "a reason") for entry in listed))

    def is_on(name: ListName, values: Sequence[str | None], *kinds: ListKind) -> bool:
        named = zip(VALUES, [IN_NETWORK.get(values[0] or ""), *values[1:]], strict=True)
        return any((name, kind, value) in listed for kind, value in named if not kinds or kind in kinds)

    def is_denied(values: Sequence[str | None], *kinds: ListKind) -> bool:
        named = zip(VALUES, [IN_NETWORK.get(values[0] or ""), *values[1:]], strict=True)
        return any(
            ("deny", kind, value) in listed and ("allow", kind, value) not in listed
            for kind, value in named
            if not kinds or kind in kinds
        )

    conversions = [values for kind, *values in given_events if kind == "conversion"]
    clicks = [values for kind, *values in given_events if kind == "click"]
    assert found.totals.conversions == sum(not is_on("allow", each) and is_denied(each) for each in conversions)
    assert found.network_clicks == sum(
        is_denied(each, "network") or (not is_on("allow", each) and is_denied(each, "referrer", "user_agent", "link"))
        for each in clicks
    )
