"""Demo fraud: two click rings, bots, and referrers too good to be true."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from viral_cli.local.demo.loops import Link, LiveLinks
from viral_cli.local.demo.people import Event, Visitor, user_at_home, user_id_of, visitor_at, visitor_at_home
from viral_cli.local.demo.rhythm import at, sample_time, sample_times
from viral_cli.local.demo.seeded import opaque_id, stream

BOT_DAYS_AGO = (1, 2, 4, 6, 13, 22)
_BOT_CLICKS = 24
_BOT_CLICKS_AN_ADDRESS = 8
_RING_DEVICES_AN_ADDRESS = 5


@dataclass(frozen=True, slots=True)
class Ring:
    """A few IP addresses that click the links of two referrers at night, each on three days out of four.

    `clicks` are the minimum and maximum of one address per night.
    """

    name: str
    addresses: tuple[str, ...]
    days_ago: range
    source: str
    clicks: tuple[int, int]

    def links(self, day: date) -> list[Link]:
        """The ring's links of that day."""
        return [
            Link(opaque_id("lnk", self.name, day, one), user_id_of(self.name, one), self.source, at(day, 0.5))
            for one in range(2)
        ]

    def addresses_at_work(self, day: date) -> list[str]:
        """The addresses active on that day."""
        numbered = enumerate(self.addresses)
        return [address for number, address in numbered if (day.toordinal() + number) % 4]


RINGS = (
    Ring(
        name="ring-active",
        addresses=tuple(f"198.51.100.{host}" for host in range(16, 24)),
        days_ago=range(1, 6),
        source="buddy_challenge",
        clicks=(18, 130),
    ),
    Ring(
        name="ring-past",
        addresses=tuple(f"198.51.100.{host}" for host in range(64, 69)),
        days_ago=range(20, 25),
        source="results_rally",
        clicks=(12, 60),
    ),
)


@dataclass(frozen=True, slots=True)
class StagedReferrer:
    """A referrer whose friends convert at once: accounts made for the reward."""

    name: str
    days_ago: range
    source: str
    clicks_a_day: int
    conversions_a_day: int

    def link(self, day: date) -> Link:
        """The referrer's link of that day, created the evening before."""
        return Link(opaque_id("lnk", self.name, day), user_id_of(self.name), self.source, at(day, -3))


TOO_MANY_A_DAY = StagedReferrer(
    name="too-many-a-day",
    days_ago=range(3, 4),
    source="buddy_challenge",
    clicks_a_day=41,
    conversions_a_day=11,
)
TOO_GOOD_A_RATE = StagedReferrer(
    name="too-good-a-rate",
    days_ago=range(2, 5),
    source="parent_share",
    clicks_a_day=2,
    conversions_a_day=2,
)


def generate_ring(ring: Ring, day: date) -> Iterator[Event]:
    """The ring's clicks of a night, and one conversion every other day."""
    links, addresses = ring.links(day), ring.addresses_at_work(day)
    for number, address in enumerate(addresses):
        yield from _run(ring, day, address, links[number % 2])
    if day.toordinal() % 2:
        user = visitor_at(addresses[0], ring.name, day, user_id=user_id_of(ring.name, day))
        yield from _convert_at_once(user, at(day, 11), links[0], (ring.name, day))


def _run(ring: Ring, day: date, address: str, link: Link) -> Iterator[Event]:
    rng = stream("run", day, address)
    moment, pace_seconds = at(day, rng.uniform(1, 4)), rng.uniform(40, 90)
    for number in range(rng.randint(*ring.clicks)):
        visitor = visitor_at(address, "farm", address, number % _RING_DEVICES_AN_ADDRESS)
        moment += timedelta(seconds=pace_seconds * rng.uniform(0.6, 1.4))
        yield visitor.act("click", moment, ring.name, day, address, number, link_id=link.link_id)


def generate_staged(referrer: StagedReferrer, day: date) -> Iterator[Event]:
    """The clicks on the referrer's link, each from a different home, and conversions after the first."""
    rng, link = stream("staged", referrer.name, day), referrer.link(day)
    for number, moment in enumerate(sample_times(rng, day, referrer.clicks_a_day)):
        key = (referrer.name, day, number)
        if number < referrer.conversions_a_day:
            user = user_at_home(*key)
            yield user.act("click", moment, *key, link_id=link.link_id)
            yield from _convert_at_once(user, moment, link, key)
        else:
            yield visitor_at_home(*key).act("click", moment, *key, link_id=link.link_id)


def _convert_at_once(user: Visitor, moment: datetime, link: Link, key: tuple[object, ...]) -> Iterator[Event]:
    yield user.act("signup", moment + timedelta(seconds=21), *key, link_id=link.link_id)
    yield user.act("conversion", moment + timedelta(seconds=48), *key, link_id=link.link_id)


def generate_bot_burst(day: date, live: LiveLinks) -> Iterator[Event]:
    """One device that clicks many times within seconds, from several IP addresses so that none stands out."""
    rng = stream("bot", day)
    moment = sample_time(rng, day)
    link = live.choose(rng, moment)
    for number in range(_BOT_CLICKS):
        moment += timedelta(seconds=rng.uniform(0.2, 1.3))
        address = f"198.51.100.{150 + (day.toordinal() * 3 + number // _BOT_CLICKS_AN_ADDRESS) % 100}"
        clicked = {"link_id": link.link_id} if link else {}
        yield visitor_at(address, *bot_key(day)).act("click", moment, "bot", day, number, **clicked)


def bot_key(day: date) -> tuple[object, ...]:
    """The key of that day's bot."""
    return ("bot", day)
