"""Conversions that count twice: of one user who has nothing to pay for, or the same event under a new id."""

from sqlalchemy import Connection, text

from metrics_api.detection.referrers.finding import IN_WINDOW, SHOWN_IDS, Finding, Window

# The first of each group is the true one, also where it is older than the window: a duplicate does not become true
# when the first leaves it. Whatever has the key of another is in the index on those that may repeat.
_REPEATED = f"""
    SELECT event_id, referrer_id, event_type, user_id, device_fingerprint, is_repeated, place FROM (
        SELECT *, true AS is_repeated, row_number() OVER (PARTITION BY user_id ORDER BY occurred_at, event_id) AS place
        FROM referrals
        WHERE may_repeat AND day <= :end AND event_type = 'conversion' AND conversion_value IS NULL
            AND user_id IS NOT NULL
    ) AS of_user WHERE {IN_WINDOW}
"""
_SENT_AGAIN = f"""
    SELECT event_id, referrer_id, event_type, user_id, device_fingerprint, false AS is_repeated,
        row_number() OVER (
            PARTITION BY device_fingerprint, link_id, event_type, date_trunc('minute', occurred_at)
            ORDER BY occurred_at, event_id
        ) AS place
    FROM referrals
    WHERE may_repeat AND {IN_WINDOW} AND device_fingerprint IS NOT NULL AND link_id IS NOT NULL
"""
_DUPLICATES = text(f"""
    SELECT referrer_id, count(DISTINCT event_id) AS duplicates,
        count(*) FILTER (WHERE is_repeated) AS repeated, count(*) FILTER (WHERE NOT is_repeated) AS sent_again,
        array_remove((array_agg(DISTINCT user_id))[1:{SHOWN_IDS}], NULL) AS users,
        array_remove((array_agg(DISTINCT device_fingerprint))[1:{SHOWN_IDS}], NULL) AS devices,
        coalesce(array_agg(DISTINCT event_id) FILTER (WHERE event_type = 'conversion'), '{{}}') AS conversions
    FROM ({_REPEATED} UNION ALL {_SENT_AGAIN}) AS event WHERE place > 1 GROUP BY referrer_id
""")


def find_duplicates(connection: Connection, window: Window) -> list[Finding]:
    """Every referrer who is credited for an event that counted before."""
    return [
        Finding(
            row.referrer_id,
            "duplicate",
            statistic=row.duplicates,
            expected=0,
            evidence={
                "repeated_conversions": row.repeated,
                "same_minute": row.sent_again,
                "user_ids": row.users,
                "device_ids": row.devices,
            },
            conversions=frozenset(row.conversions),
        )
        for row in connection.execute(_DUPLICATES, window)
    ]
