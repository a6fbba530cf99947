"""Bursts and clean K without what trusted networks do, wherever they are read."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.paging import Page
from metrics_api.detection import trusted_bursts
from metrics_api.detection.bots import fetch_bots
from metrics_api.detection.entity_lists import Entry, fetch_active_lists, save_entry
from metrics_api.detection.query import Query
from metrics_api.ingest.events import save_events
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api, forget_everything
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.growth_week import build_invite
from tests.support.trusted_networks import PERIOD, trust
from viral_contract.models.events import Event
from viral_contract.models.period import Period
from viral_contract.models.trusted_networks import Trust

AT_SCHOOL, AT_HOME = "203.0.113.7", "198.51.100.7"


def read_flagged(api: Api, **query: Any) -> list[int]:
    """How many devices each read flags that scores or lists them."""
    bots = api.read("/v1/guardrails/bots", **PERIOD, **query)
    health = api.read("/v1/guardrails/health", **PERIOD, **query)
    tried = api.read("/v1/guardrails/what-if", **PERIOD, **query)["changed"]
    return [
        len(bots["bot_like_devices"]),
        bots["total_flagged_devices"],
        health["components"]["bots"]["total_flagged_devices"],
        tried["total_flagged_devices"],
        int(health["deductions"]["bot_behavior"] / 2),
    ]


def test_bursts_at_school_flag_while_it_is_not_trusted_and_again_afterwards(api: Api) -> None:
    api.post_events(*build_clicks(4, apart=1, device_fingerprint="tablet", ip_address=AT_SCHOOL))
    assert read_flagged(api) == [1] * 5
    trust(api)
    assert read_flagged(api) == [0] * 5
    assert api.read("/v1/investigations/devices/tablet", **PERIOD)["flagged"] is False
    # What trust changes is never stored: it ends, and the burst is back.
    api.send("DELETE", "/v1/trusted-networks/203.0.113.0/24")
    assert read_flagged(api) == [1] * 5
    assert api.read("/v1/investigations/devices/tablet", **PERIOD)["flagged"] is True


def test_a_burst_elsewhere_still_flags(api: Api) -> None:
    trust(api)
    api.post_events(*build_clicks(4, apart=1, device_fingerprint="tablet", ip_address=AT_SCHOOL))
    api.post_events(
        *build_clicks(3, at=NOON.replace(hour=20), apart=2, device_fingerprint="tablet", ip_address=AT_HOME)
    )
    assert read_flagged(api) == [1] * 5
    (device,) = api.read("/v1/guardrails/bots", **PERIOD)["bot_like_devices"]
    assert (device["fastest_seconds"], device["total_clicks"]) == (4, 7)
    found = api.read("/v1/investigations/devices/tablet", **PERIOD)
    assert [(burst["clicks"], burst["seconds"]) for burst in found["bursts"]] == [(2, 2), (3, 4)]


def test_two_clicks_elsewhere_make_no_burst_with_those_at_school(api: Api) -> None:
    trust(api)
    for second, address in enumerate((AT_HOME, AT_SCHOOL, AT_HOME, AT_SCHOOL)):
        at = NOON + timedelta(seconds=second)
        api.post_events(build_event(at=at, device_fingerprint="tablet", ip_address=address))
    assert read_flagged(api) == [0] * 5
    assert read_flagged(api, bot_rapid_click_threshold=2) == [1] * 5


def test_a_device_with_more_clicks_than_are_checked_stays_flagged(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_bursts, "MOST_CHECKED_CLICKS", 5)
    trust(api)
    api.post_events(*build_clicks(6, apart=1, device_fingerprint="tablet", ip_address=AT_SCHOOL))
    assert read_flagged(api) == [1] * 5


def test_clean_k_keeps_the_conversions_of_trusted_networks(api: Api) -> None:
    api.send("POST", "/v1/links", json={"items": [build_invite("a1", "ann", NOON)]})
    clicks = build_clicks(12, apart=1, device_fingerprint="tablet", ip_address=AT_SCHOOL, link_id="a1")
    bought = [
        build_event("conversion", at=NOON, device_fingerprint="tablet", ip_address=AT_SCHOOL, link_id="a1")
        for _ in range(12)
    ]
    elsewhere = build_clicks(3, apart=1, device_fingerprint="robot", ip_address=AT_HOME, link_id="a1")
    robots = build_event("conversion", at=NOON, device_fingerprint="robot", ip_address=AT_HOME, link_id="a1")
    api.post_events(*clicks, *bought, *elsewhere, robots)
    answer = api.read("/v1/growth/k-factor", **PERIOD)
    assert (answer["k_factor"], answer["k_factor_clean"], answer["removed_conversions"]) == (13, 0, 13)
    trust(api)
    answer = api.read("/v1/growth/k-factor", **PERIOD)
    assert (answer["k_factor"], answer["k_factor_clean"], answer["removed_conversions"]) == (13, 12, 1)
    (point,) = api.read("/v1/growth/timeline", **PERIOD)["points"]
    assert point["k_factor_clean"] == 12


MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
moments = st.integers(-40, 40).map(lambda seconds: MIDNIGHT + timedelta(seconds=seconds))
clicks = st.lists(
    st.tuples(moments, st.sampled_from(["d-1", "d-2"]), st.sampled_from([AT_SCHOOL, AT_HOME, "2001:db8::1", None])),
    min_size=3,
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(clicks, st.integers(2, 5), st.integers(1, 60))
def test_bursts_without_trusted_networks_are_exact(
    engine: Engine, database: Database, posted: list[tuple[datetime, str, str | None]], size: int, seconds: int
) -> None:
    forget_everything(engine)
    events = [
        Event(event_id=UUID(int=n), event_type="click", occurred_at=at, device_fingerprint=device, ip_address=address)
        for n, (at, device, address) in enumerate(posted)
    ]
    tried = {"bot_rapid_click_threshold": size, "bot_rapid_click_window_seconds": seconds}
    rule = DetectionSettings().model_copy(update=tried)
    whole = Identifiers(References("a key"), whole=True)
    day = Period.between(MIDNIGHT.date(), MIDNIGHT.date())
    with database.write() as connection:
        save_events(connection, events, FactRules(), now=NOON)
        for cidr in ("203.0.113.0/24", "2001:db8::/32"):
            school = Trust(reason="a school")
            entry, references = Entry("allow", "network", cidr), whole.references
            save_entry(connection, entry, rule.fraud_ipv6_prefix, school, references, actor="a test", now=NOON)
        query = Query(day, rule, NOON, whole, Page(10), rule)
        found = fetch_bots(connection, query, fetch_active_lists(connection, query))
    expected = {}
    for device in ("d-1", "d-2"):
        times = sorted(at for at, by, address in posted if by == device and address in (AT_HOME, None))
        spans = [b - a for a, b in zip(times, times[size - 1 :], strict=False) if b >= MIDNIGHT]
        if spans and min(spans) <= timedelta(seconds=seconds):
            expected[device] = min(spans).total_seconds()
    assert {each.device_fingerprint: each.fastest_seconds for each in found.bot_like_devices} == expected
    assert found.total_flagged_devices == len(expected)
