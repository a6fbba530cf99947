"""How new events change what is known of referrals: signups and conversions with a referrer, and the click before them.

A referral and a click belong together when they are of one person and one referrer. Whichever of the two is folded
last finds the other.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from metrics_api.db.event_types import (
    ACTION_KEY,
    EVENT_TYPES_SQL,
    HAS_NO_VALUE,
    IS_COUNTED,
    USER_KEY,
    build_click_key,
    build_pair_key,
)
from metrics_api.db.tables import MOST_CONNECTED_USERS
from metrics_api.ingest.staging import PERSON

_LONGEST = "interval '7 days'"


def _is_of_pair(table: str, person: str, key: str, of: str) -> str:
    """Whether a row is of the person and the referrer of `of`.

    Found by the key, which only the index on pairs has: how many rows of others it would read, the planner does not
    know.
    """
    return f"""{key} = {build_pair_key(f"{of}.person", f"{of}.referrer_id")}
        AND {person} IS NOT DISTINCT FROM {of}.person AND {table}.referrer_id IS NOT DISTINCT FROM {of}.referrer_id"""


def _last_click(of: str) -> str:
    """When the person clicked last before: one row of an index, however much the person has clicked."""
    return f"""
        SELECT event.occurred_at FROM attribution_events AS event
        WHERE {_is_of_pair("event", PERSON, f"({build_click_key(PERSON, 'referrer_id')})", of)}
            AND event.occurred_at BETWEEN {of}.occurred_at - {_LONGEST} AND {of}.occurred_at
        ORDER BY event.occurred_at DESC LIMIT 1
    """


_KEY = build_pair_key("referral.person", "referral.referrer_id")
# OFFSET 0 makes the planner look each of them up by an index.
_WAITING = f"""
    SELECT event_id FROM referrals AS referral
    WHERE {_is_of_pair("referral", "referral.person", _KEY, "new_event")}
        AND referral.occurred_at BETWEEN new_event.occurred_at AND new_event.occurred_at + {_LONGEST}
        AND (clicked_at IS NULL OR clicked_at < new_event.occurred_at)
    OFFSET 0
"""
# Of several with one key all but the first may repeat: where two are known, both are known to.
_SAME_KEY = f"""
    SELECT event_id, may_repeat FROM (
        (SELECT event_id, may_repeat FROM referrals WHERE {USER_KEY} = referred.without_value AND {HAS_NO_VALUE}
        LIMIT 2)
        UNION ALL (SELECT event_id, may_repeat FROM referrals WHERE {ACTION_KEY} = referred.action
            AND occurred_at >= referred.minute AND occurred_at < referred.minute + interval '1 minute' LIMIT 2)
    ) AS of_one_key
