"""Evidence about referrers: planted stories, of each of which it is known who must be found and who must not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import Connection

from metrics_api.access.identifiers import References
from metrics_api.detection.query import Query, build_masked_query
from metrics_api.detection.referrers.evidence import ReferrerFindings, find_referrer_evidence
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import IDENTIFIER_KEY, Api
from tests.support.builders import build_event
from tests.support.referrals import (
    END,
    SCHOOL,
    START,
    Referral,
    Use,
    build_honest,
    build_programme,
    save_clicks,
    save_referrals,
    save_shared_network,
)
from viral_contract.models.people import Scope
from viral_contract.models.period import Period

NOW = datetime(2026, 3, 5, tzinfo=UTC)
Story = tuple[list[Referral], list[Use]]


@pytest.fixture
def random() -> Random:
    """Random numbers that repeat."""
    return Random(16)


def build_query(days: int = 56) -> Query:
    """A question about the last dates of the window."""
    period = Period.between((END - timedelta(days=days - 1)).date(), END.date())
    return build_masked_query(period, DetectionSettings(), References("a key"), now=NOW)


def find(connection: Connection, days: int = 56) -> dict[str, ReferrerFindings]:
    """The findings by referrer."""
    return {found.referrer_id: found for found in find_referrer_evidence(connection, build_query(days))}


def find_rules(connection: Connection) -> dict[str, set[str]]:
    """The names of the rules that found something, by referrer."""
    found = find_referrer_evidence(connection, build_query())
    return {each.referrer_id: {finding.rule for finding in each.findings} for each in found}


def plant_self_by_user(random: Random) -> Story:
    return [build_honest(random, "own-user", "own-user"), build_honest(random, "own-user", "own-user-friend")], []


def plant_self_by_device(random: Random) -> Story:
    used = START + timedelta(days=20)
    converted = build_honest(random, "own-device", "alter-ego", device="tablet", at=used + timedelta(days=30))
    return [converted], [Use("tablet", "own-device", used, used)]


def plant_mutual(random: Random) -> Story:
    return [build_honest(random, "mutual-a", "mutual-b"), build_honest(random, "mutual-b", "mutual-a")], []


def plant_cycle(length: int) -> Callable[[Random], Story]:
    def plant(random: Random) -> Story:
        names = [f"circle-{length}-{number}" for number in range(length)]
        times = [START + timedelta(days=random.uniform(0, 29)) for _ in names]
        circle = zip(names, [*names[1:], names[0]], times, strict=True)
        return [build_honest(random, giver, taker, at=at) for giver, taker, at in circle], []

    return plant


def plant_repeated(random: Random) -> Story:
    return [build_honest(random, "repeated", "eager", value=None) for _ in range(3)], []


def plant_sent_again(random: Random) -> Story:
    at = START.replace(second=20)
    first = build_honest(random, "sent-again", "user-1", at=at, device="phone", link="link-1")
    again = build_honest(random, "sent-again", "user-2", at=at + timedelta(seconds=30), device="phone", link="link-1")
    return [first, again], []


def plant_farm(random: Random) -> Story:
    rows = [
        build_honest(random, "farm", f"farmed-{number}", device=f"farm-{number % 3}", network="203.0.113.9")
        for number in range(12)
    ]
    return rows, []


def plant_farm_that_stays_away(random: Random) -> Story:
    rows = [
        build_honest(random, "away-farm", f"away-{number}", network="203.0.113.10", active_again=False)
        for number in range(25)
    ]
    return rows, []


def plant_ring(random: Random) -> Story:
    users = [f"ring-{number}" for number in range(4)]
    rows = [build_honest(random, "ring-0", user) for user in users[1:]]
    uses = [Use(f"ring-device-{number // 2}", user) for number, user in enumerate(users)]
    return rows, [*uses, Use("ring-device-0", users[2])]


def plant_too_fast(random: Random) -> Story:
    return [build_honest(random, "fast", f"fast-{number}", took=3 if number < 10 else 500) for number in range(25)], []


def plant_flood(random: Random) -> Story:
    return [build_honest(random, "flooding", f"late-{number}", took=5000 + 1000 * number) for number in range(40)], []


GUILTY = {
    "self by user": (plant_self_by_user, {"own-user": {"self_referral"}}),
    "self by device": (plant_self_by_device, {"own-device": {"self_referral"}}),
    "mutual": (plant_mutual, {"mutual-a": {"mutual"}, "mutual-b": {"mutual"}}),
    **{
        f"cycle of {length}": (plant_cycle(length), {f"circle-{length}-{each}": {"cycle"} for each in range(length)})
        for length in (3, 4, 5)
    },
    "repeated conversions": (plant_repeated, {"repeated": {"duplicate"}}),
    "sent again": (plant_sent_again, {"sent-again": {"duplicate"}}),
    "farm by devices": (plant_farm, {"farm": {"farm"}}),
    "farm that stays away": (plant_farm_that_stays_away, {"away-farm": {"farm"}}),
    "ring": (plant_ring, {"ring-0": {"ring"}}),
    "too fast": (plant_too_fast, {"fast": {"too_fast"}}),
    "flood": (plant_flood, {"flooding": {"flood"}}),
}


def plant_family(random: Random) -> Story:
    """A parent invites children at home, each with an own device."""
    rows = [
        build_honest(random, "parent", f"child-{number}", network="203.0.113.20", active_again=True)
        for number in range(5)
    ]
    return rows, [Use("parent's phone", "parent")]


def plant_teacher(random: Random) -> Story:
    """60 pupils of one teacher convert at school, two on each tablet that the teacher has used, too."""
    rows = [
        build_honest(random, "teacher", f"pupil-{number}", network=SCHOOL, device=f"tablet-{number // 2}")
        for number in range(60)
    ]
    return rows, [Use(f"tablet-{number}", "teacher") for number in range(30)]


def plant_class(random: Random) -> Story:
    """60 pupils of one teacher convert at school on own devices, within one lesson."""
    at = START + timedelta(days=3)
    rows = [
        build_honest(
            random, "class-teacher", f"own-pupil-{number}", network=SCHOOL, at=at, took=random.uniform(20, 900)
        )
        for number in range(60)
    ]
    return rows, []


def plant_hub(random: Random) -> Story:
    """A library's tablet, on which 12 people convert for one another's friend."""
    rows = [build_honest(random, "reader", f"reader-{number}", device="library", network=None) for number in range(4)]
    return rows, [Use("library", f"visitor-{number}") for number in range(12)] + [Use("library", "reader")]


def plant_six_in_a_circle(random: Random) -> Story:
    return plant_cycle(6)(random)


def plant_slow_circle(random: Random) -> Story:
    at = [START, START + timedelta(days=5), START + timedelta(days=31)]
    names = ["slow-a", "slow-b", "slow-c"]
    return [build_honest(random, names[i], names[(i + 1) % 3], at=at[i]) for i in range(3)], []


def plant_paying_customer(random: Random) -> Story:
    return [build_honest(random, "shop", "customer", value=9.99) for _ in range(4)], []


def plant_old_tablet(random: Random) -> Story:
    """The referrer last used the device 31 days before."""
    used = START + timedelta(days=10)
    at = used + timedelta(days=31)
    return [build_honest(random, "past-owner", "buyer", device="used tablet", at=at)], [
        Use("used tablet", "past-owner", used, used)
    ]


def plant_open_trio(random: Random) -> Story:
    """Three users of one device, most of whose referrals are of others."""
    inside = [build_honest(random, "open-0", "open-1")]
    outside = [build_honest(random, "open-0", f"outsider-{number}") for number in range(4)]
    return inside + outside, [Use("open device", f"open-{number}") for number in range(3)]


def plant_no_devices(random: Random) -> Story:
    """The app knows nothing but the users."""
    return [build_honest(random, "unknown", f"plain-{number}", device=None, network=None) for number in range(15)], []


INNOCENT = (
    plant_family,
    plant_teacher,
    plant_class,
    plant_hub,
    plant_six_in_a_circle,
    plant_slow_circle,
    plant_paying_customer,
    plant_old_tablet,
    plant_open_trio,
    plant_no_devices,
)


def plant(connection: Connection, random: Random, *stories: Callable[[Random], Story]) -> None:
    """Store the stories in the midst of an honest programme, and a school's network."""
    save_shared_network(connection, SCHOOL)
    rows, uses = list(build_programme(random)), []
    for story in stories:
        more_rows, more_uses = story(random)
        rows += more_rows
        uses += more_uses
    save_referrals(connection, rows, uses)


