"""Remembers what was erased, as keyed hashes without names, so that a retry does not bring it back."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("mark", sa.LargeBinary, primary_key=True, comment="Keyed hash of what was erased; names nobody"),
        sa.Column(
            "kind", sa.Text, nullable=False, comment="user, session, device, ip_address, event, or a kind of item"
        ),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("idx_erasures_erased_at", "erasures", ["erased_at"])


def downgrade() -> None:
    op.drop_table("erasures")
