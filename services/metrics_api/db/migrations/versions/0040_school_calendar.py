"""The school calendar: holidays and terms."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identifier = "An imported event's UID, followed by the year where it repeats"
    op.create_table(
        "calendar_entries",
        sa.Column("id", sa.Text(), primary_key=True, comment=identifier),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False, comment="Included"),
        sa.Column("kind", sa.Text(), nullable=False, comment="holiday or term"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        comment="Holidays, which are compared with holidays, and terms",
    )
    op.create_index("idx_calendar_entries_kind", "calendar_entries", ["kind", "end"])


def downgrade() -> None:
    op.drop_table("calendar_entries")