@pytest.mark.parametrize("name", GUILTY)
def test_a_story_is_found_by_its_rule_alone(connection: Connection, random: Random, name: str) -> None:
    story, expected = GUILTY[name]
    plant(connection, random, story)
    assert find_rules(connection) == expected


@pytest.mark.parametrize("story", INNOCENT)
def test_an_innocent_story_is_not_found(
    connection: Connection, random: Random, story: Callable[[Random], Story]
) -> None:
    plant(connection, random, story)
    assert find_rules(connection) == {}


def test_all_stories_at_once_give_the_exact_set(connection: Connection, random: Random) -> None:
    plant(connection, random, *(story for story, _ in GUILTY.values()), *INNOCENT)
    expected = {name: rules for _, found in GUILTY.values() for name, rules in found.items()}
    assert find_rules(connection) == expected


def test_rates_only_look(connection: Connection, random: Random) -> None:
    plant(connection, random)
    for referrer in range(60):
        save_clicks(connection, f"honest-{referrer}", 60)
    save_clicks(connection, "clicked", 400)
    save_referrals(connection, [build_honest(random, "good", f"good-{number}") for number in range(30)])
    found = find(connection)
    assert {name: [each.rule for each in one.findings] for name, one in found.items()} == {
        "clicked": ["clicks_without_conversions"],
        "good": ["too_good"],
    }
    assert {each.strength for one in found.values() for each in one.findings} == {"looks"}
    assert [one.flagged for one in found.values()] == [frozenset(), frozenset()]
    assert found["good"].findings[0].conversions == found["good"].conversions != frozenset()


