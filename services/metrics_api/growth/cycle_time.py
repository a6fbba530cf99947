"""How long it takes until a user's invite has brought the next user."""

from sqlalchemy import Connection, text

from metrics_api.detection.query import Query
from metrics_api.growth.activity import CAME_THROUGH
from viral_contract.models.growth import CycleTimeAnswer

# A referral after the signup did not bring the user, who was there before.
_CYCLE_TIME = text(f"""
    WITH pair AS (
        SELECT inviter.person,
            extract(epoch FROM invited.first_signup_at - inviter.first_signup_at) / 3600.0 AS hours
        FROM user_journeys invited JOIN user_journeys inviter ON inviter.person = 'user:' || invited.referrer_id
        WHERE invited.first_signup_at >= :first AND invited.first_signup_at < :behind
            AND invited.first_signup_at >= inviter.first_signup_at AND invited.first_signup_at >= invited.referred_at
            AND invited.person <> inviter.person AND {CAME_THROUGH.format(person="invited.")}
    )
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS median_hours,
        percentile_cont(0.75) WITHIN GROUP (ORDER BY hours) AS p75_hours, count(*) AS pairs
    FROM pair
""")

# Users of the period who have not brought anybody yet; their cycle is still open.
_OPEN = text(f"""
    SELECT count(*) FROM user_journeys inviter
    WHERE person LIKE 'user:%' AND first_signup_at >= :first AND first_signup_at < :behind
        AND NOT EXISTS (
            SELECT FROM user_journeys invited
            WHERE invited.referrer_id = substr(inviter.person, 6) AND invited.person <> inviter.person
                AND invited.first_signup_at >= inviter.first_signup_at
                AND invited.first_signup_at >= invited.referred_at
                AND {CAME_THROUGH.format(person="invited.")})
""")


def fetch_cycle_time(connection: Connection, query: Query) -> CycleTimeAnswer:
    """Hours from a user's signup to the signup in the period of each user they had referred by then.

    With a loop, only those count who came through it.
    """
    moments = {"first": query.period.begins_at, "behind": query.period.ends_before, "source": query.filter.source}
    row = connection.execute(_CYCLE_TIME, moments).one()
    return CycleTimeAnswer(
        period=query.period,
        computed_at=query.now,
        median_hours=row.median_hours,
        p75_hours=row.p75_hours,
        pairs=row.pairs,
        open=connection.execute(_OPEN, moments).scalar_one(),
    )
