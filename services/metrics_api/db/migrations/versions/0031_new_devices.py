"""Which devices of a network are new: their earlier dates, and a sample of them, by index."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

DEVICES = "idx_clicks_per_device_day_device"
SAMPLE = "idx_devices_per_network_day_sample"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            DEVICES,
            "clicks_per_device_day",
            ["device_fingerprint", "day"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            SAMPLE,
            "devices_per_network_day",
            ["day", "ip_address", sa.text("hashtextextended(device_fingerprint, hashtextextended(user_id, 0))")],
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(SAMPLE, "devices_per_network_day", postgresql_concurrently=True, if_exists=True)
        op.drop_index(DEVICES, "clicks_per_device_day", postgresql_concurrently=True, if_exists=True)
