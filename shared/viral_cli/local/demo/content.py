"""Demo content: parent shares, progress reels and study sessions, as the API takes them.

Nearly everything is harmless. Every third day a child or a parent shares too much, each time differently.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from viral_cli.local.demo.month import DAYS, last_dates, until
from viral_cli.local.demo.people import choose_regulars, user_id_of
from viral_cli.local.demo.rhythm import daily_count, format_time, sample_time
from viral_cli.local.demo.seeded import opaque_id, stream

Item = dict[str, Any]

_SHARES_A_DAY = 12
_REELS_A_DAY = 4.6
_SESSIONS_A_DAY = 3.8
_DAYS_BETWEEN_SLIPS = 3
_FRESH_DAYS = 7
_BY_PARENTS = 0.3
_WITH_MEDIA = 0.33


@dataclass(frozen=True, slots=True)
class Content:
    """The items of some days, each list in creation order."""

    parent_shares: list[Item]
    progress_reels: list[Item]
    study_sessions: list[Item]


SUBJECTS = ("algebra", "biology", "chemistry", "fractions", "geography", "grammar", "history", "reading", "spanish")
BADGES = ("bronze", "early bird", "gold", "marathon", "night owl", "silver", "team player")
SHARE_TYPES = ("achievement", "streak", "quiz_result", "weekly_summary")
CONSENT_METHODS = ("signed_form", "card_check", "video_call")
CHILD_TEXTS = (
    "Beat my best time today!",
    "Who can top this score?",
    "Finally got all the hard ones right.",
    "Three more days and the streak badge is mine.",
    "This level was tricky but fun.",
    "Our team is on fire this week.",
    "Can you beat me in the next round?",
    "Practice really helps.",
)
PARENT_TEXTS = (
    "So proud of this week's progress.",
    "Great effort before the test!",
    "A new personal best, well done.",
    "Studying without being asked. What a week!",
    "The practice plan is working for us.",
)
REEL_CAPTIONS = (
    "From 60 to 95 in four weeks",
    "My road to the gold badge",
    "A month of daily practice",
    "Every topic in this unit done",
    "How it started, how it is going",
)


@dataclass(frozen=True, slots=True)
class Slip:
    """Shared content with personal information about a child; `fields` go into the item's data."""

    name: str
    kind: Literal["share", "reel"]
    fields: dict[str, Any]
    actor: Literal["child", "parent"] = "child"
    shows_child_in: Literal["photo", "video"] | None = None


SLIPS = (
    Slip("email", "share", {"message": "Add me for the next duel! write to mia.k12@example.com ok?"}),
    Slip("phone", "share", {"message": "text me when you are done, 555-0134 or mom's phone (555) 010-4477"}),
    Slip("photo", "reel", {"caption": "Me with the winner's badge!"}, shows_child_in="photo"),
    Slip("address", "share", {"message": "Study party on Friday, come to 48 Maple Street, bring your tablet"}),
    Slip(
        "name-and-school",
        "reel",
        {"caption": "My name is Lena Hartwell and I go to Maple Grove Elementary School"},
    ),
    Slip("birthday", "share", {"message": "my birthday is March 4, 2014 so this badge is my present"}),
    Slip("spelled-email", "reel", {"caption": "want the cheat sheet? tomtom at example dot com"}),
    Slip("email-key", "share", {"profile": {"parent_email": "the.hartwells@example.com"}}, actor="parent"),
    Slip("video", "reel", {"caption": "Reading my own story out loud"}, shows_child_in="video"),
    Slip("ssn", "share", {"message": "For the scholarship form: her SSN is 219-09-9999"}, actor="parent"),
    Slip("full-name-key", "reel", {"caption": "My month in numbers", "full_name": "Jonas Brightwater"}),
)


def generate_content(now: datetime) -> Content:
    """The content of the month that ends with `now`."""
    days = last_dates(now, DAYS)
    shares = [item for back, day in enumerate(reversed(days)) for item in _parent_shares(day, back)]
    reels = [item for day in days for item in _progress_reels(day)]
    sessions = [item for day in days for item in _study_sessions(day)]
    return Content(*(until(now, "inserted_at", items) for items in (shares, reels, sessions)))


