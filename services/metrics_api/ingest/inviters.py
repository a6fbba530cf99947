"""How many different users invited: by the day on which they did, and the last day before on which they did.

Of a period, those are different whose previous day lies before it, so that nobody's days are read to count them. A loop
counts its own days; under no loop are those of all together.
"""

from datetime import date

from sqlalchemy import Connection, text

_KEY = 7_301_006
NEVER = "DATE '0001-01-01'"
"""The previous day where there is none."""

COUNT_INVITERS = f"""
    INSERT INTO inviters_per_day (source, day, previous_day, inviters)
    SELECT source, day, coalesce(previous_day, {NEVER}), count(*) FROM (
        SELECT source, day, lag(day) OVER (PARTITION BY source, referrer_id ORDER BY day) AS previous_day
        FROM (
            SELECT source, referrer_id, day FROM activity_per_referrer_day WHERE invites > 0 AND referrer_id <> ''
            UNION SELECT '', referrer_id, day FROM activity_per_referrer_day WHERE invites > 0 AND referrer_id <> ''
        ) AS invited
    ) AS inviting GROUP BY 1, 2, 3
"""

_INVITED = """FROM activity_per_referrer_day AS known
    WHERE known.referrer_id = inviter.referrer_id AND invites > 0 AND inviter.source IN ('', known.source)"""
# All days from the one before the first that turned to the one behind the last, with who had invited and who has now.
_FOLD = f"""
    turned AS (
        SELECT source, referrer_id, day, after > 0 AS invites FROM {{changed}} WHERE (before > 0) <> (after > 0)
    ), together AS MATERIALIZED (
        SELECT referrer_id, day, sum(CASE WHEN invites THEN 1 ELSE -1 END) AS more, (
            SELECT count(*) FROM activity_per_referrer_day AS known
            WHERE known.referrer_id = turned.referrer_id AND known.day = turned.day AND known.invites > 0
        ) AS loops
        FROM turned GROUP BY referrer_id, day
    ), step AS (
        SELECT source, referrer_id, day, invites FROM turned
        UNION ALL
        SELECT '', referrer_id, day, loops = 0 FROM together WHERE (loops > 0) <> (loops + more > 0)
    ), inviter AS (
        SELECT source, referrer_id, min(day) AS first, max(day) AS last FROM step GROUP BY source, referrer_id
    ), known AS (
        SELECT source, referrer_id, around.day FROM inviter CROSS JOIN LATERAL (
            SELECT max(day) AS day {_INVITED} AND day < first
            UNION ALL SELECT min(day) {_INVITED} AND day > last
            UNION ALL SELECT day {_INVITED} AND day > first AND day < last AND first < last
        ) AS around WHERE around.day IS NOT NULL
    ), counted AS (
        SELECT source, day, invited, invites,
            max(day) FILTER (WHERE invited) OVER earlier AS had_invited_on,
            max(day) FILTER (WHERE invites) OVER earlier AS has_invited_on
        FROM (
            SELECT source, referrer_id, day, bool_and(invited) AS invited, bool_and(invites) AS invites FROM (
                SELECT source, referrer_id, day, NOT invites AS invited, invites FROM step
                UNION ALL SELECT source, referrer_id, day, true, true FROM known
            ) AS each GROUP BY source, referrer_id, day
        ) AS days
        WINDOW earlier AS (
            PARTITION BY source, referrer_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
    INSERT INTO inviters_per_day AS fact (source, day, previous_day, inviters)
    SELECT source, day, coalesce(previous_day, {NEVER}), sum(change) FROM (
        SELECT source, day, had_invited_on AS previous_day, -1 AS change FROM counted WHERE invited
        UNION ALL
        SELECT source, day, has_invited_on, 1 FROM counted WHERE invites
    ) AS changes GROUP BY 1, 2, 3 HAVING sum(change) <> 0
    ON CONFLICT (source, day, previous_day) DO UPDATE SET inviters = fact.inviters + excluded.inviters
"""
_PURGE = text(f"""
    WITH purged AS (
        DELETE FROM inviters_per_day WHERE day < :cutoff
    ), first AS (
        DELETE FROM inviters_per_day
        WHERE day >= :cutoff AND previous_day < :cutoff AND previous_day > {NEVER} RETURNING *
    )
    INSERT INTO inviters_per_day AS fact (source, day, previous_day, inviters)
    SELECT source, day, {NEVER}, sum(inviters) FROM first GROUP BY source, day
    ON CONFLICT (source, day, previous_day) DO UPDATE SET inviters = fact.inviters + excluded.inviters
""")


def lock_inviters(connection: Connection) -> None:
    """Let no one else change who invited on which day until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEY})


def build_fold(changed: str) -> str:
    """The rest of a statement that changes invites, for those who began or ceased to have invited on a day.

    `changed` is its table of source, referrer_id, day and the numbers of invites, before and after. Activity is read as
    it was before the statement.
    """
    return _FOLD.format(changed=changed)


def purge_inviters(connection: Connection, cutoff: date) -> None:
    """Forget who invited before the date."""
    connection.execute(_PURGE, {"cutoff": cutoff})
