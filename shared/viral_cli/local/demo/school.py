"""A school whose pupils share one address: many clicks, ordinary pace, nothing wrong."""

from collections.abc import Iterator
from datetime import date, timedelta

from viral_cli.local.demo.loops import Link
from viral_cli.local.demo.people import Event, user_id_of, visitor_at
from viral_cli.local.demo.rhythm import at
from viral_cli.local.demo.seeded import opaque_id, stream

SCHOOL_ADDRESS = "192.0.2.77"
PUPILS = 28
_LESSON_DAYS = (1, 3)
_LESSON_BEGINS = 13.2
_LESSON_MINUTES = 42


def has_lesson(day: date) -> bool:
    """Whether the class uses the app at school on that day: Tuesdays and Thursdays."""
    return day.weekday() in _LESSON_DAYS


def teachers_link(day: date) -> Link:
    """The link that the class is given for the lesson."""
    teacher = user_id_of("regular", 0)
    return Link(opaque_id("lnk", "class", day), teacher, "study_session", at(day, _LESSON_BEGINS - 0.5))


def generate_lesson(day: date) -> Iterator[Event]:
    """Each pupil opens the class's link once in the lesson."""
    rng, link = stream("lesson", day), teachers_link(day)
    for pupil in range(PUPILS):
        visitor = visitor_at(SCHOOL_ADDRESS, "pupil", pupil)
        clicked_at = at(day, _LESSON_BEGINS) + timedelta(minutes=rng.uniform(0, _LESSON_MINUTES))
        yield visitor.act("click", clicked_at, "class", day, pupil, link_id=link.link_id)
        looked_at = clicked_at + timedelta(seconds=rng.uniform(1, 20))
        yield visitor.act("visit", looked_at, "class", day, pupil, **link.landing())
