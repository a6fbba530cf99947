"""Refused sign-ins as one count an account, network and hour, and when each session was last used by a person."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refused_sign_ins",
        sa.Column("once_key", sa.Text(), primary_key=True, comment="That of the entry in the audit"),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("idx_refused_sign_ins_last_at", "refused_sign_ins", ["last_at"])
    seen = sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    op.add_column("sessions", seen)


def downgrade() -> None:
    op.drop_column("sessions", "seen_at")
    op.drop_table("refused_sign_ins")
