"""Referrers who credit one another: two of them, or a circle of 3 to 5 in which each was brought in by the next."""

from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.detection.referrers.finding import IN_WINDOW, SHOWN_IDS, Finding, Window

_SMALLEST, _LARGEST = 3, 5
_MOST_DAYS = 30

# Only who gets and gives credit can be in a circle, and few people do: they are in an index of their own. Everyone has
# one first referrer, so that each walk has one way to go; it starts from the smallest id of its circle.
_CIRCLES = text(f"""
    WITH RECURSIVE credit AS MATERIALIZED (
        SELECT referrer_id, user_id, min(occurred_at) AS first_at FROM referrals
        WHERE {IN_WINDOW} AND user_id <> referrer_id AND user_refers AND EXISTS (
            SELECT FROM referrals AS given WHERE given.referrer_id = referrals.user_id
                AND given.day BETWEEN :start AND :end OFFSET 0
        )
        GROUP BY referrer_id, user_id
    ), first AS MATERIALIZED (
        SELECT DISTINCT ON (user_id) user_id, referrer_id, first_at FROM credit ORDER BY user_id, first_at, referrer_id
    ), walk AS (
        SELECT user_id AS start, referrer_id AS last, ARRAY[user_id] AS users, first_at AS earliest, first_at AS latest
        FROM first WHERE referrer_id > user_id
        UNION ALL
        SELECT start, referrer_id, users || user_id, least(earliest, first_at), greatest(latest, first_at)
        FROM walk JOIN first ON user_id = last
        WHERE last > start AND referrer_id >= start AND cardinality(users) < {_LARGEST}
    )
    SELECT NULL AS referrer_id, users, cardinality(users) AS size,
        extract(epoch FROM latest - earliest) / 86400 AS days
    FROM walk WHERE last = start AND cardinality(users) >= {_SMALLEST}
        AND latest - earliest <= interval '{_MOST_DAYS} days'
    UNION ALL
    SELECT given.referrer_id, (array_agg(given.user_id ORDER BY given.user_id))[1:{SHOWN_IDS}], count(*), NULL
    FROM credit AS given JOIN credit AS returned
        ON returned.referrer_id = given.user_id AND returned.user_id = given.referrer_id
    GROUP BY given.referrer_id
""")


def find_circles(connection: Connection, window: Window) -> list[Finding]:
    """Every referrer who is credited by someone they credit, and everyone in a circle that closed within 30 days."""
    rows = connection.execute(_CIRCLES, window).all()
    return [
        *(_format_mutual(row) for row in rows if row.referrer_id is not None),
        *(_format_cycle(row, user) for row in rows if row.referrer_id is None for user in row.users),
    ]


def _format_mutual(row: Row[Any]) -> Finding:
    evidence = {"partners": row.size, "user_ids": row.users}
    return Finding(row.referrer_id, "mutual", statistic=row.size, expected=0, evidence=evidence)


def _format_cycle(row: Row[Any], user: str) -> Finding:
    evidence = {"length": row.size, "days": round(float(row.days), 1), "user_ids": row.users}
    return Finding(user, "cycle", statistic=row.size, expected=0, n=row.size, evidence=evidence)
