"""From when on events and content are whole: what is older was purged."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

_KEPT = text("SELECT max(events_from) AS events, max(content_from) AS content FROM purges")


@dataclass(frozen=True)
class Kept:
    """The first UTC dates that purges have left whole; the first date of all where nothing was purged."""

    events: date
    content: date


def fetch_kept(connection: Connection) -> Kept:
    """What the purges so far have left."""
    row = connection.execute(_KEPT).one()
    return Kept(row.events or date.min, row.content or date.min)
