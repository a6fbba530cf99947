"""What holds a text anywhere in its id, among the newest rows of each kind.

An index helps with the beginning of an id alone, and PostgreSQL's index for parts is an extension that managed servers
may lack. So the newest 200,000 rows of each table are read: 0.1 s a table where the machine is busy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

PartKind = Literal["networks", "devices", "referrers", "users", "links"]
SHORTEST_PART = 3
_MOST_ROWS = 200_000
# Of rows that hold the text, as an id may have a row a day.
_MOST_FOUND = 500
# Each kind as the table that is read, what its id is, and which rows are newest.
_SOURCES: Mapping[PartKind, tuple[str, str, str]] = {
    "networks": ("clicks_per_ip_day", "abbrev(ip_address)", "ORDER BY day DESC"),
    "devices": ("clicks_per_device_day", "device_fingerprint", "ORDER BY day DESC"),
    "referrers": ("activity_per_referrer_day", "referrer_id", "ORDER BY day DESC"),
    "users": ("user_journeys", "CASE WHEN starts_with(person, 'user:') THEN substr(person, 6) END", ""),
    "links": ("attribution_links", "link_id", "ORDER BY inserted_at DESC"),
}
_FOUND = """
    SELECT '{kind}' AS kind, value, false AS is_cut FROM (
        SELECT value FROM (SELECT {value} AS value FROM {table} {order} LIMIT {rows}) AS newest
        WHERE position(:q IN value) > 0 LIMIT {found}
    ) AS holding GROUP BY value
"""
# How many rows a table has is what PostgreSQL itself estimates.
_CUT = """
    SELECT '{kind}', NULL, true FROM pg_class WHERE oid = CAST('{table}' AS regclass) AND reltuples > {rows}
"""


@dataclass(frozen=True)
class Parts:
    """The ids that hold a text, by kind, and the kinds of which older rows were not looked at."""

    found: Mapping[PartKind, Sequence[str]]
    is_cut: frozenset[PartKind]


def find_parts(connection: Connection, q: str, kinds: Sequence[PartKind]) -> Parts:
    """Look for the text in the ids of these kinds; one that is too short is in none."""
    if not kinds or len(q) < SHORTEST_PART:
        return Parts({kind: [] for kind in kinds}, frozenset(kinds))
    statement = " UNION ALL ".join(_format(each, kind) for kind in kinds for each in (_FOUND, _CUT))
    rows = connection.execute(text(f"{statement} ORDER BY kind, value"), {"q": q}).all()
    found = {kind: [row.value for row in rows if row.kind == kind and not row.is_cut] for kind in kinds}
    return Parts(found, frozenset(row.kind for row in rows if row.is_cut))


def _format(statement: str, kind: PartKind) -> str:
    table, value, order = _SOURCES[kind]
    return statement.format(kind=kind, table=table, value=value, order=order, rows=_MOST_ROWS, found=_MOST_FOUND)
