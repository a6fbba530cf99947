"""Referrers who credit themselves: by their own id, or on a device that they used themselves.

A device of more than 3 users, and one at a school or an office, says nothing about who used it.
"""

from sqlalchemy import Connection, text

from metrics_api.detection.referrers.finding import IN_WINDOW, IS_SHARED, SHARED, SHOWN_IDS, Finding, Window

_MOST_USERS = 3
_DAYS_BEFORE = 30
_FEW_USERS = f"""{_MOST_USERS} >= (
    SELECT count(*) FROM (
        SELECT FROM device_users AS any_user WHERE any_user.device_fingerprint = on_own_device.device_fingerprint
        LIMIT {_MOST_USERS + 1}
    ) AS first_users
)"""
# Devices of referrers first: they are few beside all devices.
_OWN = text(f"""
    WITH {SHARED}, own AS MATERIALIZED (
        SELECT device_fingerprint, referrer_id, first_day, last_day
        FROM device_users JOIN (SELECT DISTINCT referrer_id FROM referrals WHERE {IN_WINDOW}) AS giver
            ON user_id = referrer_id
    ), on_own_device AS MATERIALIZED (
        SELECT referrer_id, user_id, device_fingerprint, network FROM referrals
            JOIN own USING (device_fingerprint, referrer_id)
        WHERE {IN_WINDOW} AND user_id IS DISTINCT FROM referrer_id
            AND first_day <= day AND last_day >= day - {_DAYS_BEFORE}
    ), found AS (
        SELECT referrer_id, user_id, NULL AS device_fingerprint FROM referrals
        WHERE {IN_WINDOW} AND user_id = referrer_id
        UNION ALL
        SELECT referrer_id, user_id, device_fingerprint FROM on_own_device WHERE NOT {IS_SHARED} AND {_FEW_USERS}
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
