"""Plants networks whose truth is known: schools, families, click farms and a server that rotates its addresses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from random import Random
from typing import Any

from tests.support.builders import build_event


@dataclass(frozen=True)
class Planted:
    """The clicks of one network on one day."""

    kind: str
    is_fraud: bool
    network: str
    clicks: list[dict[str, Any]]


def plant_networks(at: datetime, seed: int = 15) -> list[Planted]:
    """Every kind of network, each with an IPv4 address or an IPv6 prefix of its own."""
    random = Random(seed)
    return [
        *(plant_school(random, number, pupils, at) for number, pupils in enumerate((28, 60, 120, 200, 300))),
        *(plant_school(random, 5 + number, pupils, at, equal=True) for number, pupils in enumerate((28, 120, 300))),
        *(_plant_family(random, number, at) for number in range(20)),
        *(_plant_farm(random, number, devices, at) for number, devices in enumerate((1, 2, 4, 6, 10, 20, 40))),
        *(_plant_hired_school(random, number, at) for number in range(2)),
        *(_plant_rotating(random, number, at) for number in range(3)),
    ]


def plant_school(random: Random, number: int, pupils: int, at: datetime, *, equal: bool = False) -> Planted:
    """Pupils who click one to three times on links of their friends; half of the schools have IPv6.

    Equal Chromebooks all have one fingerprint; the app knows who uses them.
    """
    addresses = [f"198.51.100.{number}"] if number % 2 else [f"2001:db8:a:{number:x}::{pupil:x}" for pupil in range(64)]
    clicks = [
        build_event(
            at=at + timedelta(seconds=random.randrange(6 * 3600)),
            ip_address=random.choice(addresses),
            device_fingerprint=f"chromebook-{number}" if equal else f"chromebook-{number}-{pupil}",
            user_id=f"pupil-{number}-{pupil}",
            referrer_id=f"friend-{number}-{random.randrange(max(8, pupils // 6))}",
        )
        for pupil in range(pupils)
        for _ in range(random.choice((1, 1, 2, 3)))
    ]
    network = addresses[0] if number % 2 else str(ip_network(f"2001:db8:a:{number:x}::/64"))
    return Planted("school, equal fingerprints" if equal else "school", is_fraud=False, network=network, clicks=clicks)


def _plant_family(random: Random, number: int, at: datetime) -> Planted:
    """A few devices at home that click on links of cousins and classmates."""
    devices = random.choice((4, 5, 6))
    clicks = [
        build_event(
            at=at + timedelta(seconds=random.randrange(10 * 3600)),
            ip_address=f"203.0.113.{number}",
            device_fingerprint=f"home-{number}-{device}",
            referrer_id=f"cousin-{number}-{(device + click) % 4}",
        )
        for device in range(devices)
        for click in range(3)
    ]
    return Planted("family", is_fraud=False, network=f"203.0.113.{number}", clicks=clicks)


def _plant_farm(random: Random, number: int, devices: int, at: datetime) -> Planted:
    """Devices that click all day long on the links of one or two who pay."""
    clicks = [
        build_event(
            at=at + timedelta(seconds=random.randrange(8 * 3600)),
            ip_address=f"192.0.2.{number}",
            device_fingerprint=f"farm-{number}-{click % devices}",
            referrer_id=f"payer-{number}-{click % 2}",
        )
        for click in range(max(12, devices * random.randrange(5, 12)))
    ]
    return Planted("click farm", is_fraud=True, network=f"192.0.2.{number}", clicks=clicks)


def _plant_hired_school(random: Random, number: int, at: datetime) -> Planted:
    """Many devices with few clicks each, nearly all for one."""
    clicks = [
        build_event(
            at=at + timedelta(seconds=random.randrange(8 * 3600)),
            ip_address=f"192.0.2.{100 + number}",
            device_fingerprint=f"hired-{number}-{device}",
            referrer_id=f"payer-{number}" if device % 10 else f"friend-{device}",
        )
        for device in range(90)
    ]
    return Planted("many devices for one", is_fraud=True, network=f"192.0.2.{100 + number}", clicks=clicks)


def _plant_rotating(random: Random, number: int, at: datetime) -> Planted:
    """A server that clicks 500 times, each time as a new device from a new address of its own network."""
    clicks = list(_rotate(random, f"2001:db8:b:{number:x}", f"payer-of-{number}", at))
    return Planted("rotating /64", is_fraud=True, network=str(ip_network(f"2001:db8:b:{number:x}::/64")), clicks=clicks)


def _rotate(random: Random, prefix: str, payer: str, at: datetime) -> Iterator[dict[str, Any]]:
    for click in range(500):
        yield build_event(
            at=at + timedelta(seconds=click * 40),
            ip_address=f"{prefix}:{random.randrange(1 << 16):x}:{random.randrange(1 << 16):x}::{click:x}",
            device_fingerprint=f"new-{prefix}-{click}",
            referrer_id=payer,
        )
