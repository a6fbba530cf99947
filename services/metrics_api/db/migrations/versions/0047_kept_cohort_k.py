"""The answer of cohort K that pages ask for, kept for some minutes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_cohort_k",
        sa.Column("computed_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("answer", JSONB(), nullable=False),
        comment="The newest answer to what pages ask for, where computing it takes long",
    )


def downgrade() -> None:
    op.drop_table("kept_cohort_k")
