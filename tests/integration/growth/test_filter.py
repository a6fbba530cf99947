"""Growth of one loop or campaign is what a count of its events alone comes to."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metrics_api.db.database import Database
from tests.support.api_fixtures import Api
from tests.support.batches import rebuild
from tests.support.builders import build_event, build_link
from tests.support.growth_week import MONDAY, WEEK
from tests.support.purging import NIGHT, purge

LOOPS = ("buddy_challenge", "results_rally")
PARTS = (
    *({"source": loop} for loop in LOOPS),
    {"campaign": "spring"},
    {"campaign": "fall"},
    {"campaign": "spring", "source": LOOPS[0]},
)
TYPES = ("click", "visit", "signup", "conversion", "activation")
TOTALS = ("total_invites", "total_clicks", "total_conversions", "active_users", "viral_links_clicked")
Rows = list[dict[str, Any]]


class Story:
    """Links and events at random, as they were posted."""

    def __init__(self, seed: int, at: datetime) -> None:
        self._random, self._at = random.Random(seed), at
        self.links: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    def build_links(self, count: int) -> Rows:
        """Links of some referrers in both loops."""
        chosen = self._random.choice
        links = [
            build_link(
                f"l-{len(self.links) + number}",
                referrer_id=chosen(("ann", "ben", "cyd")),
                source=chosen(LOOPS),
                campaign=chosen(("spring", "fall", None)),
                inserted_at=self._moment().isoformat(),
            )
            for number in range(count)
        ]
        self.links += links
        return links

    def build_events(self, count: int) -> Rows:
        """Events of links, of a loop without a link, and of nothing."""
        events = [build_event(self._random.choice(TYPES), at=self._moment(), **self._choose()) for _ in range(count)]
        self.events += events
        return events

    def _moment(self) -> datetime:
        return self._at + timedelta(hours=self._random.randrange(60))

    def _choose(self) -> dict[str, str]:
        person = {"user_id": f"u-{self._random.randrange(40)}"}
        link = {"link_id": self._random.choice(self.links)["id"]}
        alone = {"source": self._random.choice(LOOPS), "referrer_id": "dan"}
        return {**person, **self._random.choice((link, link, alone, {}))}

    def of_part(self, part: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The events of the part, each with its referrer."""
        links = {link["id"]: link for link in self.links}
        for event in self.events:
            named = links.get(event.get("link_id"), event)
            if _is_of(named, part):
                yield {**event, "referrer_id": named["referrer_id"]}

    def count(self, part: Mapping[str, str]) -> dict[str, int]:
        """The part's figures, counted one by one."""
        links = [link for link in self.links if _is_of(link, part)]
        counted = Counter(event["event_type"] for event in self.of_part(part))
        clicked = {event.get("link_id") for event in self.of_part(part) if event["event_type"] == "click"}
        figures = (
            *(len(links), counted["click"], counted["conversion"], len({link["referrer_id"] for link in links})),
            sum(link["id"] in clicked for link in links),
        )
        return dict(zip(TOTALS, figures, strict=True))


def _is_of(named: Mapping[str, Any], part: Mapping[str, str]) -> bool:
    return all(named.get(name) == value for name, value in part.items())


def check_parts(api: Api, story: Story, dates: Mapping[str, str]) -> None:
    """Every read of a part says what was posted of it."""
    for part in PARTS:
        expected, asked = story.count(part), {**dates, **part}
        k_factor = api.read("/v1/growth/k-factor", **asked)
        assert {name: k_factor[name] for name in TOTALS} == expected
        points = api.read("/v1/growth/timeline", **asked)["points"]
        assert sum(point["clicks"] for point in points) == expected["total_clicks"]
        assert sum(point["signups"] for point in points) == sum(
            event["event_type"] == "signup" for event in story.of_part(part)
        )
        loops = api.read("/v1/growth/loops", **asked)["loops"]
        assert sum(loop["conversions"] for loop in loops) == expected["total_conversions"]
        assert "source" not in part or [loop["source"] for loop in loops] == [part["source"]]
        referrers = api.read("/v1/growth/referrers", **asked)["referrers"]
        credited = Counter(event["referrer_id"] for event in story.of_part(part) if event["event_type"] == "conversion")
        assert {each["referrer_id"]: each["conversions"] for each in referrers if each["conversions"]} == credited


@pytest.mark.parametrize("seed", range(3))
def test_a_loop_or_campaign_is_what_was_posted_of_it(api: Api, seed: int) -> None:
    story = Story(seed, MONDAY)
    api.send("POST", "/v1/links", json={"items": story.build_links(12)})
    api.post_events(*story.build_events(80))
    check_parts(api, story, WEEK)
    # What comes late, and links that are announced after others.
    api.send("POST", "/v1/links", json={"items": story.build_links(4)})
    api.post_events(*story.build_events(30))
    check_parts(api, story, WEEK)
    rebuild(api)
    check_parts(api, story, WEEK)


