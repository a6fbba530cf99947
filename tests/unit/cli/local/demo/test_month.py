"""The demo's month follows from its date, is valid, and tells a believable story."""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import pairwise

import pytest
from pydantic import TypeAdapter

from tests.unit.cli.local.demo.months import Loaded
from viral_cli.local.demo.loops import LOOPS
from viral_cli.local.demo.month import generate_month
from viral_cli.local.demo.referrers import STORIES
from viral_contract.models.events import Event
from viral_contract.models.links import LinkItem

STEPS = ("click", "visit", "signup", "conversion", "activation")
NETWORKS = [
    ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32")
]
OPAQUE = re.compile(r"[a-z]+_[0-9a-f]{12}")


def test_the_same_moment_gives_the_same_month(a_month: Loaded) -> None:
    again = generate_month(a_month.now)

    assert again.events == a_month.events
    assert again.links == a_month.links


@pytest.mark.parametrize("later", [timedelta(days=1), timedelta(days=9)])
def test_a_later_load_repeats_what_is_known_and_adds_what_happened_since(a_month: Loaded, later: timedelta) -> None:
    known = {event["event_id"]: event for event in a_month.events}
    links = {link["id"]: link for link in a_month.links}

    month = generate_month(a_month.now + later)

    repeated = [event for event in month.events if event["event_id"] in known]
    assert len(repeated) > 18_000
    assert all(event == known[event["event_id"]] for event in repeated)
    assert all(link == links.get(link["id"], link) for link in month.links)


def test_a_later_load_of_the_same_day_only_adds_newer_events(a_month: Loaded) -> None:
    known = {event["event_id"] for event in a_month.events}

    month = generate_month(a_month.now + timedelta(hours=3))

    new = [event["occurred_at"] for event in month.events if event["event_id"] not in known]
    assert len(month.events) - len(new) == len(a_month.events)
    assert min(new) > a_month.events[-1]["occurred_at"]


def test_nothing_lies_in_the_future_and_the_newest_event_is_minutes_old(month: Loaded) -> None:
    times = [datetime.fromisoformat(event["occurred_at"]) for event in month.events]

    assert month.now - timedelta(minutes=5) < max(times) <= month.now
    assert min(times).date() == month.now.date() - timedelta(days=34)
    assert max(datetime.fromisoformat(link["inserted_at"]) for link in month.links) <= month.now


def test_events_and_links_obey_the_contract(a_month: Loaded) -> None:
    assert TypeAdapter(list[Event]).validate_python(a_month.events)
    assert TypeAdapter(list[LinkItem]).validate_python(a_month.links)


def test_events_are_unique_and_stand_for_nobody(month: Loaded) -> None:
    assert len({event["event_id"] for event in month.events}) == len(month.events)
    assert all(OPAQUE.fullmatch(event.get("user_id", event["session_id"])) for event in month.events)
    addresses = {ip_address(event["ip_address"]) for event in month.events}
    assert not [address for address in addresses if not any(address in network for network in NETWORKS)]


def test_links_are_opaque_and_older_than_what_happens_to_them(month: Loaded) -> None:
    created = {link["id"]: link["inserted_at"] for link in month.links}

    assert len(created) == len(month.links)
    assert all(OPAQUE.fullmatch(link["id"]) and OPAQUE.fullmatch(link["referrer_id"]) for link in month.links)
    assert all(created[event["link_id"]] < event["occurred_at"] for event in month.events if "link_id" in event)


def test_everybody_takes_the_steps_in_order(month: Loaded) -> None:
    firsts: dict[str, dict[str, str]] = defaultdict(dict)
    for event in month.events:
        if "user_id" in event and "link_id" in event:
            firsts[event["user_id"]].setdefault(event["event_type"], event["occurred_at"])

    journeys = [[times[step] for step in STEPS if step in times] for times in firsts.values()]

    assert len(journeys) > 500
    assert all(journey == sorted(journey) for journey in journeys)


def test_the_numbers_are_those_of_a_small_school_app(month: Loaded) -> None:
    counts = Counter(event["event_type"] for event in month.events)

    assert 25_000 <= len(month.events) <= 41_000
    assert 150 <= len({link["referrer_id"] for link in month.links}) <= 350
    assert all(counts[step] > 1.2 * counts[after] for step, after in pairwise(STEPS))
    assert {link["source"] for link in month.links} == {loop.source for loop in LOOPS}


def test_some_links_are_never_clicked(month: Loaded) -> None:
    clicked = {event.get("link_id") for event in month.of_type("click")}

    never = [link for link in month.links if link["id"] not in clicked]

    assert 0.2 < len(never) / len(month.links) < 0.4


def test_people_who_signed_up_become_referrers(month: Loaded) -> None:
    signed_up = {event["user_id"]: event["occurred_at"] for event in month.of_type("signup")}

    staged = {person for story in STORIES for person in story.list_people(month.now.date())}
    newcomers = [link for link in month.links if link["referrer_id"] in signed_up.keys() - staged]

    assert len(newcomers) > 100
    assert all(signed_up[link["referrer_id"]] < link["inserted_at"] for link in newcomers)


def test_days_are_busier_in_the_afternoon_than_at_night_and_on_school_days_than_on_saturdays(month: Loaded) -> None:
    visits = [datetime.fromisoformat(event["occurred_at"]) for event in month.of_type("visit")]
    hours = Counter(moment.hour for moment in visits)
    weekdays = Counter(moment.weekday() for moment in visits)

    assert hours[16] > 8 * hours[2]
    assert weekdays[1] > 1.4 * weekdays[5]


def k_factor(month: Loaded, first_day: int, last_day: int, source: str | None = None) -> float:
    """Conversions over referrers who created a link, of the dates so many days ago."""
    since, until = (str(month.now.date() - timedelta(days=back)) for back in (first_day, last_day))
    sources = {link["id"]: link["source"] for link in month.links}
    conversions = [
        event
        for event in month.of_type("conversion")
        if since <= event["occurred_at"][:10] <= until and source in (None, sources[event["link_id"]])
    ]
    referrers = {
        link["referrer_id"]
        for link in month.links
        if since <= link["inserted_at"][:10] <= until and source in (None, link["source"])
    }
    return len(conversions) / len(referrers)


def test_the_loop_grows_slowly_and_not_by_itself(month: Loaded) -> None:
    assert 0.6 < k_factor(month, 29, 0) < 1
    assert k_factor(month, 34, 21) < k_factor(month, 13, 0)


def test_one_loop_carries_itself_and_one_is_weak(month: Loaded) -> None:
    assert k_factor(month, 29, 0, "buddy_challenge") > 1
    assert k_factor(month, 29, 0, "prep_pack") < 0.3
