"""The viral loops with their strength, and the links of their referrers."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from viral_cli.local.demo.people import choose_regulars, user_id_of
from viral_cli.local.demo.rhythm import daily_count, format_time, sample_time
from viral_cli.local.demo.seeded import opaque_id, stream

LINK_LIFE_DAYS = 4
SPELL_DAYS = 2
_REFERRED_REFERRERS = 0.45
_NEVER_FORWARDED = 0.26


@dataclass(frozen=True, slots=True)
class Loop:
    """A viral loop; numbers are per average school day.

    Conversions per referrer are about the loop's K-factor.
    """

    source: str
    referrers: float
    signups: float
    conversions: float


LOOPS = (
    Loop("buddy_challenge", referrers=2.2, signups=6.8, conversions=3.0),
    Loop("results_rally", referrers=1.4, signups=3.6, conversions=1.05),
    Loop("parent_share", referrers=1.6, signups=4.0, conversions=1.05),
    Loop("prep_pack", referrers=1.0, signups=1.2, conversions=0.12),
    Loop("study_session", referrers=1.1, signups=2.3, conversions=0.68),
    Loop("auto_challenge", referrers=1.0, signups=2.1, conversions=0.52),
    Loop("progress_reel", referrers=0.9, signups=1.9, conversions=0.55),
    Loop("streak_rescue", referrers=0.8, signups=2.0, conversions=0.62),
)
_CAMPAIGNS = {"results_rally": "exam_weeks", "prep_pack": "exam_weeks", "study_session": "study_together"}


@dataclass(frozen=True, slots=True)
class Link:
    """An invite; `pull` is its weight among links, 0 if it was never forwarded."""

    link_id: str
    referrer_id: str
    source: str
    inserted_at: datetime
    pull: float = 0.0

    def landing(self) -> dict[str, str]:
        """The fields of a visit through this link."""
        return {"link_id": self.link_id, "landing_page": self._target_url()}

    def as_item(self) -> dict[str, Any]:
        """The link as `POST /v1/links` takes it."""
        return {
            "id": self.link_id,
            "referrer_id": self.referrer_id,
            "source": self.source,
            "campaign": _CAMPAIGNS.get(self.source),
            "target_url": self._target_url(),
            "inserted_at": format_time(self.inserted_at),
        }

    def _target_url(self) -> str:
        return f"https://app.example.com/join/{self.source.replace('_', '-')}"


class LiveLinks:
    """The links that people may still click on a day."""

    def __init__(self, links: list[Link], day: date) -> None:
        alive = [link for link in links if link.pull and 0 <= _age(link, day) <= LINK_LIFE_DAYS]
        self._links = alive
        self._weights = list(accumulate(link.pull * 0.6 ** _age(link, day) for link in alive))

    def choose(self, rng: random.Random, moment: datetime) -> Link | None:
        """A link that existed at that moment, preferably a new one with pull; None if chance finds none."""
        for link in rng.choices(self._links, cum_weights=self._weights, k=6) if self._links else []:
            if link.inserted_at < moment:
                return link
        return None


def newcomer_key(day: date, loop: Loop, number: int) -> tuple[object, ...]:
    """The key of the loop's signup `number` on that day, counted from 0."""
    return ("newcomer", day, loop.source, number)


def count_signups(day: date, loop: Loop) -> int:
    """The loop's signups on that day."""
    return daily_count(loop.signups, day, "signups", loop.source)


def generate_links(days: list[date], loop: Loop) -> list[Link]:
    """The links of referrers who started sharing on one of the days."""
    return [
        link
        for day in days
        for number in range(daily_count(loop.referrers, day, "referrers", loop.source))
        for link in _links_of_referrer(day, loop, number)
    ]


def _links_of_referrer(day: date, loop: Loop, number: int) -> Iterator[Link]:
    rng = stream("spell", day, loop.source, number)
    referrer = _referrer(rng, day)
    for position in range(rng.choice((1, 2, 2, 3, 3, 4, 5))):
        link_id = opaque_id("lnk", day, loop.source, number, position)
        inserted_at = sample_time(rng, day + timedelta(days=rng.randint(0, SPELL_DAYS)))
        pull = min(rng.lognormvariate(0, 0.7), 4)
        yield Link(link_id, referrer, loop.source, inserted_at, 0 if rng.random() < _NEVER_FORWARDED else pull)


def _referrer(rng: random.Random, day: date) -> str:
    """A user who signed up in the previous week, or a regular."""
    joined, loop = day - timedelta(days=rng.randint(1, 7)), rng.choice(LOOPS)
    signups = count_signups(joined, loop)
    if signups and rng.random() < _REFERRED_REFERRERS:
        return user_id_of(*newcomer_key(joined, loop, rng.randrange(signups)))
    (key,) = choose_regulars(rng, 1)
    return user_id_of(*key)


def _age(link: Link, day: date) -> int:
    return (day - link.inserted_at.date()).days
