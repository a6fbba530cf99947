"""Demo referrers who live on accounts and devices of their own, and those who only look like it.

Every story is told anew each day, by new people, so that a load on a later day adds one and changes none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from viral_cli.local.demo.loops import Link
from viral_cli.local.demo.networks import SCHOOL_WITH_IPV6
from viral_cli.local.demo.people import Event, Visitor, user_at_home, user_id_of, visitor_at
from viral_cli.local.demo.rhythm import at
from viral_cli.local.demo.seeded import opaque_id, stream

_PRICE = 9.99
_RETURN_DAYS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """How one person of a story brings in another, so many days after the story begins."""

    giver: int
    taker: int
    day: int = 0
    device: int | None = None
    clicks: int = 1
    signs_up_after: float = 150
    converts: bool = True
    pays: bool = True
    returns: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """Some people and their devices; `rule` is the one that finds the `accused`."""

    name: str
    rule: str | None
    accused: tuple[int, ...]
    source: str
    days_ago: int
    steps: tuple[Step, ...]
    address: str = ""
    uses: tuple[tuple[int, int], ...] = ()

    def list_accused(self, today: date) -> set[str]:
        """The ids of those whom the rule finds."""
        return {user_id_of(self.name, self.begin(today), number) for number in self.accused}

    def list_people(self, today: date) -> set[str]:
        """The ids of everyone in it."""
        numbers = {number for step in self.steps for number in (step.giver, step.taker)}
        return {user_id_of(self.name, self.begin(today), number) for number in numbers}

    def begin(self, today: date) -> date:
        """The first day of the story."""
        return today - timedelta(days=self.days_ago)

    def links(self, today: date) -> list[Link]:
        """The links of everyone who brings in another."""
        day = self.begin(today)
        return [self._link(day, giver) for giver in sorted({step.giver for step in self.steps})]

    def generate(self, today: date) -> Iterator[Event]:
        """What happens on the days of the story."""
        begin = self.begin(today)
        for person, device in self.uses:
            visitor = self._person(begin, person, device)
            yield visitor.act("visit", at(begin, 7 + person / 10), self.name, begin, person, device, source=self.source)
        for number, step in enumerate(self.steps):
            yield from self._generate_step(begin, number, step)

    def _generate_step(self, begin: date, number: int, step: Step) -> Iterator[Event]:
        key, rng = (self.name, begin, number), stream("story", self.name, begin, number)
        visitor, link_id = self._person(begin, step.taker, step.device), self._link(begin, step.giver).link_id
        moment = at(begin + timedelta(days=step.day), 8 + rng.uniform(0, 6))
        for click in range(step.clicks):
            moment += timedelta(minutes=rng.uniform(3, 9))
            yield visitor.act("click", moment, *key, click, link_id=link_id)
        moment += timedelta(seconds=step.signs_up_after * rng.uniform(0.9, 1.1))
        yield visitor.act("signup", moment, *key, link_id=link_id)
        if step.converts:
            moment += timedelta(minutes=rng.uniform(5, 40))
            value = {"conversion_value": _PRICE} if step.pays else {}
            yield visitor.act("conversion", moment, *key, link_id=link_id, **value)
        for later in range(1, 1 + _RETURN_DAYS * step.returns):
            yield visitor.act("visit", moment + timedelta(days=later), *key, later, source=self.source)

    def _person(self, begin: date, number: int, device: int | None = None) -> Visitor:
        if device is None:
            return user_at_home(self.name, begin, number)
        return visitor_at(self.address, self.name, begin, device, user_id=user_id_of(self.name, begin, number))

    def _link(self, begin: date, giver: int) -> Link:
        referrer = user_id_of(self.name, begin, giver)
        return Link(opaque_id("lnk", self.name, begin, giver), referrer, self.source, at(begin, 6))


FARM = Story(
    "farm",
    "farm",
    accused=(0,),
    source="buddy_challenge",
    days_ago=18,
    address="203.0.113.50",
    # Nine accounts on three phones, made for the reward.
    steps=tuple(
        Step(0, 1 + number, number // 2, device=number % 3, clicks=1 + (number % 3 == 0), pays=False)
        for number in range(9)
    ),
)
RING = Story(
    "reward-ring",
    "ring",
    accused=(0, 1, 3),
    source="results_rally",
    days_ago=12,
    address="203.0.113.51",
    uses=tuple((person, device) for person in range(5) for device in range(2)),
    steps=(
        Step(0, 1, device=0, clicks=2),
        Step(0, 2, 1, device=1, clicks=2),
        Step(1, 3, 2, device=0, clicks=2),
        Step(3, 4, 3, device=1, clicks=2),
    ),
)
SELF_REFERRER = Story(
    "self-referrer",
    "self_referral",
    accused=(0,),
    source="buddy_challenge",
    days_ago=6,
    steps=(Step(0, 0, clicks=2), Step(0, 1, 1, clicks=2, converts=False, returns=True)),
)
ALTER_EGO = Story(
    "alter-ego",
    "self_referral",
    accused=(0,),
    source="parent_share",
    days_ago=5,
    address="203.0.113.52",
    uses=((0, 0),),
    steps=(Step(0, 1, device=0, clicks=2),),
)
MUTUAL = Story(
    "mutual",
    "mutual",
    accused=(0, 1),
    source="study_session",
    days_ago=9,
    steps=(Step(0, 1, clicks=2, returns=True), Step(1, 0, 2, clicks=2, returns=True)),
)
CYCLE = Story(
    "cycle",
    "cycle",
    accused=(0, 1, 2),
    source="buddy_challenge",
    days_ago=14,
    steps=tuple(Step(one, (one + 1) % 3, one, clicks=2) for one in range(3)),
)
DUPLICATE = Story(
    "duplicate",
    "duplicate",
    accused=(0,),
    source="streak_rescue",
    days_ago=8,
    steps=tuple(Step(0, 1, day, clicks=2, pays=False) for day in range(4)),
)
TOO_FAST = Story(
    "too-fast",
    "too_fast",
    accused=(0,),
    source="auto_challenge",
    days_ago=11,
    steps=tuple(
        Step(0, 1 + number, number // 4, signs_up_after=4 if number % 2 else 200, converts=number % 16 == 1)
        for number in range(28)
    ),
)
FLOOD = Story(
    "flood",
    "flood",
    accused=(0,),
    source="results_rally",
    days_ago=15,
    steps=tuple(
        Step(0, 1 + number, number // 5, signs_up_after=2.5 * 3600 if number % 3 else 200, converts=number % 20 == 1)
        for number in range(40)
    ),
)
TOO_GOOD = Story(
    "too-good",
    "too_good",
    accused=(0,),
    source="parent_share",
    days_ago=10,
    steps=tuple(
        Step(0, 1 + number, number // 3, clicks=2, converts=number % 2 == 0, returns=number % 3 == 0)
        for number in range(15)
    ),
)
FAMILY_AT_HOME = Story(
    "family-at-home",
    None,
    accused=(),
    source="parent_share",
    days_ago=13,
    address="203.0.113.41",
    uses=((0, 0),),
    # A parent and five children, each with an own tablet.
    steps=tuple(Step(0, child, child % 2, device=child, clicks=2, returns=True) for child in range(1, 6)),
)
STORIES = (
    *(FARM, RING, SELF_REFERRER, ALTER_EGO, MUTUAL, CYCLE, DUPLICATE, TOO_FAST, FLOOD, TOO_GOOD),
    FAMILY_AT_HOME,
)

TEACHER = user_id_of("teacher")
_PUPILS_A_LESSON = 4
_CLICKS_A_PUPIL = 3
_PAYING_WEEKDAY = 0
_LOOP_AT_SCHOOL = "study_session"


def lesson_link(day: date) -> Link:
    """The link that the teacher shows in the lesson of that day."""
    begins = at(day, SCHOOL_WITH_IPV6.begins - 0.25)
    return Link(opaque_id("lnk", "teacher", day), TEACHER, _LOOP_AT_SCHOOL, begins)


def generate_lesson(day: date) -> Iterator[Event]:
    """Four pupils a lesson, 60 in five weeks, sign up on the school's network, each on an own device."""
    link = lesson_link(day)
    for pupil in range(_PUPILS_A_LESSON):
        key = ("pupil", day, pupil)
        rng = stream(*key)
        visitor = visitor_at(f"{SCHOOL_WITH_IPV6.address}:{0x100 + pupil:x}", *key, user_id=user_id_of(*key))
        moment = at(day, SCHOOL_WITH_IPV6.begins)
        for click in range(_CLICKS_A_PUPIL):
            moment += timedelta(minutes=rng.uniform(4, 9))
            yield visitor.act("click", moment, *key, click, link_id=link.link_id)
        yield visitor.act("signup", moment + timedelta(minutes=rng.uniform(1, 5)), *key, link_id=link.link_id)
        if pupil == 0 and day.weekday() == _PAYING_WEEKDAY:
            converted = {"link_id": link.link_id, "conversion_value": _PRICE}
            yield visitor.act("conversion", moment + timedelta(hours=rng.uniform(1, 3)), *key, **converted)
        yield visitor.act("visit", moment + timedelta(days=1), *key, source=_LOOP_AT_SCHOOL)
