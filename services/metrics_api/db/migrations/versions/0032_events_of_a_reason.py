"""The events that got their traffic class for one reason, in the order of their time."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

EVENTS = "attribution_events"
INDEX = "idx_attribution_events_traffic_reason"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            INDEX,
            EVENTS,
            ["traffic_reason", "traffic_class", "occurred_at", "event_id"],
            postgresql_concurrently=True,
            if_not_exists=True,
            postgresql_where=sa.text("traffic_reason IS NOT NULL"),
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, EVENTS, postgresql_concurrently=True, if_exists=True)
