"""An index of the violations that wait for somebody, which every evaluation counts."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "idx_violations_open",
            "violations",
            ["inserted_at"],
            postgresql_concurrently=True,
            if_not_exists=True,
            postgresql_where=sa.text("resolution IS NULL"),
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("idx_violations_open", "violations", postgresql_concurrently=True, if_exists=True)
