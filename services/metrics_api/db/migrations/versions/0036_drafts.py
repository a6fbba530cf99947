"""Drafts of thresholds, and what their replay found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", JSONB(), nullable=False, comment="Thresholds that differ from the live ones, by name"),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("shadow_since", sa.Date(), comment="Set while it runs beside the live settings"),
        sa.Column(
            "is_replayed", sa.Boolean(), nullable=False, server_default=sa.text("false"), comment="Every date of it is"
        ),
        sa.Column("is_promoted", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
    )
    op.create_index("idx_drafts_shadow", "drafts", ["id"], postgresql_where=sa.text("shadow_since IS NOT NULL"))
    op.create_table(
        "draft_days",
        sa.Column("draft_id", sa.BigInteger(), sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "live", JSONB(), nullable=False, comment="Score, clean K and alerts of the 7 days that end with the day"
        ),
        sa.Column("draft", JSONB(), nullable=False),
    )
    op.create_table(
        "power_results",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("plant", sa.Text(), primary_key=True, comment="farm, flood or ring"),
        sa.Column("size", sa.Integer(), primary_key=True),
        sa.Column("planted", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        comment="What the rules found of frauds planted in a copy of the facts of the 8 weeks that end with the day",
    )


def downgrade() -> None:
    op.drop_table("power_results")
    op.drop_table("draft_days")
    op.drop_table("drafts")