def slip_of(day: date) -> Slip | None:
    """The day's slip; None on most days."""
    turn, rest = divmod(day.toordinal(), _DAYS_BETWEEN_SLIPS)
    return None if rest else SLIPS[turn % len(SLIPS)]


def _parent_shares(day: date, back: int) -> Iterator[Item]:
    never_viewed_one_in = 3 if back < _FRESH_DAYS else 4
    for number, rng, item in _items(day, "share", _SHARES_A_DAY):
        actor, texts = ("parent", PARENT_TEXTS) if rng.random() < _BY_PARENTS else ("child", CHILD_TEXTS)
        viewed = (day.toordinal() + number) % never_viewed_one_in > 0
        yield item | {
            "share_type": rng.choice(SHARE_TYPES),
            "share_data": _achievement(rng) | {"message": rng.choice(texts)},
            "view_count": rng.randint(1, 9) if viewed else 0,
            "actor": actor,
        }
    for slip, rng, item in _slips(day, "share"):
        data = _achievement(rng) | slip.fields
        yield item | {"share_type": "achievement", "share_data": data, "view_count": 3, "actor": slip.actor}


def _progress_reels(day: date) -> Iterator[Item]:
    for _, rng, item in _items(day, "reel", _REELS_A_DAY):
        data = _achievement(rng) | {"caption": rng.choice(REEL_CAPTIONS)}
        media = _media_in_order(rng, item["inserted_at"])
        yield item | {"reel_type": "monthly", "reel_data": data, "view_count": rng.randint(0, 40)} | media
    for slip, rng, item in _slips(day, "reel"):
        yield item | {"reel_type": "story", "reel_data": _achievement(rng) | slip.fields} | _child_shown(slip)


def _study_sessions(day: date) -> Iterator[Item]:
    for _, rng, item in _items(day, "session", _SESSIONS_A_DAY):
        keys = choose_regulars(rng, rng.choice((2, 2, 3, 3, 4, 5, 6)))
        people = [user_id_of(*key) for key in keys]
        yield item | {"participant_ids": people, "subject": rng.choice(SUBJECTS)}


def _items(day: date, kind: str, a_day: float) -> Iterator[tuple[int, random.Random, Item]]:
    for number in range(daily_count(a_day, day, kind)):
        yield number, *_item(day, kind, number)


def _slips(day: date, kind: str) -> Iterator[tuple[Slip, random.Random, Item]]:
    slip = slip_of(day)
    if slip and slip.kind == kind:
        yield slip, *_item(day, kind, slip.name)


def _item(day: date, kind: str, name: object) -> tuple[random.Random, Item]:
    rng = stream(kind, day, name)
    inserted_at = sample_time(rng, day)
    return rng, {"id": opaque_id(kind, day, name), "inserted_at": format_time(inserted_at)}


def _achievement(rng: random.Random) -> dict[str, Any]:
    return {
        "subject": rng.choice(SUBJECTS),
        "score": rng.randint(52, 100),
        "streak_days": rng.randint(1, 40),
        "badges": rng.sample(BADGES, k=rng.randint(0, 2)),
    }


def _media_in_order(rng: random.Random, recorded_at: str) -> dict[str, Any]:
    """Media for one reel in three: without a child, or with recorded consent."""
    if rng.random() > _WITH_MEDIA:
        return {}
    of_child = rng.random() < 0.5
    consent = {"recorded_at": recorded_at, "method": rng.choice(CONSENT_METHODS)} if of_child else None
    return {"media": [{"kind": rng.choice(("photo", "video")), "of_child": of_child, "consent": consent}]}


def _child_shown(slip: Slip) -> dict[str, Any]:
    """A child's media without consent, if that is the slip."""
    if not slip.shows_child_in:
        return {}
    return {"media": [{"kind": slip.shows_child_in, "of_child": True, "consent": None}]}
