"""Demo networks with many clicks: two schools and a family share theirs, and a server rotates its addresses."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from viral_cli.local.demo.loops import Link
from viral_cli.local.demo.people import Event, user_id_of, visitor_at
from viral_cli.local.demo.rhythm import at
from viral_cli.local.demo.seeded import opaque_id, stream

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class SharedNetwork:
    """People behind one network, who open one another's links on some days of the week.

    Each device clicks between `clicks` and twice that; an address that ends in a colon is the prefix of each device's.
    """

    name: str
    address: str
    weekdays: tuple[int, ...]
    begins: float
    minutes: int
    devices: int
    clicks: int
    referrers: int

    @property
    def network(self) -> str:
        """What the guardrails show."""
        return f"{self.address}:/64" if self.address.endswith(":") else self.address

    def is_at_work(self, day: date) -> bool:
        """Whether they use the app on that day."""
        return day.weekday() in self.weekdays

    def links(self, day: date) -> list[Link]:
        """The links that they open on that day."""
        created_at = at(day, self.begins - 0.5)
        return [
            Link(opaque_id("lnk", self.name, day, one), user_id_of("regular", one), "study_session", created_at)
            for one in range(self.referrers)
        ]

    def generate(self, day: date) -> Iterator[Event]:
        """Their clicks of that day, each followed by a visit."""
        rng, links = stream("shared", self.name, day), self.links(day)
        for device in range(self.devices):
            address = f"{self.address}:{device + 1:x}" if self.address.endswith(":") else self.address
            visitor = visitor_at(address, self.name, device)
            for number in range(self.clicks + (rng.random() < 0.2)):
                key = (self.name, day, device, number)
                link = links[(device + number) % self.referrers]
                moment = at(day, self.begins) + timedelta(minutes=self._minute(rng, number))
                yield visitor.act("click", moment, *key, link_id=link.link_id)
                looked_at = moment + timedelta(seconds=rng.uniform(1, 20))
                yield visitor.act("visit", looked_at, *key, **link.landing())

    def _minute(self, rng: random.Random, number: int) -> float:
        """When a device clicks for that time: each of its clicks has a part of the time to itself."""
        part = self.minutes / (self.clicks + 1)
        return part * (number + rng.uniform(0, 0.9))


SCHOOL = SharedNetwork(
    name="class",
    address="192.0.2.77",
    weekdays=(1, 3),
    begins=13.2,
    minutes=42,
    devices=28,
    clicks=1,
    referrers=6,
)
SCHOOL_WITH_IPV6 = SharedNetwork(
    name="middle-school",
    address="2001:db8:5c00:1:",
    weekdays=(0, 2, 4),
    begins=14.5,
    minutes=60,
    devices=64,
    clicks=1,
    referrers=12,
)
FAMILY = SharedNetwork(
    name="family",
    address="203.0.113.40",
    weekdays=(_SATURDAY,),
    begins=10,
    minutes=300,
    devices=6,
    clicks=2,
    referrers=4,
)
SHARED_NETWORKS = (SCHOOL, SCHOOL_WITH_IPV6, FAMILY)

ROTATING_NETWORK = "2001:db8:bad:1::/64"
ROTATING_DAYS_AGO = range(1, 4)
_ROTATING_CLICKS = 120


def rotating_link(day: date) -> Link:
    """The link that the server clicks on that day."""
    return Link(opaque_id("lnk", "rotating", day), user_id_of("rotating"), "results_rally", at(day, 0.5))


def generate_rotating(day: date) -> Iterator[Event]:
    """A night of clicks, each from a new address of the server's network with the fingerprint of a new device."""
    rng, link = stream("rotating", day), rotating_link(day)
    moment = at(day, 1)
    for number in range(_ROTATING_CLICKS):
        moment += timedelta(seconds=rng.uniform(50, 110))
        address = f"2001:db8:bad:1:{rng.randrange(1, 0xFFFF):x}:{rng.randrange(1, 0xFFFF):x}:0:{number + 1:x}"
        key = ("rotating", day, number)
        yield visitor_at(address, *key).act("click", moment, *key, link_id=link.link_id)