def test_a_flagged_referrer_loses_all_conversions_of_the_window_and_a_duplicate_only_itself(
    connection: Connection, random: Random
) -> None:
    own, _ = plant_self_by_user(random)
    early, late = (build_honest(random, "own-user", user, at=at) for user, at in (("x", START), ("y", END)))
    signup = replace(build_honest(random, "own-user", "z"), kind="signup")
    first, *repeated = (
        build_honest(random, "repeated", "eager", value=None, at=START + timedelta(days=each)) for each in range(3)
    )
    save_referrals(connection, [*own, early, late, signup, first, *repeated])
    found = find(connection, days=1)
    assert found["own-user"].flagged == {each.event_id for each in (*own, early, late)}
    assert found["own-user"].flagged_in_period == sum(each.at.date() == END.date() for each in (*own, early, late))
    assert found["repeated"].flagged == {each.event_id for each in repeated}
    assert first.event_id in found["repeated"].conversions


def test_a_duplicate_stays_one_when_the_first_has_left_the_window(connection: Connection, random: Random) -> None:
    first = build_honest(random, "once", "eager", value=None, at=START - timedelta(days=1))
    again = build_honest(random, "twice", "eager", value=None, at=START + timedelta(days=49))
    save_referrals(connection, [first, again])
    assert find_rules(connection) == {"twice": {"duplicate"}}
    assert find(connection)["twice"].flagged == {again.event_id}


@pytest.mark.parametrize(("days_before", "rules"), [(31, {}), (29, {"sam": {"self_referral"}})])
def test_own_use_of_a_device_counts_in_the_30_days_before_though_it_was_used_earlier_and_later(
    api: Api, connection: Connection, days_before: int, rules: dict[str, set[str]]
) -> None:
    converted = END - timedelta(days=10)
    used = [converted - timedelta(days=60), converted - timedelta(days=days_before), converted + timedelta(days=2)]
    api.post_events(
        *(build_event("visit", at=at, user_id="sam", device_fingerprint="tablet") for at in used),
        build_event("conversion", at=converted, user_id="ego", device_fingerprint="tablet", referrer_id="sam"),
    )
    assert find_rules(connection) == rules


def test_what_lies_outside_the_window_does_not_count(connection: Connection, random: Random) -> None:
    before, behind = START - timedelta(days=1), END + timedelta(days=1)
    save_referrals(
        connection,
        [build_honest(random, "early", "early", at=before), build_honest(random, "late", "late", at=behind)],
    )
    assert find_rules(connection) == {}


