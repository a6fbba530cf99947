"""Users and visitors with opaque ids, on devices, behind unassigned IP addresses."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from viral_cli.local.demo.rhythm import format_time
from viral_cli.local.demo.seeded import event_id, fingerprint, opaque_id, stream

Event = dict[str, Any]

CARRIERS = tuple(f"203.0.113.{host}" for host in range(10, 24))
CARRIER_CLICKS_A_DAY = 8
_REGULARS = 420
_CARRIER_SHARE = 0.12
_IPV6_SHARE = 0.2
_BENCHMARK_NETWORK = int(IPv4Address("198.18.0.0"))
_DOCUMENTATION_NETWORK = int(IPv6Address("2001:db8::"))
_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
_USER_AGENTS = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) {_WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) {_WEBKIT} Mobile/15E148 Instagram 384.0.0.33.93 "
    "(iPhone15,4; iOS 18_4; en_US; en; scale=3.00; 1179x2556; 742112203)",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 8) {_BLINK} Chrome/137.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 14; SM-X210) {_BLINK} Chrome/136.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (X11; CrOS x86_64 16181.61.0) {_BLINK} Chrome/136.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_BLINK} Chrome/137.0.0.0 Safari/537.36",
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person on a device; `user_id` is None until the app knows them."""

    device_fingerprint: str
    ip_address: str
    user_agent: str
    session_id: str
    user_id: str | None = None

    def act(self, event_type: str, occurred_at: datetime, *key: object, **fields: object) -> Event:
        """An event of this visitor; `key` identifies it among all events of its type."""
        event: Event = {
            "event_id": event_id(event_type, *key),
            "event_type": event_type,
            "occurred_at": format_time(occurred_at),
            "ip_address": self.ip_address,
            "device_fingerprint": self.device_fingerprint,
            "session_id": self.session_id,
            "user_agent": self.user_agent,
            **fields,
        }
        if self.user_id:
            event["user_id"] = self.user_id
        return event


def visitor_at(ip_address: str, *key: object, user_id: str | None = None) -> Visitor:
    """The key's visitor behind a given address."""
    device = fingerprint("device", *key)
    user_agent = _USER_AGENTS[int(device[:4], 16) % len(_USER_AGENTS)]
    return Visitor(device, ip_address, user_agent, opaque_id("ses", *key), user_id)


def visitor_at_home(*key: object, user_id: str | None = None) -> Visitor:
    """The key's visitor at home, behind an address that is most likely unique."""
    return visitor_at(_home_address(stream("home", *key)), *key, user_id=user_id)


def user_at_home(*key: object) -> Visitor:
    """The key's user at home: always the same id, device and address."""
    return visitor_at_home(*key, user_id=user_id_of(*key))


def user_id_of(*key: object) -> str:
    """The id of the key's user."""
    return opaque_id("usr", *key)


def choose_regulars(rng: random.Random, count: int) -> list[tuple[object, ...]]:
    """The keys of people who have used the app since before the month."""
    return [("regular", number) for number in rng.sample(range(_REGULARS), count)]


def visitors_of_day(rng: random.Random, *key: object) -> Iterator[Visitor]:
    """An endless stream of one day's clickers, at home or behind a mobile carrier's address while it has room.

    A carrier's address serves at most `CARRIER_CLICKS_A_DAY`; a visitor at home sometimes clicks twice.
    """
    served: Counter[str] = Counter()
    number = 0
    while True:
        number += 1
        carrier = rng.choice(CARRIERS)
        if rng.random() < _CARRIER_SHARE and served[carrier] < CARRIER_CLICKS_A_DAY:
            served[carrier] += 1
            yield visitor_at(carrier, *key, number)
            continue
        visitor = visitor_at(_home_address(rng), *key, number)
        yield visitor
        if rng.random() < 0.15:
            yield visitor


def _home_address(rng: random.Random) -> str:
    if rng.random() < _IPV6_SHARE:
        return str(IPv6Address(_DOCUMENTATION_NETWORK | rng.getrandbits(32) << 64 | rng.getrandbits(64)))
    return str(IPv4Address(_BENCHMARK_NETWORK | rng.getrandbits(17)))
