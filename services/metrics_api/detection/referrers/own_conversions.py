"""Referrers who credit themselves: by their own id, or on a device that they used themselves.

A device of more than 3 users, and one at a school or an office, says nothing about who used it.
"""

from sqlalchemy import Connection, text

from metrics_api.db.event_types import IS_COUNTED
from metrics_api.detection.referrers.finding import IN_WINDOW, IS_SHARED, SHARED, SHOWN_IDS, Finding, Window

_MOST_USERS = 3
_DAYS_BEFORE = 30
# The first and the last day decide, unless both lie outside these days: then the events on the device do.
_USED_BEFORE = f"""first_day <= day AND last_day >= day - {_DAYS_BEFORE}
    AND (first_day >= day - {_DAYS_BEFORE} OR last_day <= day OR EXISTS (
        SELECT FROM attribution_events AS event
        WHERE event.device_fingerprint = referrals.device_fingerprint AND event.user_id = referrals.referrer_id
            AND event.occurred_at >= (referrals.day - {_DAYS_BEFORE})::timestamp AT TIME ZONE 'UTC'
            AND event.occurred_at < (referrals.day + 1)::timestamp AT TIME ZONE 'UTC'
            AND {IS_COUNTED}
    ))"""
_FEW_USERS = f"""{_MOST_USERS} >= (
    SELECT count(*) FROM (
        SELECT FROM device_users AS any_user WHERE any_user.device_fingerprint = unknown.device_fingerprint
        LIMIT {_MOST_USERS + 1}
    ) AS first_users
)"""
# Whoever converted is a second user of the device, and few devices have two; those whom the app does not know are
# few, too. OFFSET 0 makes the planner look each of them up by an index.
_OWN = text(f"""
    WITH {SHARED}, own AS MATERIALIZED (
        SELECT device_fingerprint, user_id AS referrer_id, first_day, last_day FROM device_users JOIN (
            SELECT device_fingerprint FROM device_users WHERE connects
            GROUP BY device_fingerprint HAVING count(*) <= {_MOST_USERS}
        ) AS of_several USING (device_fingerprint) WHERE connects
    ), unknown AS MATERIALIZED (
        SELECT referrer_id, device_fingerprint, network FROM referrals CROSS JOIN LATERAL (
            SELECT first_day, last_day FROM device_users
            WHERE device_users.device_fingerprint = referrals.device_fingerprint
                AND device_users.user_id = referrals.referrer_id OFFSET 0
        ) AS used
        WHERE {IN_WINDOW} AND user_id IS NULL AND {_USED_BEFORE}
    ), on_own_device AS MATERIALIZED (
        SELECT referrals.referrer_id, user_id, referrals.device_fingerprint, network
        FROM own CROSS JOIN LATERAL (
            SELECT referrer_id, user_id, device_fingerprint, network, day FROM referrals
            WHERE referrals.device_fingerprint = own.device_fingerprint AND referrals.referrer_id = own.referrer_id
                AND {IN_WINDOW} AND user_id <> referrals.referrer_id OFFSET 0
        ) AS referrals
        WHERE {_USED_BEFORE}
        UNION ALL
        SELECT referrer_id, NULL, device_fingerprint, network FROM unknown WHERE {_FEW_USERS}
    ), found AS (
        SELECT referrer_id, user_id, NULL AS device_fingerprint FROM referrals
        WHERE {IN_WINDOW} AND user_id = referrer_id
        UNION ALL
        SELECT referrer_id, user_id, device_fingerprint FROM on_own_device WHERE NOT {IS_SHARED}
    )
    SELECT referrer_id, count(*) AS referrals, count(*) FILTER (WHERE user_id = referrer_id) AS by_user,
        array_remove((array_agg(DISTINCT user_id))[1:{SHOWN_IDS}], NULL) AS users,
        array_remove((array_agg(DISTINCT device_fingerprint))[1:{SHOWN_IDS}], NULL) AS devices
    FROM found GROUP BY referrer_id
""")


def find_self_referrals(connection: Connection, window: Window) -> list[Finding]:
    """Every referrer with a signup or conversion of their own."""
    return [
        Finding(
            row.referrer_id,
            "self_referral",
            statistic=row.referrals,
            expected=0,
            evidence={
                "same_user": row.by_user,
                "same_device": row.referrals - row.by_user,
                "user_ids": row.users,
                "device_ids": row.devices,
            },
        )
        for row in connection.execute(_OWN, window)
    ]
