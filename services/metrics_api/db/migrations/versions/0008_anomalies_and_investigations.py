"""Indexes for conversion anomalies and for the history of a device, built without locking out writers."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "idx_activity_per_referrer_day_conversions",
            "activity_per_referrer_day",
            ["day", "referrer_id"],
            postgresql_concurrently=True,
            if_not_exists=True,
            postgresql_where=sa.text("conversions > 0"),
            postgresql_include=["conversions"],
        )
        op.create_index(
            "idx_attribution_events_device_history",
            "attribution_events",
            ["device_fingerprint", "occurred_at"],
            postgresql_concurrently=True,
            if_not_exists=True,
            postgresql_where=sa.text("event_type <> 'click'"),
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "idx_attribution_events_device_history",
            "attribution_events",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.drop_index(
            "idx_activity_per_referrer_day_conversions",
            "activity_per_referrer_day",
            postgresql_concurrently=True,
            if_exists=True,
        )
