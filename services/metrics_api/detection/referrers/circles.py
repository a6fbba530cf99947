"""Referrers who credit one another: two of them, or a circle of 3 to 5 in which each was brought in by the next."""

from sqlalchemy import Connection, text

from metrics_api.detection.referrers.finding import IN_WINDOW, SHOWN_IDS, Finding, Window

_SMALLEST, _LARGEST = 3, 5
_MOST_DAYS = 30

# Only who gets and is given credit can be on either side; few people are.
_CREDITED = f"SELECT referrer_id FROM referrals WHERE {IN_WINDOW}"
_MUTUAL = text(f"""
    WITH credit AS MATERIALIZED (
        SELECT DISTINCT referrer_id, user_id FROM referrals
        WHERE {IN_WINDOW} AND user_id <> referrer_id AND user_id IN ({_CREDITED})
    )
    SELECT given.referrer_id, count(*) AS partners,
        (array_agg(given.user_id ORDER BY given.user_id))[1:{SHOWN_IDS}] AS users
    FROM credit AS given JOIN credit AS returned
        ON returned.referrer_id = given.user_id AND returned.user_id = given.referrer_id
    GROUP BY given.referrer_id
""")
# Everyone has one first referrer, so that each walk has one way to go. It starts from the smallest id of its circle.
_CIRCLES = text(f"""
    WITH RECURSIVE first AS MATERIALIZED (
        SELECT DISTINCT ON (user_id) user_id, referrer_id, occurred_at FROM referrals
        WHERE {IN_WINDOW} AND user_id <> referrer_id AND user_id IN ({_CREDITED})
        ORDER BY user_id, occurred_at, event_id
    ), walk AS (
        SELECT user_id AS start, referrer_id AS last, ARRAY[user_id] AS users,
            occurred_at AS earliest, occurred_at AS latest
        FROM first WHERE referrer_id > user_id
        UNION ALL
        SELECT start, referrer_id, users || user_id, least(earliest, occurred_at), greatest(latest, occurred_at)
        FROM walk JOIN first ON user_id = last
        WHERE last > start AND referrer_id >= start AND cardinality(users) < {_LARGEST}
    )
    SELECT users, extract(epoch FROM latest - earliest) / 86400 AS days FROM walk
    WHERE last = start AND cardinality(users) >= {_SMALLEST} AND latest - earliest <= interval '{_MOST_DAYS} days'
""")


def find_mutual(connection: Connection, window: Window) -> list[Finding]:
    """Every referrer who is credited by someone they credit."""
    return [
        Finding(
            row.referrer_id,
            "mutual",
            statistic=row.partners,
            expected=0,
            evidence={"partners": row.partners, "user_ids": row.users},
        )
        for row in connection.execute(_MUTUAL, window)
    ]


def find_cycles(connection: Connection, window: Window) -> list[Finding]:
    """Everyone in a circle of first referrals that closed within 30 days."""
    return [
        Finding(
            user,
            "cycle",
            statistic=len(row.users),
            expected=0,
            n=len(row.users),
            evidence={"length": len(row.users), "days": round(float(row.days), 1), "user_ids": row.users},
        )
        for row in connection.execute(_CIRCLES, window)
        for user in row.users
    ]
