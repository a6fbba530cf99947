"""Events, links, the facts kept from them, and who may use the API."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activity_per_referrer_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("referrer_id", sa.Text(), nullable=False, comment="Empty where nobody gets the credit"),
        sa.Column("source", sa.Text(), nullable=False, comment="Empty where no loop is known"),
        sa.Column("invites", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("clicks", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("visits", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("signups", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("conversions", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("activations", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("day", "referrer_id", "source"),
    )
    op.create_table(
        "attribution_events",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("device_fingerprint", sa.Text(), nullable=True),
        sa.Column("link_id", sa.Text(), nullable=True),
        sa.Column("referrer_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("referrer_url", sa.Text(), nullable=True),
        sa.Column("landing_page", sa.Text(), nullable=True),
        sa.Column("conversion_value", sa.Double(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_table(
        "attribution_links",
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("referrer_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("target_url", sa.Text(), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("click_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("conversion_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("link_id"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=True),
        sa.Column(
            "once_key",
            sa.Text(),
            nullable=True,
            comment="Set where an action is noted once a person, route and hour",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once_key"),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False, comment="What each step works on, in order"),
        sa.Column("done_steps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "bursts_per_device_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device_fingerprint", sa.Text(), nullable=False),
        sa.Column("span_2", sa.Interval(), nullable=True),
        sa.Column("span_3", sa.Interval(), nullable=True),
        sa.Column("span_4", sa.Interval(), nullable=True),
        sa.Column("span_5", sa.Interval(), nullable=True),
        sa.Column("span_6", sa.Interval(), nullable=True),
        sa.Column("span_7", sa.Interval(), nullable=True),
        sa.Column("span_8", sa.Interval(), nullable=True),
        sa.Column("span_9", sa.Interval(), nullable=True),
        sa.Column("span_10", sa.Interval(), nullable=True),
        sa.PrimaryKeyConstraint("day", "device_fingerprint"),
        comment="Shortest time for 2 to 10 clicks in a row whose last lies on the day, up to 60 s",
    )
    op.create_table(
        "clicks_per_device_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device_fingerprint", sa.Text(), nullable=False),
        sa.Column("clicks", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_click_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_click_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "device_fingerprint"),
    )
    op.create_table(
        "clicks_per_ip_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=False),
        sa.Column("clicks", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("day", "ip_address"),
    )
    op.create_table(
        "content_per_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="link"),
        sa.Column("items", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unopened", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind"),
        comment="Items by the day of their creation, and how many of them nobody has opened yet",
    )
    op.create_table(
        "link_counts",
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("clicks", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("conversions", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("link_id"),
        comment="Counts by link id, known or not, so that a link announced late starts with its true counts",
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "sessions",
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("secret_hash"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "user_journeys",
        sa.Column("person", sa.Text(), nullable=False, comment="user:, session: or device: and the id"),
        sa.Column("first_click_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_signup_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_conversion_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_activation_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("referred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "referred_by_event",
            sa.Uuid(),
            nullable=True,
            comment="The earliest event with a referrer decides",
        ),
        sa.Column("referrer_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_index("idx_clicks_per_ip_day_worst", "clicks_per_ip_day", ["day", sa.text("clicks DESC")])


def downgrade() -> None:
    op.drop_table("user_journeys")
    op.drop_table("tokens")
    op.drop_table("sessions")
    op.drop_table("people")
    op.drop_table("link_counts")
    op.drop_table("content_per_day")
    op.drop_table("clicks_per_ip_day")
    op.drop_table("clicks_per_device_day")
    op.drop_table("bursts_per_device_day")
    op.drop_table("batches")
    op.drop_table("audit_entries")
    op.drop_table("attribution_links")
    op.drop_table("attribution_events")
    op.drop_table("activity_per_referrer_day")
