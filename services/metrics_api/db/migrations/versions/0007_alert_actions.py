"""What was done with one alert, found by index, and history points that know whether there was data."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "idx_audit_entries_subject",
            "audit_entries",
            ["subject", "id"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )
    op.add_column("health_history", sa.Column("has_data", sa.Boolean(), server_default=sa.text("true"), nullable=False))


def downgrade() -> None:
    op.drop_column("health_history", "has_data")
    with op.get_context().autocommit_block():
        op.drop_index("idx_audit_entries_subject", "audit_entries", postgresql_concurrently=True, if_exists=True)