"""
# Of a user's referrals all are marked as of a user who refers others, or none: one says it of all.
REFERRALS = text(f"""
    WITH late AS (
        SELECT referral.event_id, max(occurred_at) AS clicked_at
        FROM new_events AS new_event CROSS JOIN LATERAL ({_WAITING}) AS referral
        WHERE event_type = 'click' AND referrer_id IS NOT NULL AND person IS NOT NULL
        GROUP BY referral.event_id
    ), referred AS MATERIALIZED (
        SELECT *, CASE WHEN {HAS_NO_VALUE} THEN {USER_KEY} END AS without_value, {ACTION_KEY} AS action,
            date_trunc('minute', occurred_at) AS minute
        FROM new_events AS new_event
            CROSS JOIN LATERAL (
                SELECT user_agent, conversion_value FROM attribution_events WHERE event_id = new_event.event_id OFFSET 0
            ) AS stored
        WHERE event_type IN ('signup', 'conversion') AND referrer_id IS NOT NULL
    ), repeated AS MATERIALIZED (
        SELECT referred.event_id AS repeated_by, known.event_id, known.may_repeat
        FROM referred CROSS JOIN LATERAL ({_SAME_KEY}) AS known
    ), referred_before AS (
        SELECT known.event_id FROM (SELECT DISTINCT referrer_id FROM referred) AS referrer
            CROSS JOIN LATERAL (
                SELECT user_refers FROM referrals WHERE user_id = referrer.referrer_id LIMIT 1
            ) AS any_known
            CROSS JOIN LATERAL (
                SELECT event_id FROM referrals WHERE user_id = referrer.referrer_id OFFSET 0
            ) AS known
        WHERE NOT any_known.user_refers
    ), updated AS (
        UPDATE referrals AS fact SET clicked_at = coalesce(change.clicked_at, fact.clicked_at),
            may_repeat = fact.may_repeat OR change.may_repeat, user_refers = fact.user_refers OR change.user_refers
        FROM (
            SELECT event_id, max(clicked_at) AS clicked_at, bool_or(may_repeat) AS may_repeat,
                bool_or(user_refers) AS user_refers
            FROM (
                SELECT event_id, clicked_at, false AS may_repeat, false AS user_refers FROM late
                UNION ALL SELECT event_id, NULL, true, false FROM repeated WHERE NOT may_repeat
                UNION ALL SELECT event_id, NULL, false, true FROM referred_before
            ) AS found GROUP BY event_id
        ) AS change
        WHERE fact.event_id = change.event_id
    )
    INSERT INTO referrals (event_id, day, occurred_at, event_type, referrer_id, person, user_id, device_fingerprint,
        network, link_id, source, user_agent, conversion_value, clicked_at, campaign, may_repeat,
        user_refers)
    SELECT event_id, day, occurred_at, event_type, referrer_id, person, user_id, device_fingerprint,
        network, link_id, source, user_agent, conversion_value, ({_last_click("referred")}), campaign,
        event_id IN (SELECT repeated_by FROM repeated)
            OR count(without_value) OVER (PARTITION BY without_value) > 1
            OR count(action) OVER (PARTITION BY action, minute) > 1,
        user_id IS NOT NULL AND (
            user_id IN (SELECT referrer_id FROM referred)
            OR EXISTS (SELECT FROM referrals AS given WHERE given.referrer_id = referred.user_id OFFSET 0)
            OR coalesce((SELECT user_refers FROM referrals AS own WHERE own.user_id = referred.user_id LIMIT 1), false)
        )
    FROM referred
""")

_CLICKS_AGAIN = text(f"""
    UPDATE referrals AS fact SET clicked_at = ({_last_click("fact")})
    WHERE person IN (SELECT person FROM recalled_people)
""")

# Enough of a device's users to know whether there are too many.
_FIRST_USERS = f"""(
    SELECT count(*) FROM (
        SELECT FROM device_users AS used WHERE used.device_fingerprint = {{device}} LIMIT {MOST_CONNECTED_USERS + 1}
    ) AS first_users
)"""
_CONNECTS = f"BETWEEN 2 AND {MOST_CONNECTED_USERS}"
# A pair that is known on these dates is not written. One that is not can be inserted without looking for a conflict:
# nobody else folds. The users whose device connects from now on, or no longer, are few.
DEVICE_USERS = text(f"""
    WITH pair AS MATERIALIZED (
        SELECT device_fingerprint, user_id, new_pair.first_day, new_pair.last_day, known.first_day IS NULL AS is_new
        FROM (
            SELECT device_fingerprint, user_id, min(day) AS first_day, max(day) AS last_day FROM new_events
            WHERE device_fingerprint IS NOT NULL AND user_id IS NOT NULL GROUP BY device_fingerprint, user_id
        ) AS new_pair LEFT JOIN LATERAL (
            SELECT first_day, last_day FROM device_users AS pair
            WHERE pair.device_fingerprint = new_pair.device_fingerprint AND pair.user_id = new_pair.user_id LIMIT 1
        ) AS known ON true
        WHERE known.first_day IS NULL OR new_pair.first_day < known.first_day OR new_pair.last_day > known.last_day
    ), device AS MATERIALIZED (
        SELECT device_fingerprint, users_before, users_before + new_users {_CONNECTS} AS connects
        FROM (
            SELECT device_fingerprint, count(*) AS new_users, {_FIRST_USERS.format(device="pair.device_fingerprint")}
                AS users_before
            FROM pair WHERE is_new GROUP BY device_fingerprint
        ) AS counted
    ), changed AS (
        SELECT device_fingerprint, user_id, first_day, last_day, NULL AS connects FROM pair WHERE NOT is_new
        UNION ALL
        SELECT device_fingerprint, known.user_id, NULL, NULL, connects FROM device CROSS JOIN LATERAL (
            SELECT user_id FROM device_users AS known
            WHERE known.device_fingerprint = device.device_fingerprint OFFSET 0
        ) AS known
        WHERE users_before BETWEEN 1 AND {MOST_CONNECTED_USERS} AND connects <> (users_before {_CONNECTS})
    ), updated AS (
        UPDATE device_users AS fact SET first_day = least(fact.first_day, longer.first_day),
            last_day = greatest(fact.last_day, longer.last_day), connects = coalesce(longer.connects, fact.connects)
        FROM (
            SELECT device_fingerprint, user_id, min(first_day) AS first_day, max(last_day) AS last_day,
                bool_or(connects) AS connects
            FROM changed GROUP BY device_fingerprint, user_id
        ) AS longer
        WHERE (fact.device_fingerprint, fact.user_id) = (longer.device_fingerprint, longer.user_id)
    )
    INSERT INTO device_users (device_fingerprint, user_id, first_day, last_day, connects)
    SELECT device_fingerprint, user_id, first_day, last_day, connects
    FROM pair JOIN device USING (device_fingerprint) WHERE is_new
