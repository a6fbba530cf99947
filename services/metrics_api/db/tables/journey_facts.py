"""Facts that follow from user_journeys and active_weeks alone; `ingest/journeys` and `ingest/cycles` keep them."""

from sqlalchemy import Column, Computed, Date, Double, Index, Integer, Table, Text

from metrics_api.db.tables.columns import count_column, metadata

funnel_per_day = Table(
    "funnel_per_day",
    metadata,
    Column("day", Date, primary_key=True, comment="Of the first click"),
    Column("source", Text, primary_key=True, comment="The loop they came through; empty where none is known"),
    *(count_column(name) for name in ("clicked", "visited", "signed_up", "converted", "activated")),
    comment="People of user_journeys by the steps that they reached",
)

users_per_cohort_week = Table(
    "users_per_cohort_week",
    metadata,
    Column("signup_week", Date, primary_key=True),
    Column("week", Date, primary_key=True),
    Column("source", Text, primary_key=True, comment="As in funnel_per_day"),
    count_column("users"),
    comment="Users of a signup week who were active in it or in a week after it",
)

signups_per_day = Table(
    "signups_per_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", Text, primary_key=True, comment="Empty for all users, and for inviters through any loop"),
    count_column("users"),
    count_column("inviters"),
    comment="Users by the day of their signup, and those who have brought another one through the loop",
)

cycles = Table(
    "cycles",
    metadata,
    Column("person", Text, primary_key=True, comment="Who was brought, as in user_journeys"),
    Column("referrer_id", Text, nullable=False),
    Column("inviter_day", Date, nullable=False, comment="Of the signup of the referrer"),
    Column("day", Date, nullable=False, comment="Of the signup of the person"),
    Column("source", Text, nullable=False, comment="As in funnel_per_day"),
    Column("hours", Double, nullable=False, comment="From one signup to the other"),
    Column("bucket", Integer, Computed("width_bucket(ln(hours + 1), 0, 12, 240)", persisted=True), nullable=False),
    comment="Signups of people whose referrer had signed up before",
)
Index("idx_cycles_referrer", cycles.c.referrer_id, cycles.c.source)
Index("idx_cycles_bucket", cycles.c.bucket, cycles.c.day, postgresql_include=["source", "hours"])

cycles_per_day = Table(
    "cycles_per_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    count_column("cycles"),
    comment="Cycles by how long they took",
)
