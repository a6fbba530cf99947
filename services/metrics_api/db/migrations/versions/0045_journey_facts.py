"""What funnel, retention cohorts and cycle time read: counts that follow from journeys and active weeks.

They are filled here from what is stored. What the release before writes while this one takes over is right after the
rebuild that a new release starts.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

STEPS = ("clicked", "visited", "signed_up", "converted", "activated")
BUCKET = "width_bucket(ln(hours + 1), 0, 12, 240)"
FILL = (
    """
    INSERT INTO funnel_per_day (day, source, clicked, visited, signed_up, converted, activated)
    SELECT (first_click_at AT TIME ZONE 'UTC')::date, coalesce(click_source, source, ''), count(*),
        count(visited_at), count(signed_up_at), count(converted_at), count(activated_at)
    FROM user_journeys WHERE first_click_at IS NOT NULL GROUP BY 1, 2
    """,
    """
    WITH member AS (
        SELECT person, date_trunc('week', first_signup_at AT TIME ZONE 'UTC')::date AS signup_week,
            coalesce(click_source, source, '') AS source
        FROM user_journeys WHERE person LIKE 'user:%' AND first_signup_at IS NOT NULL
    )
    INSERT INTO users_per_cohort_week (signup_week, week, source, users)
    SELECT signup_week, week, source, count(*) FROM member JOIN active_weeks USING (person)
    WHERE week >= signup_week GROUP BY 1, 2, 3
    """,
    """
    INSERT INTO cycles (person, referrer_id, inviter_day, day, source, hours)
    SELECT invited.person, invited.referrer_id, (inviter.first_signup_at AT TIME ZONE 'UTC')::date,
        (invited.first_signup_at AT TIME ZONE 'UTC')::date, coalesce(invited.click_source, invited.source, ''),
        extract(epoch FROM invited.first_signup_at - inviter.first_signup_at) / 3600.0
    FROM user_journeys AS invited JOIN user_journeys AS inviter ON inviter.person = 'user:' || invited.referrer_id
    WHERE invited.person <> inviter.person AND invited.first_signup_at >= inviter.first_signup_at
        AND invited.first_signup_at >= invited.referred_at
    """,
    """
    INSERT INTO cycles_per_day (day, source, bucket, cycles)
    SELECT day, source, bucket, count(*) FROM cycles GROUP BY 1, 2, 3
    """,
    """
    INSERT INTO signups_per_day (day, source, users, inviters)
    SELECT day, source, sum(users), sum(inviters) FROM (
        SELECT (first_signup_at AT TIME ZONE 'UTC')::date AS day, '' AS source, 1 AS users, 0 AS inviters
        FROM user_journeys WHERE person LIKE 'user:%' AND first_signup_at IS NOT NULL
        UNION ALL
        SELECT inviter_day, loop, 0, count(DISTINCT referrer_id)
        FROM cycles CROSS JOIN LATERAL (SELECT '' AS loop UNION SELECT source) AS counting GROUP BY inviter_day, loop
    ) AS counted GROUP BY 1, 2
    """,
)


def upgrade() -> None:
    # Old releases that write meanwhile wait for the end.
    op.execute("LOCK TABLE user_journeys, active_weeks IN SHARE ROW EXCLUSIVE MODE")
    _find_weeks_by(["person", "week"])
    _create_counts()
    _create_cycles()
    for statement in FILL:
        op.execute(statement)


def _find_weeks_by(key: list[str]) -> None:
    op.drop_constraint("active_weeks_pkey", "active_weeks")
    op.create_primary_key("active_weeks_pkey", "active_weeks", key)


def _create_counts() -> None:
    op.create_table(
        "funnel_per_day",
        _key("day", sa.Date(), "Of the first click"),
        _key("source", sa.Text(), "The loop they came through; empty where none is known"),
        *(_count(name) for name in STEPS),
        comment="People of user_journeys by the steps that they reached",
    )
    op.create_table(
        "users_per_cohort_week",
        _key("signup_week", sa.Date()),
        _key("week", sa.Date()),
        _key("source", sa.Text(), "As in funnel_per_day"),
        _count("users"),
        comment="Users of a signup week who were active in it or in a week after it",
    )
    op.create_table(
        "signups_per_day",
        _key("day", sa.Date()),
        _key("source", sa.Text(), "Empty for all users, and for inviters through any loop"),
        _count("users"),
        _count("inviters"),
        comment="Users by the day of their signup, and those who have brought another one through the loop",
    )


def _create_cycles() -> None:
    op.create_table(
        "cycles",
        _key("person", sa.Text(), "Who was brought, as in user_journeys"),
        sa.Column("referrer_id", sa.Text(), nullable=False),
        sa.Column("inviter_day", sa.Date(), nullable=False, comment="Of the signup of the referrer"),
        sa.Column("day", sa.Date(), nullable=False, comment="Of the signup of the person"),
        sa.Column("source", sa.Text(), nullable=False, comment="As in funnel_per_day"),
        sa.Column("hours", sa.Double(), nullable=False, comment="From one signup to the other"),
        sa.Column(
            "bucket",
            sa.Integer(),
            sa.Computed(BUCKET, persisted=True),
            nullable=False,
        ),
        comment="Signups of people whose referrer had signed up before",
    )
    op.create_index("idx_cycles_referrer", "cycles", ["referrer_id", "source"])
    op.create_index("idx_cycles_bucket", "cycles", ["bucket", "day"], postgresql_include=["source", "hours"])
    op.create_table(
        "cycles_per_day",
        *(_key(name, kind) for name, kind in {"day": sa.Date(), "source": sa.Text(), "bucket": sa.Integer()}.items()),
        _count("cycles"),
        comment="Cycles by how long they took",
    )


def _key(name: str, kind: Any, comment: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, comment=comment)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))


def downgrade() -> None:
    for table in ("cycles_per_day", "cycles", "signups_per_day", "users_per_cohort_week", "funnel_per_day"):
        op.drop_table(table)
    _find_weeks_by(["week", "person"])
