"""From when on events and content are whole: what is older was purged."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, text

_RETAINED = text("SELECT max(events_from) AS events, max(content_from) AS content FROM purges")


@dataclass(frozen=True)
class Retained:
    """The first UTC dates that purges have left whole; the first date of all where nothing was purged."""

    events: date
    content: date

    @property
    def events_at(self) -> datetime:
        """The first moment whose events are whole."""
        return begin(self.events)

    @property
    def content_at(self) -> datetime:
        """The first moment whose content is whole."""
        return begin(self.content)


def begin(day: date) -> datetime:
    """The first moment of the UTC date."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def fetch_retained(connection: Connection) -> Retained:
    """What the purges so far have left."""
    row = connection.execute(_RETAINED).one()
    return Retained(row.events or date.min, row.content or date.min)
