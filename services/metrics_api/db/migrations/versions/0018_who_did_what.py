"""An index by which everything that somebody did is found, built without locking out writers."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NAME = "idx_attribution_events_person"
TABLE = "attribution_events"
PERSON = sa.text("coalesce('user:' || user_id, 'session:' || session_id, 'device:' || device_fingerprint)")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(NAME, TABLE, [PERSON], postgresql_concurrently=True, if_not_exists=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(NAME, TABLE, postgresql_concurrently=True, if_exists=True)
