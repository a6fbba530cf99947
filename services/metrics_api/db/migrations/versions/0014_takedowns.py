"""Which items the app was asked to hide, and when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("violations", sa.Column("takedown_asked_at", sa.DateTime(timezone=True)))
    op.add_column(
        "delivery_requests",
        sa.Column("takedown", postgresql.JSONB(), comment="The item that is to be hidden, where nothing else is told"),
    )


def downgrade() -> None:
    op.drop_column("delivery_requests", "takedown")
    op.drop_column("violations", "takedown_asked_at")
