"""How new clicks change what is known of bursts: the shortest time for 2 to 10 clicks of one person on one device."""

from sqlalchemy import text
from sqlalchemy.sql.elements import TextClause

from metrics_api.db.event_types import CLICKER, build_click_key, build_pair_key
from metrics_api.db.tables import BURST_SIZES, MAX_BURST_SECONDS

_LARGEST = max(BURST_SIZES)
_LONGEST_BURST = f"interval '{MAX_BURST_SECONDS} seconds'"


def _neighbors(comparison: str) -> str:
    """Clicks of the same person on the same device.

    Found by the key, which only one index has: by another, an attacker's clicks under many names on one device would
    all be read for each of them.
    """
    return f"""SELECT event_id, occurred_at FROM attribution_events e
        WHERE ({build_click_key(CLICKER, "device_fingerprint")})
                = {build_pair_key("moment.clicker", "moment.device_fingerprint")}
            AND e.device_fingerprint IS NOT DISTINCT FROM moment.device_fingerprint
            AND {CLICKER} IS NOT DISTINCT FROM moment.clicker AND {comparison}"""


def _nearest(comparison: str, order: str, limit: int) -> str:
    return f"({_neighbors(comparison)} ORDER BY e.occurred_at {order} LIMIT {limit})"


def _bursts_statement() -> TextClause:
    """Fold the fastest bursts of one person that contain a new click.

    A new click can only complete a burst with its nearest neighbors on either side, so a fixed number of index
    look-ups is enough, however long the device's history is. Windows between clicks that are not truly adjacent may
    appear among the candidates; each is longer than a true one with the same last click, so the minimum is exact.

    Most clicks have no other near them, which one look-up finds out.
    """
    near = _neighbors(
        f"e.occurred_at BETWEEN moment.occurred_at - {_LONGEST_BURST} AND moment.occurred_at + {_LONGEST_BURST}"
    )
    before = _nearest(
        f"e.occurred_at < moment.occurred_at AND e.occurred_at >= moment.occurred_at - {_LONGEST_BURST}",
        "DESC",
        _LARGEST - 1,
    )
    at = _nearest("e.occurred_at = moment.occurred_at", "ASC", _LARGEST)
    after = _nearest(
        f"e.occurred_at > moment.occurred_at AND e.occurred_at <= moment.occurred_at + {_LONGEST_BURST}",
        "ASC",
        _LARGEST - 1,
    )
    spans = ", ".join(f"occurred_at - lag(occurred_at, {size - 1}) OVER clicks AS span_{size}" for size in BURST_SIZES)
    names = [f"span_{size}" for size in BURST_SIZES]
    fastest = ", ".join(f"min({name}) FILTER (WHERE {name} <= {_LONGEST_BURST}) AS {name}" for name in names)
    return text(f"""
        WITH moment AS (
            SELECT * FROM (
                SELECT DISTINCT device_fingerprint, {CLICKER} AS clicker, occurred_at FROM new_events
                WHERE event_type = 'click' AND device_fingerprint IS NOT NULL
            ) AS moment WHERE EXISTS ({near} OFFSET 1)
        ), candidate AS (
            SELECT DISTINCT moment.device_fingerprint, moment.clicker, neighbor.event_id, neighbor.occurred_at
            FROM moment CROSS JOIN LATERAL ({before} UNION ALL {at} UNION ALL {after}) AS neighbor
        ), burst AS (
            SELECT device_fingerprint, occurred_at, {spans} FROM candidate
            WINDOW clicks AS (PARTITION BY device_fingerprint, clicker ORDER BY occurred_at)
        )
        INSERT INTO bursts_per_device_day AS fact (day, device_fingerprint, {", ".join(names)})
        SELECT (occurred_at AT TIME ZONE 'UTC')::date, device_fingerprint, {fastest}
        FROM burst WHERE span_{BURST_SIZES[0]} <= {_LONGEST_BURST}
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (day, device_fingerprint) DO UPDATE SET
            {", ".join(f"{name} = least(fact.{name}, excluded.{name})" for name in names)}
    """)


BURSTS = _bursts_statement()