""")
_COUNT_USERS_AGAIN = text(f"""
    UPDATE device_users AS fact SET connects = users {_CONNECTS}
    FROM (
        SELECT device, {_FIRST_USERS.format(device="device")} AS users FROM unnest(CAST(:devices AS text[])) AS device
    ) AS counted
    WHERE fact.device_fingerprint = device AND users <= {MOST_CONNECTED_USERS}
        AND fact.connects IS DISTINCT FROM users {_CONNECTS}
""")


SETTLED_AT_ONCE = 5_000
# Longer than evaluations are apart.
_OVERDUE = timedelta(hours=1)
# What programs sent in someone's name does not count; they choose how much it is.
_LOOKED_UP_EVENTS = 100
_IS_UNSETTLED = f"""
    active_again IS NULL AND event_type = 'conversion' AND person IS NOT NULL
        AND occurred_at < CAST(:now AS timestamptz) - {_LONGEST}
"""
_ARE_OVERDUE = text(f"SELECT EXISTS (SELECT FROM referrals WHERE {_IS_UNSETTLED})")
_SETTLE = text(f"""
    UPDATE referrals AS fact SET active_again = EXISTS (
        SELECT FROM unnest({EVENT_TYPES_SQL}) AS kind CROSS JOIN LATERAL (
            SELECT traffic_class FROM attribution_events AS event
            WHERE {PERSON} = fact.person AND event.event_type = kind
                AND event.occurred_at BETWEEN fact.occurred_at + interval '1 hour' AND fact.occurred_at + {_LONGEST}
            LIMIT {_LOOKED_UP_EVENTS}
        ) AS later WHERE {IS_COUNTED}
    )
    WHERE event_id IN (
        SELECT event_id FROM referrals WHERE {_IS_UNSETTLED}
        ORDER BY occurred_at LIMIT {SETTLED_AT_ONCE} FOR UPDATE SKIP LOCKED
    )
""")


def delete_device_users(connection: Connection, condition: str, values: Mapping[str, object]) -> int:
    """Delete the pairs on which the condition holds, and say which of their devices still connect users."""
    statement = text(f"DELETE FROM device_users WHERE {condition} RETURNING device_fingerprint")
    devices = connection.execute(statement, values).scalars().all()
    count_users_again(connection, devices)
    return len(devices)


def count_users_again(connection: Connection, devices: Collection[str]) -> None:
    """Say which of the devices connect users, after pairs of theirs were written or deleted without a fold."""
    connection.execute(_COUNT_USERS_AGAIN, {"devices": sorted({*devices})})


def find_clicks_again(connection: Connection) -> None:
    """Find the clicks before the referrals of the people in `recalled_people`, whose events have become fewer."""
    connection.execute(_CLICKS_AGAIN)


def settle_referrals(connection: Connection, *, now: datetime) -> int:
    """Say of some conversions whether their person came back: between an hour and 7 days later; returns the number."""
    return connection.execute(_SETTLE, {"now": now}).rowcount


def are_referrals_settled(connection: Connection, *, now: datetime) -> bool:
    """Whether `settle_referrals` has caught up, as it has not for a while after a rebuild."""
    are_overdue: bool = connection.execute(_ARE_OVERDUE, {"now": now - _OVERDUE}).scalar_one()
    return not are_overdue