def test_a_purge_leaves_the_totals_of_a_part(api: Api, database: Database) -> None:
    at = NIGHT.replace(hour=0) - timedelta(days=20)
    story = Story(7, at)
    dates = {"start": str(at.date()), "end": str(NIGHT.date())}
    api.send("POST", "/v1/links", json={"items": story.build_links(6)})
    api.post_events(*story.build_events(40))
    purge(database)
    for part in PARTS:
        expected = story.count(part)
        k_factor = api.read("/v1/growth/k-factor", **dates, **part)
        credited = sum(event["event_type"] == "conversion" for event in story.of_part(part))
        assert (k_factor["total_clicks"], k_factor["total_conversions"]) == (expected["total_clicks"], credited)
        assert (k_factor["is_partial"], k_factor["active_users"]) == (True, 0)


@pytest.mark.parametrize("name", ["source", "campaign"])
def test_an_unknown_part_has_nothing(api: Api, name: str) -> None:
    api.post_events(build_event("conversion", at=MONDAY, referrer_id="ann", source="buddy_challenge"))
    nothing = api.read("/v1/growth/k-factor", **WEEK, **{name: "nowhere"})
    assert {nothing[name] for name in TOTALS} == {0}
    assert api.read("/v1/growth/loops", **WEEK, **{name: "nowhere"})["loops"] == []
    assert api.read("/v1/growth/referrers", **WEEK, **{name: "nowhere"})["total_referrers"] == 0
    assert api.read("/v1/growth/spread", **WEEK, **{name: "nowhere"})["referrers"] == 0
    assert api.read("/v1/growth/cycle-time", **WEEK, source="nowhere")["pairs"] == 0


def test_what_users_brought_is_split_by_loop(api: Api) -> None:
    """Users of a cohort stay the same; the loops add up to the whole."""
    since = datetime.now(UTC) - timedelta(days=40)
    signups = [build_event("signup", at=since, user_id=user) for user in ("ann", "ben")]
    brought = [
        build_event("signup", at=since + timedelta(days=day), user_id=f"new-{day}", referrer_id="ann", source=loop)
        for day, loop in enumerate((*LOOPS, LOOPS[0]), 1)
    ]
    api.post_events(*signups, *brought)

    def sum_cohorts(**of: str) -> tuple[int, int]:
        cohorts = api.read("/v1/growth/cohort-k", **of)["cohorts"]
        return sum(each["users"] for each in cohorts), sum(each["referred_signups"] for each in cohorts)

    assert [sum_cohorts(), *(sum_cohorts(source=loop) for loop in LOOPS)] == [(5, 3), (5, 2), (5, 1)]
    retained = api.read("/v1/growth/cohorts", weeks=8, source=LOOPS[0])["cohorts"]
    assert sum(each["users"] for each in retained) == 2
    dates = {"start": str((since - timedelta(days=1)).date()), "end": str(datetime.now(UTC).date())}
    pairs = [api.read("/v1/growth/cycle-time", **dates, source=loop)["pairs"] for loop in LOOPS]
    assert pairs == [2, 1]
    spread = [api.read("/v1/growth/spread", **dates, source=loop)["referrers"] for loop in LOOPS]
    assert spread == [0, 0]


def test_a_campaign_stays_with_what_was_stored(api: Api) -> None:
    """A link that changes its campaign takes its invite with it, and leaves its events where they are."""
    link = build_link("l", referrer_id="ann", source=LOOPS[0], inserted_at=MONDAY.isoformat())
    api.send("POST", "/v1/links", json={"items": [{**link, "campaign": "spring"}]})
    api.post_events(*(build_event("conversion", at=MONDAY, link_id="l") for _ in range(2)))
    api.send("POST", "/v1/links", json={"items": [{**link, "campaign": "fall"}]})
    api.post_events(build_event("conversion", at=MONDAY, link_id="l"))

    def count() -> list[tuple[int, int]]:
        answers = [api.read("/v1/growth/k-factor", **WEEK, campaign=name) for name in ("spring", "fall")]
        return [(answer["total_invites"], answer["total_conversions"]) for answer in answers]

    assert count() == [(0, 2), (1, 1)]
    rebuild(api)
    assert count() == [(0, 2), (1, 1)]
    api.send("DELETE", "/v1/links/l")
    assert count() == [(0, 2), (0, 1)]


def test_what_there_is_to_choose_from(api: Api) -> None:
    links = [
        build_link(f"l-{name}", source=loop, campaign=name, inserted_at=MONDAY.isoformat())
        for name, loop in (("spring", LOOPS[0]), ("fall", LOOPS[1]), ("exam week", LOOPS[1]))
    ]
    api.send("POST", "/v1/links", json={"items": links})
    found = api.read("/v1/growth/filters", **WEEK)
    assert [loop["source"] for loop in found["loops"]] == [LOOPS[1], LOOPS[0]]
    assert found["loops"][0]["name"] == "Results rally"
    assert found["campaigns"] == ["exam week", "fall", "spring"]
    assert api.read("/v1/growth/filters", **WEEK, q="EXAM")["campaigns"] == ["exam week"]
    assert api.read("/v1/growth/filters", start="2026-01-01", end="2026-01-02")["loops"] == []
