"""Growth of one loop is what a count of its events alone comes to."""

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

    def of_loop(self, source: str) -> Iterator[dict[str, Any]]:
        """The events of the loop, each with its referrer."""
        links = {link["id"]: link for link in self.links}
        for event in self.events:
            named = links.get(event.get("link_id"), event)
            if named.get("source") == source:
                yield {**event, "referrer_id": named["referrer_id"]}

    def count(self, source: str) -> dict[str, int]:
        """The loop's figures, counted one by one."""
        links = [link for link in self.links if link["source"] == source]
        counted = Counter(event["event_type"] for event in self.of_loop(source))
        clicked = {event.get("link_id") for event in self.of_loop(source) if event["event_type"] == "click"}
        figures = (
            *(len(links), counted["click"], counted["conversion"], len({link["referrer_id"] for link in links})),
            sum(link["id"] in clicked for link in links),
        )
        return dict(zip(TOTALS, figures, strict=True))


def check_loops(api: Api, story: Story, dates: Mapping[str, str]) -> None:
    """Every read of a loop says what was posted of it."""
    for source in LOOPS:
        expected, asked = story.count(source), {**dates, "source": source}
        k_factor = api.read("/v1/growth/k-factor", **asked)
        assert {name: k_factor[name] for name in TOTALS} == expected
        points = api.read("/v1/growth/timeline", **asked)["points"]
        assert sum(point["clicks"] for point in points) == expected["total_clicks"]
        assert sum(point["signups"] for point in points) == sum(
            event["event_type"] == "signup" for event in story.of_loop(source)
        )
        loops = api.read("/v1/growth/loops", **asked)["loops"]
        assert [(loop["source"], loop["conversions"]) for loop in loops] == [(source, expected["total_conversions"])]
        referrers = api.read("/v1/growth/referrers", **asked)["referrers"]
        credited = Counter(
            event["referrer_id"] for event in story.of_loop(source) if event["event_type"] == "conversion"
        )
        assert {each["referrer_id"]: each["conversions"] for each in referrers if each["conversions"]} == credited


@pytest.mark.parametrize("seed", range(3))
def test_a_loop_is_what_was_posted_of_it(api: Api, seed: int) -> None:
    story = Story(seed, MONDAY)
    api.send("POST", "/v1/links", json={"items": story.build_links(12)})
    api.post_events(*story.build_events(80))
    check_loops(api, story, WEEK)
    # What comes late, and links that are announced after others.
    api.send("POST", "/v1/links", json={"items": story.build_links(4)})
    api.post_events(*story.build_events(30))
    check_loops(api, story, WEEK)
    rebuild(api)
    check_loops(api, story, WEEK)


def test_a_purge_leaves_the_totals_of_a_loop(api: Api, database: Database) -> None:
    at = NIGHT.replace(hour=0) - timedelta(days=20)
    story = Story(7, at)
    dates = {"start": str(at.date()), "end": str(NIGHT.date())}
    api.send("POST", "/v1/links", json={"items": story.build_links(6)})
    api.post_events(*story.build_events(40))
    purge(database)
    for source in LOOPS:
        expected = story.count(source)
        k_factor = api.read("/v1/growth/k-factor", **dates, source=source)
        credited = sum(event["event_type"] == "conversion" for event in story.of_loop(source))
        assert (k_factor["total_clicks"], k_factor["total_conversions"]) == (expected["total_clicks"], credited)
        assert (k_factor["is_partial"], k_factor["active_users"]) == (True, 0)


def test_an_unknown_loop_has_nothing(api: Api) -> None:
    api.post_events(build_event("conversion", at=MONDAY, referrer_id="ann", source="buddy_challenge"))
    nothing = api.read("/v1/growth/k-factor", **WEEK, source="nowhere")
    assert {nothing[name] for name in TOTALS} == {0}
    assert api.read("/v1/growth/loops", **WEEK, source="nowhere")["loops"] == []
    assert api.read("/v1/growth/referrers", **WEEK, source="nowhere")["total_referrers"] == 0
    assert api.read("/v1/growth/spread", **WEEK, source="nowhere")["referrers"] == 0
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
