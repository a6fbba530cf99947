"""How changed journeys change the cycles: from the signup of a user to the signup of each person they had referred.

A referral after the signup did not bring the user, who was there before.
"""

from sqlalchemy import text

# OFFSET 0 makes the planner look each of them up by an index.
_FRESH = """
    moved AS (
        SELECT person, bool_or(old_signup_at IS DISTINCT FROM new_signup_at) AS has_signup_moved
        FROM changed_journeys WHERE has_moved GROUP BY person
    ), touched AS (
        SELECT person FROM moved
        UNION
        SELECT invited.person FROM moved CROSS JOIN LATERAL (
            SELECT person FROM user_journeys
            WHERE referrer_id = substr(moved.person, 6) AND first_signup_at IS NOT NULL OFFSET 0
        ) AS invited
        WHERE moved.person LIKE 'user:%' AND has_signup_moved
    ), fresh AS (
        SELECT touched.person, pair.referrer_id, inviter_day, day, source, hours
        FROM touched LEFT JOIN LATERAL (
            SELECT invited.referrer_id, (inviter.first_signup_at AT TIME ZONE 'UTC')::date AS inviter_day,
                (invited.first_signup_at AT TIME ZONE 'UTC')::date AS day,
                coalesce(invited.click_source, invited.source, '') AS source,
                extract(epoch FROM invited.first_signup_at - inviter.first_signup_at) / 3600.0 AS hours
            FROM user_journeys AS invited
                JOIN user_journeys AS inviter ON inviter.person = 'user:' || invited.referrer_id
            WHERE invited.person = touched.person AND invited.person <> inviter.person
                AND invited.first_signup_at >= inviter.first_signup_at
                AND invited.first_signup_at >= invited.referred_at
            OFFSET 0
        ) AS pair ON true
    )
"""
_COLUMNS = ("referrer_id", "inviter_day", "day", "source", "hours")
_KNOWN, _EXCLUDED = (", ".join(f"{of}.{name}" for name in _COLUMNS) for of in ("fact", "excluded"))
_OLD_AND_NEW = ", ".join(f"{at}.{name} AS {at}_{name}" for at in ("old", "new") for name in (*_COLUMNS, "bucket"))
_CHANGED = f"""
    gone AS (
        DELETE FROM cycles WHERE person = ANY(ARRAY(SELECT person FROM fresh WHERE referrer_id IS NULL))
        RETURNING {_OLD_AND_NEW}
    ), saved AS (
        INSERT INTO cycles AS fact (person, {", ".join(_COLUMNS)})
        SELECT person, {", ".join(_COLUMNS)} FROM fresh WHERE referrer_id IS NOT NULL ORDER BY person
        ON CONFLICT (person) DO UPDATE SET ({", ".join(_COLUMNS)}) = ({_EXCLUDED})
        WHERE ({_KNOWN}) <> ({_EXCLUDED})
        RETURNING {_OLD_AND_NEW}
    ), changed AS (
        SELECT state.* FROM (SELECT * FROM gone UNION ALL SELECT * FROM saved) AS cycle CROSS JOIN LATERAL (VALUES
            (old_referrer_id, old_inviter_day, old_day, old_source, old_bucket, -1),
            (new_referrer_id, new_inviter_day, new_day, new_source, new_bucket, 1)
        ) AS state (referrer_id, inviter_day, day, source, bucket, cycles)
        WHERE state.referrer_id IS NOT NULL
    )
"""
# Where the inviter's own signup moves, all cycles change with it; otherwise those that stay are of the same day. No
# more of what was known is read than is needed to know whether any of it stays.
_INVITERS = """
    inviter AS (
        SELECT referrer_id, loop, max(inviter_day) FILTER (WHERE cycles < 0) AS old_day,
            max(inviter_day) FILTER (WHERE cycles > 0) AS new_day,
            count(*) FILTER (WHERE cycles < 0) AS lost, count(*) FILTER (WHERE cycles > 0) AS gained
        FROM changed CROSS JOIN LATERAL (SELECT '' AS loop UNION SELECT source) AS counting
        GROUP BY referrer_id, loop
    ), known AS (
        SELECT inviter.*, (SELECT count(*) FROM (
            SELECT FROM cycles WHERE cycles.referrer_id = inviter.referrer_id AND (loop = '' OR source = loop)
            LIMIT lost + 1
        ) AS stored) AS before
        FROM inviter
    )
"""
CYCLES = text(f"""
    WITH {_FRESH}, {_CHANGED}, counted AS (
        INSERT INTO cycles_per_day AS fact (day, source, bucket, cycles)
        SELECT day, source, bucket, sum(cycles) FROM changed
        GROUP BY day, source, bucket HAVING sum(cycles) <> 0
        ON CONFLICT (day, source, bucket) DO UPDATE SET cycles = fact.cycles + excluded.cycles
    ), {_INVITERS}, signed_up AS (
        SELECT coalesce(old_day, new_day) AS day, loop AS source, 0 AS users, -1 AS inviters FROM known WHERE before > 0
        UNION ALL
        SELECT coalesce(new_day, old_day), loop, 0, 1 FROM known WHERE before - lost + gained > 0
        UNION ALL
        SELECT (signup_at AT TIME ZONE 'UTC')::date, '', users, 0
        FROM changed_journeys CROSS JOIN LATERAL (
            VALUES (old_signup_at, -1), (new_signup_at, 1)
        ) AS state (signup_at, users)
        WHERE has_moved AND person LIKE 'user:%' AND signup_at IS NOT NULL
    )
    INSERT INTO signups_per_day AS fact (day, source, users, inviters)
    SELECT day, source, sum(users), sum(inviters) FROM signed_up
    GROUP BY day, source HAVING sum(users) <> 0 OR sum(inviters) <> 0
    ON CONFLICT (day, source) DO UPDATE SET
        users = fact.users + excluded.users, inviters = fact.inviters + excluded.inviters
""")
