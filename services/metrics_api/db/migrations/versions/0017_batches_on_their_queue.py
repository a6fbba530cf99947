"""Which batch was put on its queue, and what keeps it from going on."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TIMES = ("next_attempt_at", "enqueued_at", "finished_at", "discarded_at")
_COUNTS = ("attempt", "enqueue_count")


def upgrade() -> None:
    comment = "Failures of the step that is next"
    op.add_column("batches", sa.Column("attempt", sa.Integer(), nullable=False, server_default="0", comment=comment))
    op.add_column("batches", sa.Column("enqueue_count", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("batches", sa.Column("last_error", sa.Text()))
    for name in _TIMES:
        op.add_column("batches", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for name in (*_TIMES, *_COUNTS, "last_error"):
        op.drop_column("batches", name)
