"""What somebody who knows every threshold gets past the guardrails on one day, and what they need for it.

The figures stand in docs/security-audit.md. Whoever closes a gap changes them here and there.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.api_fixtures import Api
from tests.support.brute_force import name_network
from tests.support.builders import NOON, build_event

PERIOD = {"start": NOON.date(), "end": NOON.date() + timedelta(days=1), "limit": 1000}
MIDNIGHT = NOON.replace(hour=0) + timedelta(days=1)
Events = Iterator[dict[str, Any]]


def click(number: int, *, at: datetime = NOON, apart: float = 1, **fields: Any) -> dict[str, Any]:
    return build_event(at=at + timedelta(seconds=apart * number), **fields)


def hammer() -> Events:
    """No attempt to hide: one machine, one device, a click a second."""
    return (click(n, ip_address="203.0.113.1", device_fingerprint="one") for n in range(1000))


def change_fingerprints() -> Events:
    """One machine that makes up a new fingerprint for every click."""
    return (click(n, ip_address="203.0.113.1", device_fingerprint=f"device-{n}") for n in range(1000))


def rent_addresses() -> Events:
    """100 addresses, each at the limit of 10 clicks, each with a device that clicks every 3 seconds."""
    for n in range(1000):
        yield click(n // 100, apart=3, ip_address=f"203.0.113.{n % 100}", device_fingerprint=f"device-{n % 100}")


def rotate_in_one_ipv6_network() -> Events:
    """One rented server: every click from another address of its own /64."""
    return (click(n, apart=0.1, ip_address=f"2001:db8::{n:x}") for n in range(1000))


def play_a_school() -> Events:
    """One address, a new fingerprint for every click, on the links of three referrers."""
    return (
        click(n, apart=0.1, ip_address="203.0.113.1", device_fingerprint=f"device-{n}", referrer_id=f"payer-{n % 3}")
        for n in range(1000)
    )


def wait_for_midnight() -> Events:
    """One address at the limit before midnight (UTC), and again after it: 20 clicks within two minutes."""
    first = MIDNIGHT - timedelta(seconds=60)
    yield from (click(n, at=first, apart=3, ip_address="203.0.113.1", device_fingerprint="one") for n in range(10))
    yield from (click(n, at=MIDNIGHT, apart=3, ip_address="203.0.113.1", device_fingerprint="one") for n in range(10))


def click_in_pairs() -> Events:
    """One device behind changing addresses, two clicks in a row and then a pause: no three within 5 seconds."""
    for pair in range(500):
        for second in (0, 2):
            at = NOON + timedelta(seconds=8 * pair + second)
            yield build_event(at=at, ip_address=f"10.0.{pair // 5 // 256}.{pair // 5 % 256}", device_fingerprint="one")


def say_nothing() -> Events:
    """Clicks that name neither address nor device, which only a service with a token can send."""
    return (click(n, apart=0.01) for n in range(1000))


def convert_at_the_limits() -> Events:
    """20 referrers with 10 conversions each and 13 clicks, a rate of 0.77."""
    for n in range(20):
        yield from (click(i, apart=4, referrer_id=f"referrer-{n}") for i in range(13))
        yield from (click(i, event_type="conversion", referrer_id=f"referrer-{n}") for i in range(10))


def stay_below_what_is_judged() -> Events:
    """20 referrers with 10 conversions each and 4 clicks, too few for a rate to be judged."""
    for n in range(20):
        yield from (click(i, apart=4, referrer_id=f"referrer-{n}") for i in range(4))
        yield from (click(i, event_type="conversion", referrer_id=f"referrer-{n}") for i in range(10))


def convert_without_clicks() -> Events:
    """20 referrers with 4 conversions each and no click at all."""
    for n in range(20):
        yield from (click(i, event_type="conversion", referrer_id=f"referrer-{n}") for i in range(4))


def convert_too_often() -> Events:
    """One referrer with 100 conversions of 100 clicks."""
    yield from (click(i, apart=4, referrer_id="referrer") for i in range(100))
    yield from (click(i, event_type="conversion", referrer_id="referrer") for i in range(100))


def count_passed(api: Api, events: list[dict[str, Any]]) -> tuple[int, int]:
    """How many clicks and conversions no guardrail holds against anybody."""
    days = api.read("/v1/guardrails/fraud", **PERIOD)["suspicious_ips"]
    addresses = {(day["date"], day["ip_address"]) for day in days}
    bots = api.read("/v1/guardrails/bots", **PERIOD)["bot_like_devices"]
    devices = {device["device_fingerprint"] for device in bots}
    anomalies = api.read("/v1/guardrails/conversion-anomalies", **PERIOD)
    lists = (*anomalies["suspicious_referrers"], *anomalies["high_conversion_rate_referrers"])
    referrers = {row["referrer_id"] for row in lists}
    passed = [
        event["event_type"]
        for event in events
        if (event["occurred_at"][:10], name_network(event.get("ip_address") or "")) not in addresses
        and event.get("device_fingerprint") not in devices
        and event.get("referrer_id") not in referrers
    ]
    return passed.count("click"), passed.count("conversion")


@pytest.mark.parametrize(
    ("campaign", "clicks", "conversions"),
    [
        (hammer, 0, 0),
        (change_fingerprints, 0, 0),
        (rent_addresses, 1000, 0),
        (rotate_in_one_ipv6_network, 0, 0),
        (play_a_school, 1000, 0),
        (wait_for_midnight, 20, 0),
        (click_in_pairs, 1000, 0),
        (say_nothing, 1000, 0),
        (convert_at_the_limits, 260, 200),
        (stay_below_what_is_judged, 80, 200),
        (convert_without_clicks, 0, 80),
        (convert_too_often, 0, 0),
    ],
)
def test_what_passes_is_known(api: Api, campaign: Callable[[], Events], clicks: int, conversions: int) -> None:
    events = list(campaign())
    api.post_events(*events)
    assert count_passed(api, events) == (clicks, conversions)


def test_one_step_over_a_limit_is_seen(api: Api) -> None:
    one_more = [*wait_for_midnight(), click(99, ip_address="203.0.113.1", device_fingerprint="one")]
    api.post_events(*one_more)
    assert count_passed(api, one_more) == (10, 0)