def test_nothing_happened(connection: Connection) -> None:
    assert find_rules(connection) == {}


PATH = "/v1/guardrails/referrers"
PERIOD = {"start": END.date().isoformat(), "end": END.date().isoformat()}


def plant_three_selfish(connection: Connection, random: Random) -> None:
    """Referrers who credit themselves, once, twice and three times."""
    rows = [
        build_honest(random, name, name, at=END, device=f"device of {name}")
        for number, name in enumerate(("anna", "berta", "carla"), start=1)
        for _ in range(number)
    ]
    save_referrals(connection, rows)


def test_the_answer_goes_on_page_by_page_with_the_worst_first(api: Api, connection: Connection, random: Random) -> None:
    plant_three_selfish(connection, random)
    first = api.read(PATH, **PERIOD, limit=2)
    second = api.read(PATH, **PERIOD, limit=2, cursor=first["next_cursor"])
    rows = first["referrers"] + second["referrers"]
    assert [(row["referrer_id"], row["conversions"], row["flagged_conversions"]) for row in rows] == [
        ("carla", 3, 3),
        ("berta", 2, 2),
        ("anna", 1, 1),
    ]
    assert (first["total_flagged"], second["total_flagged"], second["next_cursor"]) == (3, 3, None)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["referrer", "flagged_conversions", "conversions", "clicks"])
def test_referrers_are_sorted_page_by_page(
    api: Api, connection: Connection, random: Random, sort: str, order: str
) -> None:
    plant_three_selfish(connection, random)
    wanted = ["anna", "berta", "carla"][:: 1 if order == "asc" else -1]
    names, cursor = [], None
    while len(names) < len(wanted):
        page = api.read(PATH, **PERIOD, limit=1, sort=sort, order=order, cursor=cursor)
        names += [row["referrer_id"] for row in page["referrers"]]
        cursor = page["next_cursor"]
    assert (names, cursor) == (wanted, None)


def test_referrers_are_found_by_a_part_of_their_id_a_rule_and_its_strength(
    api: Api, connection: Connection, random: Random
) -> None:
    plant_three_selfish(connection, random)

    def find(**filters: str) -> tuple[list[str], int, dict[str, int]]:
        answer = api.read(PATH, **PERIOD, **filters)
        return [row["referrer_id"] for row in answer["referrers"]], answer["total"], answer["counts"]

    assert find(q="ER") == (["berta"], 1, {"flags": 1, "looks": 0})
    assert find(rule="self_referral")[1] == 3
    assert find(rule="farm") == ([], 0, {"flags": 0, "looks": 0})
    assert find(strength="looks") == ([], 0, {"flags": 3, "looks": 0})


@pytest.mark.parametrize(
    ("scopes", "user", "device"),
    [
        ((Scope.METRICS_READ,), "…", "device…"),
        ((Scope.METRICS_READ, Scope.IDENTIFIERS_READ), "anna", "device of anna"),
    ],
)
def test_users_and_devices_are_masked(
    holder_of: Callable[..., Api], connection: Connection, random: Random, scopes: tuple[Scope], user: str, device: str
) -> None:
    plant_three_selfish(connection, random)
    save_referrals(connection, [build_honest(random, "anna", "lisa", device="device of anna", at=END)])
    api = holder_of(*scopes)
    row = next(row for row in api.read(PATH, **PERIOD)["referrers"] if row["referrer_id"] == "anna")
    [rule] = row["rules"]
    assert {each["user_id"] for each in rule["evidence"]["user_ids"]} >= {user}
    assert [each["device_fingerprint"] for each in rule["evidence"]["device_ids"]] == [device]
    ref = rule["evidence"]["device_ids"][0]["ref"]
    assert References(IDENTIFIER_KEY).to_identifier(ref) == "device of anna"


def test_nothing_is_evidence_against_a_referrer_who_is_allowed(
    api: Api, connection: Connection, random: Random
) -> None:
    plant_three_selfish(connection, random)
    api.send("PUT", "/v1/lists/allow/referrer/carla", json={"reason": "tests the app for us"})
    assert {row["referrer_id"] for row in api.read(PATH, **PERIOD)["referrers"]} == {"anna", "berta"}
