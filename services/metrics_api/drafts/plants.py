"""Made-up fraud of a given size, as rows of the facts that rules read. Random, but the same for the same seed.

What varies is what an attacker chooses: how many accounts a device has, whether it hides behind other networks, whether
some accounts come back.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from viral_contract.models.quality import PlantKind

_NETWORKS = 65_536
_HIDES, _COMES_BACK, _OUTSIDE = 0.2, 0.05, 0.1
_FARM_DAYS, _FLOOD_DAYS = 10, 7
_CLAIMED_SHARE = 0.6


@dataclass
class Plant:
    """One planted fraud: the ids of who gets the credit, and rows of `referrals` and `device_users`."""

    referrers: list[str]
    referrals: list[dict[str, Any]] = field(default_factory=list)
    device_users: list[dict[str, Any]] = field(default_factory=list)


def build_farm(random: Random, name: str, size: int, until: datetime) -> Plant:
    """One referrer whose `size` devices convert one to three accounts each, over a few networks."""
    plant, home = Plant([name]), _pick_network(random)
    for device in range(size):
        network = _pick_network(random) if random.random() < _HIDES else home
        for account in range(random.randint(1, 3)):
            at = until - timedelta(days=random.uniform(8, 8 + _FARM_DAYS))
            _convert(
                plant,
                random,
                referrer=name,
                user=f"{name}-{device}-{account}",
                device=f"{name}-{device}",
                network=network,
                at=at,
                took=timedelta(minutes=random.uniform(1, 20)),
                active_again=random.random() < _COMES_BACK,
            )
    return plant


def build_flood(random: Random, name: str, size: int, until: datetime) -> Plant:
    """One referrer with `size` pairs, most of which claim by an old click what would have happened anyway."""
    plant = Plant([name])
    for number in range(size):
        is_claimed = random.random() < _CLAIMED_SHARE
        took = timedelta(days=random.uniform(0, 7)) if is_claimed else timedelta(minutes=random.uniform(1, 30))
        _convert(
            plant,
            random,
            referrer=name,
            user=f"{name}-{number}",
            device=f"{name}-{number}",
            network=_pick_network(random),
            at=until - timedelta(days=random.uniform(8, 8 + _FLOOD_DAYS)),
            took=took,
            active_again=random.random() < 1 / 2,
        )
    return plant


def build_ring(random: Random, name: str, size: int, until: datetime) -> Plant:
    """`size` users in a chain of shared devices, each credited to another one, a few to somebody else."""
    users = [f"{name}-{number}" for number in range(size)]
    plant = Plant(users)
    for number, user in enumerate(users):
        is_outside = random.random() < _OUTSIDE
        for neighbor in (user, users[number - 1]):
            _use(plant, f"{name}-device-{number}", neighbor, until)
        _convert(
            plant,
            random,
            referrer=f"{name}-outside" if is_outside else random.choice([each for each in users if each != user]),
            user=user,
            device=f"{name}-own-{number}",
            network=_pick_network(random),
            at=until - timedelta(days=random.uniform(8, 8 + _FARM_DAYS)),
            took=timedelta(minutes=random.uniform(1, 30)),
            active_again=True,
        )
    return plant


BUILDERS: Mapping[PlantKind, Callable[[Random, str, int, datetime], Plant]] = {
    "farm": build_farm,
    "flood": build_flood,
    "ring": build_ring,
}
SIZES: Mapping[PlantKind, tuple[int, ...]] = {
    "farm": (3, 5, 8, 12, 20, 40),
    "flood": (20, 30, 50, 80, 120, 200),
    "ring": (3, 4, 6, 8, 12, 20),
}
"""From those that hide among honest referrers up to those that cannot be missed."""
STEPS = len(SIZES["farm"])
"""As many sizes has each kind, which bears the name of the rule that is to find it."""


def build_plants(seed: str, step: int, per_size: int, until: datetime) -> Iterator[tuple[PlantKind, Plant]]:
    """Some plants of each kind, each of its kind's size at this step; `until` is the end of the last date."""
    random = Random(f"{seed} {step}")  # noqa: S311 It draws a sample, not a secret.
    for kind, build in BUILDERS.items():
        for number in range(per_size):
            yield kind, build(random, f"planted-{kind}-{step}-{number}", SIZES[kind][step], until)


def _pick_network(random: Random) -> str:
    return f"198.18.{random.randrange(_NETWORKS) // 256}.{random.randrange(256)}"


def _convert(
    plant: Plant,
    random: Random,
    *,
    referrer: str,
    user: str,
    device: str,
    network: str,
    at: datetime,
    took: timedelta,
    active_again: bool,
) -> None:
    plant.referrals.append(
        {
            "event_id": UUID(int=random.getrandbits(128)),
            "day": at.date(),
            "occurred_at": at,
            "event_type": "conversion",
            "referrer_id": referrer,
            "person": f"user:{user}",
            "user_id": user,
            "device_fingerprint": device,
            "network": network,
            "source": "planted",
            "clicked_at": at - took,
            "active_again": active_again,
        }
    )
    _use(plant, device, user, at)


def _use(plant: Plant, device: str, user: str, at: datetime) -> None:
    used = {"device_fingerprint": device, "user_id": user, "first_day": at.date(), "last_day": at.date()}
    plant.device_users.append(used)
