"""A click's neighbors from an index that only their look-up can use.

With the index before it, the planner could as well choose that on (device_fingerprint, occurred_at), which holds the
clicks of everybody on a device.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

TABLE = "attribution_events"
OLD, NEW = f"idx_{TABLE}_bursts", f"idx_{TABLE}_clicks_on_device"
IS_COUNTED = "(traffic_class IS NULL OR traffic_class IN ('human', 'unknown'))"
KEY = f"""(CASE WHEN event_type = 'click' AND {IS_COUNTED}
    THEN hashtextextended(coalesce(user_id, ''), hashtextextended(device_fingerprint, 0)) END)"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        _create(NEW, [sa.text(KEY), "occurred_at"], f"{KEY} IS NOT NULL")
        op.drop_index(OLD, TABLE, postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        columns: list[str | sa.TextClause] = ["device_fingerprint", sa.text("coalesce(user_id, '')"), "occurred_at"]
        _create(OLD, columns, f"event_type = 'click' AND {IS_COUNTED}")
        op.drop_index(NEW, TABLE, postgresql_concurrently=True, if_exists=True)


def _create(name: str, columns: list[str | sa.TextClause], condition: str) -> None:
    op.create_index(
        name,
        TABLE,
        columns,
        postgresql_where=sa.text(condition),
        postgresql_concurrently=True,
        if_not_exists=True,
    )
