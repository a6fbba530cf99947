"""Finds since when a loop's events have carried personal information without reading all that is known."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLE, INDEX = "event_pii_per_day", "idx_event_pii_per_day_first_seen"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            INDEX, TABLE, ["source", "field", "pii_type", "day"], postgresql_concurrently=True, if_not_exists=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, TABLE, postgresql_concurrently=True, if_exists=True)
