"""Indexes of events and links, built without locking out writers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = [
    ("idx_attribution_events_ip_address", "attribution_events", ["ip_address"], None),
    ("idx_attribution_events_fraud_detection", "attribution_events", ["ip_address", "occurred_at"], None),
    ("idx_attribution_events_event_type", "attribution_events", ["event_type", "occurred_at"], None),
    ("idx_attribution_events_device_fingerprint", "attribution_events", ["device_fingerprint"], None),
    (
        "idx_attribution_events_bot_detection",
        "attribution_events",
        ["device_fingerprint", "occurred_at"],
        "event_type = 'click'",
    ),
    ("idx_attribution_events_link_id", "attribution_events", ["link_id"], "link_id IS NOT NULL"),
    ("idx_attribution_links_opt_out", "attribution_links", ["inserted_at", "click_count"], None),
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
