"""Events, links and content of a busy week for benchmarks: `python -m tests.benchmarks.dataset DATABASE_URL [events]`.

Referrers bring as unequal numbers as real ones do, a few networks are schools, farms and programs, and who clicks on a
link signs up and converts later, if at all. The same numbers give the same events.
"""

import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from metrics_api.access.identifiers import References
from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.migrate import upgrade
from metrics_api.ingest.classify_again import put_in_use
from metrics_api.ingest.combiner import fold_batch
from metrics_api.ingest.events import take_events
from metrics_api.ingest.links import save_links
from metrics_api.pii_scanner.redaction import Redactor
from viral_contract.models.events import Event
from viral_contract.models.links import LinkItem

BATCH = 10_000
DAYS = 7
REFERRERS = 50_000
LINKS = 200_000
LOOPS = ("buddy_challenge", "parent_share", "progress_reel", "referral_code")
_TYPES = ("click",) * 76 + ("visit",) * 14 + ("signup",) * 4 + ("conversion",) * 4 + ("activation",) * 2
_TAIL = 1.3
_AGENTS = [
    f"Mozilla/5.0 (iPhone; CPU iPhone OS {major}_{minor} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    f"Version/{major}.{minor} Mobile/15E148 Safari/604.1"
    for major in range(8, 19)
    for minor in range(20)
]
_ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_REFERENCES = References("a key of the benchmark")


def list_links(*, now: datetime) -> Iterator[LinkItem]:
    """Every link, each of the referrer that `draw_link` expects it of."""
    random = Random(0)
    for number in range(LINKS):
        yield LinkItem(
            id=f"link-{number}",
            referrer_id=f"user-{number % REFERRERS}",
            source=LOOPS[number % len(LOOPS)],
            campaign=f"campaign-{number % 20}" if number % 3 == 0 else None,
            inserted_at=now - timedelta(seconds=random.random() * DAYS * 86_400),
        )


def draw_link(random: Random) -> int:
    """A link: those of the first referrers are drawn much more often, by a power law."""
    referrer = min(int((random.paretovariate(_TAIL) - 1) * REFERRERS / 60), REFERRERS - 1)
    return referrer + REFERRERS * random.randrange(LINKS // REFERRERS)


def list_batch(number: int, events: int, *, now: datetime, size: int = BATCH, stored: int = 0) -> list[Event]:
    """The batch of this number of a set of so many events, which follow each other in time.

    Where some are stored already, the others are of the same days.
    """
    random = Random(number + 1)
    share = (events - number * size) / (events - stored)
    return [_draw_event(random, share - place / (events - stored), events, now) for place in range(size)]


def _draw_event(random: Random, share: float, events: int, now: datetime) -> Event:
    """An event of when so much of the time is left."""
    kind, roll = _TYPES[random.randrange(100)], random.random()
    number, link = random.randrange(events // 4), draw_link(random)
    # Of 1,000 clicks, 4 are of farms, 2 of bursts and 30 of schools.
    if roll < 0.004:
        address, device = f"198.19.0.{random.randrange(40)}", f"farm-{random.randrange(100)}"
    elif roll < 0.006:
        address, device = f"198.19.1.{random.randrange(200)}", f"burst-{random.randrange(200)}"
    elif roll < 0.036:
        address, device = f"198.19.2.{random.randrange(60)}", f"device-{number}"
    else:
        address, device = f"{100 + number % 60}.{number // 60 % 250}.{number // 15_000 % 250}.7", f"device-{number}"
    age = share * DAYS * 86_400
    return Event(
        event_id=uuid.UUID(int=random.getrandbits(128), version=4),
        event_type=kind,
        occurred_at=now - timedelta(seconds=max(age - random.random() * 3, 0)),
        ip_address=address,
        device_fingerprint=device,
        link_id=f"link-{link}" if roll > 0.1 else None,
        user_id=f"user-{REFERRERS + number}" if kind != "click" or roll > 0.4 else None,
        session_id=f"session-{number}",
        user_agent=_ROBOT if random.random() < 0.02 else random.choice(_AGENTS),
        landing_page="https://example.com/join",
        conversion_value=9.99 if kind == "conversion" else None,
    )


def store_links(url: str, *, now: datetime) -> None:
    """Store the links in a migrated database, which the events are about."""
    database, links = (
        Database(create_database_engine(url, pool_size=1, statement_timeout=False)),
        list(list_links(now=now)),
    )
    with database.write() as connection:
        put_in_use(connection, FactRules(), now=now)
    for begin in range(0, LINKS, BATCH):
        with database.write() as connection:
            save_links(connection, links[begin : begin + BATCH], now=now)
    database.close()


def store_events(url: str, events: int, *, now: datetime, stored: int = 0, part: int = 0, parts: int = 1) -> None:
    """Store events until there are so many, or one of several parts of those that are missing."""
    database, rules = Database(create_database_engine(url, pool_size=1, statement_timeout=False)), FactRules()
    pseudonyms = Pseudonyms(_REFERENCES, Redactor("US"))
    size = min(BATCH, events - stored)
    for number in range(stored // size + part, events // size, parts):
        batch = list_batch(number, events, now=now, size=size, stored=stored)
        with database.write() as connection:
            taken = take_events(connection, batch, _REFERENCES.to_mark, pseudonyms, rules, now=now)
        if taken.waits_for is not None:
            fold_batch(database, taken.waits_for)
    database.close()


if __name__ == "__main__":
    upgrade(sys.argv[1])
    began = datetime.now(UTC)
    store_links(sys.argv[1], now=began)
    store_events(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000, now=began)
