"""How new events and changed journeys change in which weeks users were active, and what the cohorts count of that."""

from sqlalchemy import text

_SIGNUP_WEEK = "date_trunc('week', signup_at AT TIME ZONE 'UTC')::date"
_COUNT = f"""
    INSERT INTO users_per_cohort_week AS fact (signup_week, week, source, users)
    SELECT {_SIGNUP_WEEK}, week, source, sum(users) FROM counted
    WHERE week >= {_SIGNUP_WEEK} GROUP BY 1, 2, 3 HAVING sum(users) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (signup_week, week, source) DO UPDATE SET users = fact.users + excluded.users
"""
# Nobody else folds, so that nobody else inserts the same. The weeks that were known move with
# signups and loops; the new ones count by what the journey is now.
ACTIVE_WEEKS = text(f"""
    WITH new_week AS (
        INSERT INTO active_weeks (week, person)
        SELECT week, person FROM (
            SELECT DISTINCT date_trunc('week', day)::date AS week, person FROM new_events WHERE person LIKE 'user:%'
        ) AS active LEFT JOIN LATERAL (
            SELECT true AS is_known FROM active_weeks AS fact
            WHERE fact.week = active.week AND fact.person = active.person LIMIT 1
        ) AS known ON true
        WHERE is_known IS NULL
        RETURNING week, person
    ), counted AS (
        SELECT signup_at, week, source, 1 AS users FROM new_week CROSS JOIN LATERAL (
            SELECT first_signup_at AS signup_at, coalesce(click_source, source, '') AS source FROM user_journeys
            WHERE person = new_week.person AND first_signup_at IS NOT NULL OFFSET 0
        ) AS journey
        UNION ALL
        SELECT signup_at, week, source, users FROM changed_journeys AS changed CROSS JOIN LATERAL (
            SELECT week FROM active_weeks WHERE person = changed.person OFFSET 0
        ) AS known CROSS JOIN LATERAL (
            VALUES (old_signup_at, old_source, -1), (new_signup_at, new_source, 1)
        ) AS state (signup_at, source, users)
        WHERE has_moved AND signup_at IS NOT NULL
    )
    {_COUNT}
""")
FORGET_WEEKS = text(f"""
    WITH gone AS (
        DELETE FROM active_weeks WHERE person IN (SELECT person FROM recalled_people) RETURNING week, person
    ), counted AS (
        SELECT old_signup_at AS signup_at, week, old_source AS source, -1 AS users
        FROM gone JOIN changed_journeys USING (person) WHERE old_signup_at IS NOT NULL
    )
    {_COUNT}
""")
"""Of the people whose journeys were forgotten just before."""
