"""Rings: users connected by devices they share, who credit hardly anyone but one another.

Devices of more than 10 users connect nobody, and neither do those seen at a school or an office.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import networkx
from sqlalchemy import Connection, Row, text

from metrics_api.detection.referrers.finding import IN_WINDOW, IS_SHARED, SHARED, SHOWN_IDS, Finding, Window

_FEWEST_USERS = 3
_INSIDE_SHARE = 0.8

_WAS_USED = "last_day >= :start AND first_day <= :end"
_CREDITED = f"SELECT referrer_id, user_id FROM referrals WHERE {{column}} = {{user}} AND {IN_WINDOW} OFFSET 0"
# The few devices that connect anyone first, so that all else is looked up among them: OFFSET 0 makes the planner use
# an index for each.
_DEVICES = text(f"""
    WITH {SHARED}, connecting AS MATERIALIZED (
        SELECT DISTINCT device_fingerprint FROM device_users WHERE connects
    ), used AS MATERIALIZED (
        SELECT device_fingerprint, user_id FROM device_users JOIN connecting USING (device_fingerprint)
        WHERE connects AND {_WAS_USED} AND NOT EXISTS (
            SELECT FROM referrals WHERE {IN_WINDOW} AND {IS_SHARED}
                AND referrals.device_fingerprint = connecting.device_fingerprint OFFSET 0
        )
    )
    SELECT device_fingerprint, user_id FROM used
    WHERE EXISTS ({_CREDITED.format(column="referrals.user_id", user="used.user_id")})
        OR EXISTS ({_CREDITED.format(column="referrals.referrer_id", user="used.user_id")})
""")
_INSIDE = text(f"""
    WITH member AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:users AS text[]), CAST(:rings AS integer[])) AS member (user_id, ring)
    ), referral AS MATERIALIZED (
        SELECT referral.referrer_id, member.ring AS of_referrer, taker.ring AS of_user
        FROM member CROSS JOIN LATERAL ({_CREDITED.format(column="referrer_id", user="member.user_id")}) AS referral
            LEFT JOIN member AS taker ON taker.user_id = referral.user_id
        WHERE referral.user_id IS DISTINCT FROM referral.referrer_id
        UNION ALL
        SELECT referral.referrer_id, NULL, member.ring
        FROM member CROSS JOIN LATERAL ({_CREDITED.format(column="user_id", user="member.user_id")}) AS referral
            LEFT JOIN member AS giver ON giver.user_id = referral.referrer_id
        WHERE referral.user_id <> referral.referrer_id AND giver.ring IS NULL
    )
    SELECT ring, count(*) AS referrals, count(*) FILTER (WHERE is_inside) AS inside,
        array_agg(DISTINCT referrer_id) FILTER (WHERE is_inside) AS referrers
    FROM (
        SELECT of_referrer AS ring, referrer_id, of_user IS NOT DISTINCT FROM of_referrer AS is_inside FROM referral
        WHERE of_referrer IS NOT NULL
        UNION ALL
        SELECT of_user, referrer_id, false FROM referral
        WHERE of_user IS NOT NULL AND of_user IS DISTINCT FROM of_referrer
    ) AS touched GROUP BY ring
    HAVING count(*) FILTER (WHERE is_inside) >= {_INSIDE_SHARE} * count(*)
""")


def find_rings(connection: Connection, window: Window) -> list[Finding]:
    """Everyone who credits someone of their own ring."""
    rings = dict(enumerate(connect_users(connection.execute(_DEVICES, window))))
    members = [(user, ring) for ring, (users, _) in rings.items() for user in users]
    if not members:
        return []
    given = {"users": [user for user, _ in members], "rings": [ring for _, ring in members]}
    return format_rings(connection.execute(_INSIDE, {**window, **given}), rings)


def connect_users(rows: Iterable[Row[Any]]) -> list[tuple[list[str], list[str]]]:
    """Users and devices of every group of at least 3 users that devices connect."""
    graph = networkx.Graph((("user", row.user_id), ("device", row.device_fingerprint)) for row in rows)
    groups = (
        [sorted(name for kind, name in group if kind == wanted) for wanted in ("user", "device")]
        for group in networkx.connected_components(graph)
    )
    return [(users, devices) for users, devices in groups if len(users) >= _FEWEST_USERS]


def format_rings(rows: Iterable[Row[Any]], rings: Mapping[int, tuple[list[str], list[str]]]) -> list[Finding]:
    """A finding for every referrer inside a ring."""
    found = []
    for row in rows:
        users, devices = rings[row.ring]
        evidence = {
            "users": len(users),
            "devices": len(devices),
            "inside": row.inside,
            "user_ids": users[:SHOWN_IDS],
            "device_ids": devices[:SHOWN_IDS],
        }
        found += [
            Finding(
                referrer,
                "ring",
                statistic=row.inside / row.referrals,
                expected=_INSIDE_SHARE,
                n=row.referrals,
                evidence=evidence,
            )
            for referrer in row.referrers
        ]
    return found
