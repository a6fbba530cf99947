"""How new events change what is known of referrals: signups and conversions with a referrer, and the click before them.

A referral and a click belong together when they are of one person and one referrer. Whichever of the two is folded
last finds the other.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from metrics_api.db.event_types import EVENT_TYPES_SQL, IS_COUNTED, build_click_key, build_pair_key
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
REFERRALS = text(f"""
    WITH late AS (
        SELECT referral.event_id, max(occurred_at) AS clicked_at
        FROM new_events AS new_event CROSS JOIN LATERAL ({_WAITING}) AS referral
        WHERE event_type = 'click' AND referrer_id IS NOT NULL AND person IS NOT NULL
        GROUP BY referral.event_id
    ), clicked AS (
        UPDATE referrals AS fact SET clicked_at = late.clicked_at FROM late WHERE fact.event_id = late.event_id
    )
    INSERT INTO referrals (event_id, day, occurred_at, event_type, referrer_id, person, user_id, device_fingerprint,
        network, link_id, source, user_agent, conversion_value, clicked_at, campaign)
    SELECT event_id, day, occurred_at, event_type, referrer_id, person, user_id, device_fingerprint,
        network, link_id, source, user_agent, conversion_value, ({_last_click("new_event")}),
        campaign
    FROM new_events AS new_event
        CROSS JOIN LATERAL (
            SELECT user_agent, conversion_value FROM attribution_events WHERE event_id = new_event.event_id OFFSET 0
        ) AS stored
    WHERE event_type IN ('signup', 'conversion') AND referrer_id IS NOT NULL
""")

_CLICKS_AGAIN = text(f"""
    UPDATE referrals AS fact SET clicked_at = ({_last_click("fact")})
    WHERE person IN (SELECT person FROM recalled_people)
""")

# A pair that is known on these dates is not written. One that is not can be inserted without looking for a conflict:
# nobody else folds.
DEVICE_USERS = text("""
    WITH pair AS (
        SELECT device_fingerprint, user_id, new_pair.first_day, new_pair.last_day, known.first_day IS NULL AS is_new
        FROM (
            SELECT device_fingerprint, user_id, min(day) AS first_day, max(day) AS last_day FROM new_events
            WHERE device_fingerprint IS NOT NULL AND user_id IS NOT NULL GROUP BY device_fingerprint, user_id
        ) AS new_pair LEFT JOIN LATERAL (
            SELECT first_day, last_day FROM device_users AS pair
            WHERE pair.device_fingerprint = new_pair.device_fingerprint AND pair.user_id = new_pair.user_id LIMIT 1
        ) AS known ON true
        WHERE known.first_day IS NULL OR new_pair.first_day < known.first_day OR new_pair.last_day > known.last_day
    ), longer AS (
        UPDATE device_users AS fact
        SET first_day = least(fact.first_day, pair.first_day), last_day = greatest(fact.last_day, pair.last_day)
        FROM pair WHERE NOT is_new AND (fact.device_fingerprint, fact.user_id) = (pair.device_fingerprint, pair.user_id)
    )
    INSERT INTO device_users (device_fingerprint, user_id, first_day, last_day)
    SELECT device_fingerprint, user_id, first_day, last_day FROM pair WHERE is_new
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
