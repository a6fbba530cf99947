"""Indexes of content and of who gets the credit, built without locking out writers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = [
    ("idx_study_sessions_inserted_at", "study_sessions", ["inserted_at"], None),
    ("idx_parent_shares_opt_out", "parent_shares", ["inserted_at", "view_count"], None),
    ("idx_progress_reels_inserted_at", "progress_reels", ["inserted_at"], None),
    (
        "idx_attribution_events_referrer",
        "attribution_events",
        ["referrer_id", "occurred_at"],
        "referrer_id IS NOT NULL",
    ),
    ("idx_attribution_links_referrer", "attribution_links", ["referrer_id", "inserted_at"], None),
]


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, table, columns, where in INDEXES:
            op.create_index(
                name,
                table,
                columns,
                postgresql_concurrently=True,
                if_not_exists=True,
                postgresql_where=sa.text(where) if where else None,
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, table, _columns, _where in INDEXES:
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
