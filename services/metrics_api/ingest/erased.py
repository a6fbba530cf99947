"""What was erased and when, so that a retry does not bring it back: keyed hashes, kept as long as events are."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

Key = tuple[str, str]
"""What it is and its id: a subject as `("user", id)`, an event or an item as `("link", id)`."""
Marker = Callable[[str, str], bytes]
"""Makes the keyed hash of a key."""

Erasures = tuple[int, datetime | None]
"""How many marks there are, and when the newest was made."""
NEVER = datetime.min.replace(tzinfo=UTC)
_NEWEST = text("SELECT max(erased_at) FROM erasures")
_ERASURES = text("SELECT count(*), max(erased_at) FROM erasures")
_FIND = text("SELECT mark, erased_at FROM erasures WHERE mark = ANY(:marks)")
_SAVE = text("""
    INSERT INTO erasures AS known (mark, kind, erased_at) VALUES (:mark, :kind, :at)
    ON CONFLICT (mark) DO UPDATE SET erased_at = greatest(known.erased_at, excluded.erased_at)
""")


@dataclass(frozen=True)
class Erased:
    """Which of some keys were erased, and when."""

    times: dict[Key, datetime]

    def is_from_before(self, kind: str, given: str | None, at: datetime) -> bool:
        """Whether what is dated `at` is from before the erasure of this id."""
        return given is not None and at < self.times.get((kind, given), NEVER)

    def __contains__(self, key: Key) -> bool:
        return key in self.times


def fetch_newest(connection: Connection) -> datetime:
    """When something was erased last, NEVER before the first time; what is dated later need not be looked for."""
    return connection.execute(_NEWEST).scalar() or NEVER


def fetch_erasures(connection: Connection) -> Erasures:
    """What changes with every erasure."""
    count, newest = connection.execute(_ERASURES).one()
    return count, newest


def find_erased(connection: Connection, keys: Iterable[Key], marker: Marker) -> Erased:
    """Which of the keys were erased."""
    marks = {marker(*key): key for key in keys}
    if not marks:
        return Erased({})
    found = connection.execute(_FIND, {"marks": list(marks)})
    return Erased({marks[bytes(row.mark)]: row.erased_at for row in found})


def save_erased(connection: Connection, keys: Iterable[Key], marker: Marker, *, at: datetime) -> None:
    """Remember that these were erased; of two erasures the later counts."""
    rows = [{"mark": marker(*key), "kind": key[0], "at": at} for key in sorted(set(keys))]
    if rows:
        connection.execute(_SAVE, rows)
