"""What children share, what is wrong with it, the score's history, alerts and trusted networks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="open, acknowledged, snoozed, resolved or false_positive"
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True, comment="Empty where it ended by itself"),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idx_alerts_opened_at", "alerts", ["opened_at"], unique=False)
    op.create_index(
        "uq_alerts_unresolved",
        "alerts",
        ["type"],
        unique=True,
        postgresql_where=sa.text("status IN ('open', 'acknowledged', 'snoozed')"),
    )
    op.create_table(
        "health_history",
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("health_score", sa.Double(), nullable=False),
        sa.Column("health_status", sa.Text(), nullable=False),
        sa.Column("deductions", postgresql.JSONB(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idx_health_history_computed_at", "health_history", ["computed_at"], unique=False)
    op.create_table(
        "parent_shares",
        sa.Column("share_id", sa.Text(), nullable=False),
        sa.Column("share_type", sa.Text(), nullable=True),
        sa.Column("share_data", postgresql.JSONB(), nullable=False),
        sa.Column("view_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("actor", sa.Text(), server_default=sa.text("'child'"), nullable=False),
        sa.Column("media", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scanner_version", sa.Integer(), nullable=False),
        sa.Column("violating", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("share_id"),
    )
    op.create_table(
        "progress_reels",
        sa.Column("reel_id", sa.Text(), nullable=False),
        sa.Column("reel_type", sa.Text(), nullable=True),
        sa.Column("reel_data", postgresql.JSONB(), nullable=False),
        sa.Column("view_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("media", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scanner_version", sa.Integer(), nullable=False),
        sa.Column("violating", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("reel_id"),
    )
    op.create_table(
        "study_sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("participant_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_table(
        "trusted_networks",
        sa.Column("cidr", postgresql.CIDR(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cidr"),
    )
    op.create_table(
        "violations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("content_kind", sa.Text(), nullable=False, comment="parent_share or progress_reel"),
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="RFC 6901 pointer to the place"),
        sa.Column("masked", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("scanner_version", sa.Integer(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True, comment="removed or false_positive"),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("content_kind", "content_id", "type", "path", "masked", name="uq_violations_place"),
    )
    op.create_index("idx_violations_inserted_at", "violations", ["inserted_at"], unique=False)
    op.add_column(
        "content_per_day", sa.Column("participants", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("content_per_day", sa.Column("checked", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "content_per_day", sa.Column("violating", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.alter_column(
        "content_per_day",
        "kind",
        existing_type=sa.TEXT(),
        comment="link, parent_share, progress_reel or study_session",
        existing_comment="link",
        existing_nullable=False,
    )


def downgrade() -> None:
    for column in ("participants", "checked", "violating"):
        op.drop_column("content_per_day", column)
    op.drop_table("violations")
    op.drop_table("trusted_networks")
    op.drop_table("study_sessions")
    op.drop_table("progress_reels")
    op.drop_table("parent_shares")
    op.drop_table("health_history")
    op.drop_table("alerts")
