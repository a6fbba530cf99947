"""A newsletter that went wrong: since some day its links carry the email address of the parent who opens them."""

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import quote

from viral_cli.local.demo.loops import Link
from viral_cli.local.demo.people import Event, user_at_home, user_id_of
from viral_cli.local.demo.rhythm import at, sample_time
from viral_cli.local.demo.seeded import opaque_id, stream

LEAKING_LOOP = "parent_share"
LEAKING_DAYS_AGO = range(9)
_PARENTS_A_DAY = 6
_NAMES = "alex casey drew jamie jordan morgan robin sam taylor".split()


def newsletters_link(day: date) -> Link:
    """The link in the day's newsletter."""
    return Link(opaque_id("lnk", "newsletter", day), user_id_of("regular", 1), LEAKING_LOOP, at(day, 0))


def generate_leaks(day: date) -> Iterator[Event]:
    """Parents open the newsletter's link, each with the own address in the address of the page."""
    link = newsletters_link(day)
    for parent in range(_PARENTS_A_DAY):
        rng, visitor = stream("newsletter", day, parent), user_at_home("newsletter parent", day, parent)
        opened_at, landing = sample_time(rng, day), link.landing()
        email = f"{rng.choice(_NAMES)}.{rng.randrange(1000)}@example.com"
        landing["landing_page"] += f"?parent={quote(email, safe='')}"
        yield visitor.act("click", opened_at, "newsletter", day, parent, link_id=link.link_id)
        yield visitor.act("visit", opened_at + timedelta(seconds=4), "newsletter", day, parent, **landing)
