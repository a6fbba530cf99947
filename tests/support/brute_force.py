"""An independent account of what was posted, and of every fact that follows from it, by counting everything anew."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from ipaddress import ip_interface
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from metrics_api.db.tables import MOST_CONNECTED_USERS
from metrics_api.traffic.classifier import Classifier, Verdict
from tests.support.journey_facts import count_journeys
from viral_contract.models.events import Event
from viral_contract.models.links import LinkItem

Facts = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]
KINDS = ("click", "visit", "signup", "conversion", "activation")
CLASSIFIER = Classifier()
EVIDENCE_FLOOR = 5
LONGEST_BURST = timedelta(seconds=60)
BURST_SIZES = range(2, 11)
LONGEST_PAIR = timedelta(days=7)
STEPS = ("clicked", "visited", "signed_up", "converted", "activated")

# How the facts are read: the columns of the key, then those of the values.
_COLUMNS = {
    "clicks_per_ip_day": (("day", "abbrev(ip_address)"), ("clicks", "devices", "referrers", "top_referrer_clicks")),
    "devices_per_network_day": (("day", "abbrev(ip_address)", "device_fingerprint", "user_id"), ()),
    "referrers_per_network_day": (("day", "abbrev(ip_address)", "referrer_id"), ("clicks",)),
    "clicks_per_device_day": (("day", "device_fingerprint"), ("clicks", "first_click_at", "last_click_at")),
    "bursts_per_device_day": (("day", "device_fingerprint"), tuple(f"span_{size}" for size in BURST_SIZES)),
    "activity_per_referrer_day": (
        ("day", "referrer_id", "source"),
        ("invites", "clicks", "visits", "signups", "conversions", "activations"),
    ),
    "activity_per_campaign_day": (
        ("campaign", "day", "referrer_id", "source"),
        ("invites", "clicks", "visits", "signups", "conversions", "activations"),
    ),
    "activity_per_day": (
        ("day", "source", "has_referrer"),
        ("invites", "clicks", "visits", "signups", "conversions", "activations"),
    ),
    "inviters_per_day": (("source", "day", "previous_day"), ("inviters",)),
    "active_referrers_per_day": (("source", "day", "previous_day"), ("referrers",)),
    "conversions_per_referrer_day": (("source", "referrer_id", "day"), ("conversions",)),
    "user_journeys": (
        ("person",),
        (
            *(f"first_{kind}_at" for kind in KINDS),
            *("visited_at", "signed_up_at", "converted_at", "activated_at", "clicked_by_event", "click_source"),
            *("referred_at", "referred_by_event", "referrer_id", "sourced_at", "sourced_by_event", "source"),
        ),
    ),
    "active_weeks": (("week", "person"), ()),
    "funnel_per_day": (("day", "source"), STEPS),
    "users_per_cohort_week": (("signup_week", "week", "source"), ("users",)),
    "signups_per_day": (("day", "source"), ("users", "inviters")),
    "cycles": (("person",), ("referrer_id", "inviter_day", "day", "source", "hours")),
    "cycles_per_day": (("day", "source", "bucket"), ("cycles",)),
    "referrals": (
        ("event_id",),
        (
            *("day", "occurred_at", "event_type", "referrer_id", "person", "user_id", "device_fingerprint"),
            *("abbrev(network)", "link_id", "source", "user_agent", "conversion_value", "clicked_at", "campaign"),
        ),
    ),
    "device_users": (("device_fingerprint", "user_id"), ("first_day", "last_day", "connects")),
    "link_counts": (("link_id",), ("clicks", "conversions")),
    "attribution_links": (("link_id",), ("referrer_id", "source", "inserted_at", "click_count", "conversion_count")),
    "content_per_day": (("day", "kind"), ("items", "unopened")),
    "traffic_per_day": (("day", "source", "traffic_class", "traffic_reason"), ("clicks", "visits", "sample")),
}
_COUNTS_ONLY = (
    "activity_per_referrer_day",
    "activity_per_campaign_day",
    "activity_per_day",
    "inviters_per_day",
    "active_referrers_per_day",
    "link_counts",
    "content_per_day",
    "funnel_per_day",
    "users_per_cohort_week",
    "signups_per_day",
    "cycles_per_day",
)


def fetch_facts(connection: Connection) -> Facts:
    """The stored facts, without rows that count nothing."""
    facts: Facts = {}
    for table, (key, values) in _COLUMNS.items():
        rows = connection.execute(text(f"SELECT {', '.join((*key, *values))} FROM {table}")).all()
        facts[table] = {tuple(row[: len(key)]): tuple(row[len(key) :]) for row in rows}
    return _without_zeros(facts)


def _without_zeros(facts: Facts) -> Facts:
    for table in _COUNTS_ONLY:
        facts[table] = {key: counts for key, counts in facts[table].items() if any(counts)}
    return facts


def name_network(address: str, ipv6_prefix: int = 64) -> str:
    """The address, or the prefix of an IPv6 address."""
    return str(ip_interface(f"{address}/{ipv6_prefix}").network) if ":" in address else address


@dataclass(frozen=True)
class Stored:
    """An event as it is kept: with its credit fixed."""

    id: UUID
    event: Event
    at: datetime
    referrer: str | None
    source: str | None
    campaign: str | None

    @property
    def verdict(self) -> Verdict | None:
        """Its class, where it is a click or visit."""
        event = self.event
        if event.event_type not in ("click", "visit"):
            return None
        return CLASSIFIER.classify(event.http_method, event.purpose, event.user_agent, event.ip_address)

    @property
    def person(self) -> str | None:
        """Who acted, as far as is known."""
        event = self.event
        if event.user_id:
            return f"user:{event.user_id}"
        if event.session_id:
            return f"session:{event.session_id}"
        return f"device:{event.device_fingerprint}" if event.device_fingerprint else None


@dataclass
class Account:
    """Everything that was posted and counted."""

    events: dict[UUID, Stored] = field(default_factory=dict)
    links: dict[str, LinkItem] = field(default_factory=dict)

    def post(self, events: Iterable[Event]) -> int:
        """Keep the events with new ids; how many those were."""
        before = len(self.events)
        for event in events:
            assert event.event_id
            assert event.occurred_at
            link = self.links.get(event.link_id or "")
            referrer, source = (link.referrer_id, link.source) if link else (event.referrer_id, event.source)
            campaign = link.campaign if link else None
            stored = Stored(event.event_id, event, event.occurred_at, referrer, source, campaign)
            self.events.setdefault(event.event_id, stored)
        return len(self.events) - before

    def save_links(self, links: Iterable[LinkItem], *, now: datetime) -> None:
        """Keep the links; one that is replaced without a time keeps its old one."""
        known = dict(self.links)
        for link in links:
            old = known.get(link.id)
            inserted_at = link.inserted_at or (old.inserted_at if old else now)
            self.links[link.id] = link.model_copy(update={"inserted_at": inserted_at})

    def delete_link(self, link_id: str) -> None:
        """Forget the link, not its events."""
        self.links.pop(link_id, None)

    def count(self) -> Facts:
        """Every fact, counted anew."""
        facts: Facts = {
            **self._networks(),
            "clicks_per_device_day": self._clicks_per_device_day(),
            "bursts_per_device_day": self._bursts_per_device_day(),
            "activity_per_referrer_day": self._activity(),
            "activity_per_campaign_day": self._campaigns(),
            "activity_per_day": self._totals(),
            "inviters_per_day": self._inviters(),
            "active_referrers_per_day": self._active_referrers(),
            "conversions_per_referrer_day": self._conversions(),
            "user_journeys": self._journeys(),
            "active_weeks": self._active_weeks(),
            **count_journeys(self._journeys(), self._active_weeks()),
            "referrals": self._referrals(),
            "device_users": self._device_users(),
            "link_counts": {(link,): counts for link, counts in self._link_counts().items()},
            "attribution_links": self._links(),
            "content_per_day": self._content(),
            "traffic_per_day": self._traffic(),
        }
        return _without_zeros(facts)

    def _counted(self) -> Iterator[Stored]:
        """What no program did."""
        return (stored for stored in self.events.values() if stored.verdict is None or stored.verdict.is_person)

    def _of_kind(self, kind: str) -> Iterator[Stored]:
        return (stored for stored in self._counted() if stored.event.event_type == kind)

    def _traffic(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        by_class: dict[tuple[Any, ...], list[Stored]] = defaultdict(list)
        for stored in self.events.values():
            if stored.verdict:
                traffic_class, reason = stored.verdict
                by_class[stored.at.date(), stored.source or "", traffic_class, reason or ""].append(stored)
        return {
            key: (
                sum(stored.event.event_type == "click" for stored in group),
                sum(stored.event.event_type == "visit" for stored in group),
                min(stored.id for stored in group),
            )
            for key, group in by_class.items()
        }

    def _networks(self) -> Facts:
        """Clicks by day and network, and who made them where there are more than the floor."""
        by_network: dict[tuple[date, str], list[Stored]] = defaultdict(list)
        for stored in self._of_kind("click"):
            if stored.event.ip_address:
                by_network[stored.at.date(), name_network(stored.event.ip_address)].append(stored)
        facts: Facts = {"clicks_per_ip_day": {}, "devices_per_network_day": {}, "referrers_per_network_day": {}}
        for key, clicks in by_network.items():
            if len(clicks) <= EVIDENCE_FLOOR:
                facts["clicks_per_ip_day"][key] = (len(clicks), None, None, None)
                continue
            devices = {
                (s.event.device_fingerprint, s.event.user_id or "") for s in clicks if s.event.device_fingerprint
            }
            referrers = Counter(s.referrer for s in clicks if s.referrer)
            top = max(referrers.values(), default=0)
            facts["clicks_per_ip_day"][key] = (len(clicks), len(devices), len(referrers), top)
            facts["devices_per_network_day"] |= {(*key, *device): () for device in devices}
            facts["referrers_per_network_day"] |= {(*key, name): (count,) for name, count in referrers.items()}
        return facts

    def _clicks_of_devices(self) -> dict[str, list[datetime]]:
        clicks: dict[str, list[datetime]] = defaultdict(list)
        for (device, _user), times in self._clicks_of_people().items():
            clicks[device] += times
        return {device: sorted(times) for device, times in clicks.items()}

    def _clicks_of_people(self) -> dict[tuple[str, str | None], list[datetime]]:
        """By device and user; on each device, those without a user are one person's."""
        clicks: dict[tuple[str, str | None], list[datetime]] = defaultdict(list)
        for stored in self._of_kind("click"):
            if stored.event.device_fingerprint:
                clicks[stored.event.device_fingerprint, stored.event.user_id].append(stored.at)
        return {person: sorted(times) for person, times in clicks.items()}

    def _clicks_per_device_day(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        facts: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for device, times in self._clicks_of_devices().items():
            for day, group in groupby(times, key=datetime.date):
                of_day = list(group)
                facts[day, device] = (len(of_day), of_day[0], of_day[-1])
        return facts

    def _bursts_per_device_day(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        fastest: dict[tuple[date, str], dict[int, timedelta]] = defaultdict(dict)
        for (device, _user), times in self._clicks_of_people().items():
            for size in BURST_SIZES:
                for first, last in zip(times, times[size - 1 :], strict=False):
                    if last - first <= LONGEST_BURST:
                        spans = fastest[last.date(), device]
                        spans[size] = min(spans.get(size, LONGEST_BURST), last - first)
        return {key: tuple(spans.get(size) for size in BURST_SIZES) for key, spans in fastest.items()}

    def _activity(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        counter: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 6)
        for link in self.links.values():
            assert link.inserted_at
            counter[link.inserted_at.date(), link.referrer_id, link.source][0] += 1
        for stored in self._counted():
            column = 1 + KINDS.index(stored.event.event_type)
            counter[stored.at.date(), stored.referrer or "", stored.source or ""][column] += 1
        return {key: tuple(counts) for key, counts in counter.items()}

    def _totals(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        counter: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 6)
        for (day, referrer, source), counts in self._activity().items():
            totals = counter[day, source, referrer != ""]
            totals[:] = [total + count for total, count in zip(totals, counts, strict=True)]
        return {key: tuple(counts) for key, counts in counter.items()}

    def _inviters(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        days: dict[tuple[str, str], set[date]] = defaultdict(set)
        for link in self.links.values():
            assert link.inserted_at
            for source in (link.source, ""):
                days[source, link.referrer_id].add(link.inserted_at.date())
        return _pair_days(days)

    def _active_referrers(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        days: dict[tuple[str, str], set[date]] = defaultdict(set)
        for (day, referrer, source), (invites, clicks, _, _, conversions, _) in self._activity().items():
            if referrer and invites + clicks + conversions:
                days["", referrer].add(day)
                days[source, referrer].add(day)
        return _pair_days(days)

    def _campaigns(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        counter: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 6)
        for link in self.links.values():
            assert link.inserted_at
            if link.campaign:
                counter[link.campaign, link.inserted_at.date(), link.referrer_id, link.source][0] += 1
        for stored in self._counted():
            if stored.campaign:
                column = 1 + KINDS.index(stored.event.event_type)
                counter[stored.campaign, stored.at.date(), stored.referrer or "", stored.source or ""][column] += 1
        return {key: tuple(counts) for key, counts in counter.items()}

    def _conversions(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """By loop and under no loop."""
        credited = [stored for stored in self._of_kind("conversion") if stored.referrer]
        counter = Counter((loop, s.referrer, s.at.date()) for s in credited for loop in {"", s.source or ""})
        return {key: (count,) for key, count in counter.items()}

    def _journeys(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        by_person: dict[str, list[Stored]] = defaultdict(list)
        for stored in self._counted():
            if stored.person:
                by_person[stored.person].append(stored)
        return {(person,): _journey(events) for person, events in by_person.items()}

    def _active_weeks(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        active = [stored for stored in self._counted() if stored.event.user_id]
        return {(s.at.date() - timedelta(days=s.at.weekday()), s.person): () for s in active}

    def _referrals(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        clicks: dict[tuple[Any, ...], list[datetime]] = defaultdict(list)
        for click in self._of_kind("click"):
            if click.person and click.referrer:
                clicks[click.person, click.referrer].append(click.at)
        referrals = (s for kind in ("signup", "conversion") for s in self._of_kind(kind) if s.referrer)
        return {
            (s.id,): (
                *(s.at.date(), s.at, s.event.event_type, s.referrer, s.person, s.event.user_id),
                s.event.device_fingerprint,
                name_network(s.event.ip_address) if s.event.ip_address else None,
                *(s.event.link_id, s.source, s.event.user_agent, s.event.conversion_value),
                max((at for at in clicks[s.person, s.referrer] if s.at - LONGEST_PAIR <= at <= s.at), default=None),
                s.campaign,
            )
            for s in referrals
        }

    def _device_users(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        days: dict[tuple[Any, ...], list[date]] = defaultdict(list)
        for stored in self._counted():
            if stored.event.device_fingerprint and stored.event.user_id:
                days[stored.event.device_fingerprint, stored.event.user_id].append(stored.at.date())
        users = Counter(device for device, _ in days)
        return {
            (device, user): (min(active), max(active), 2 <= users[device] <= MOST_CONNECTED_USERS)
            for (device, user), active in days.items()
        }

    def _link_counts(self) -> dict[str, tuple[int, int]]:
        clicks, conversions = (
            Counter(stored.event.link_id for stored in self._of_kind(kind)) for kind in ("click", "conversion")
        )
        return {link: (clicks[link], conversions[link]) for link in {*clicks, *conversions} if link}

    def _links(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        counts = self._link_counts()
        return {
            (link.id,): (link.referrer_id, link.source, link.inserted_at, *counts.get(link.id, (0, 0)))
            for link in self.links.values()
        }

    def _content(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        counts = self._link_counts()
        items: Counter[date] = Counter()
        unopened: Counter[date] = Counter()
        for link in self.links.values():
            assert link.inserted_at
            items[link.inserted_at.date()] += 1
            unopened[link.inserted_at.date()] += counts.get(link.id, (0, 0))[0] == 0
        return {(day, "link"): (items[day], unopened[day]) for day in items}


def _pair_days(days: dict[tuple[str, str], set[date]]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """How many of a loop did something on a day, and on the day before it."""
    pairs = (
        (source, *pair)
        for (source, _referrer), active in days.items()
        for pair in zip(sorted(active), [date.min, *sorted(active)], strict=False)
    )
    return {pair: (count,) for pair, count in Counter(pairs).items()}


def _journey(events: list[Stored]) -> tuple[Any, ...]:
    firsts = [min((stored.at for stored in events if stored.event.event_type == kind), default=None) for kind in KINDS]
    in_order = sorted(events, key=lambda stored: (stored.at, stored.id.int))
    clicked = next(((s.id, s.source) for s in in_order if s.event.event_type == "click"), (None, None))
    credited = next(((s.at, s.id, s.referrer) for s in in_order if s.referrer), (None, None, None))
    came_by = next(((s.at, s.id, s.source) for s in in_order if s.source), (None, None, None))
    return (*firsts, *_way(firsts[0], in_order), *clicked, *credited, *came_by)


def _way(clicked_at: datetime | None, in_order: list[Stored]) -> list[datetime | None]:
    """The step after the click, and each step after that: the first of its kind at or after the one before."""
    way, before = [], clicked_at
    for kind in KINDS[1:]:
        later = (stored.at for stored in in_order if before and stored.at >= before and stored.event.event_type == kind)
        before = next(later, None)
        way.append(before)
    return way
