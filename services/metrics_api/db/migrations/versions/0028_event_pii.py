"""How many events carried personal information, which was replaced before they were stored."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_COMMENT = "Events in which personal information was replaced; nothing else says so, so that it cannot be rebuilt"


def upgrade() -> None:
    op.create_table(
        "event_pii_per_day",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True, comment="Empty where no loop is known"),
        sa.Column("field", sa.Text(), primary_key=True),
        sa.Column("pii_type", sa.Text(), primary_key=True),
        sa.Column("events", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        comment=_COMMENT,
    )


def downgrade() -> None:
    op.drop_table("event_pii_per_day")
