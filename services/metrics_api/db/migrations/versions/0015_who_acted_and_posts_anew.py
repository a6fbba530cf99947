"""Who an audit entry's actor was, findings of what was posted again, and since when takedowns are asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_PLACE = ["content_kind", "content_id", "type", "path", "masked"]
_CONSTRAINT = "uq_violations_place"


def upgrade() -> None:
    op.add_column(
        "audit_entries",
        sa.Column("actor_key", sa.Text(), comment="person:7, token:3, visitor or system; null before it was kept"),
    )
    op.add_column(
        "violations",
        sa.Column(
            "superseded",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Its own id once the item was posted again with the same finding, else 0",
        ),
    )
    # The name stays, because the release before names it where it inserts.
    op.drop_constraint(_CONSTRAINT, "violations")
    op.create_unique_constraint(_CONSTRAINT, "violations", [*_PLACE, "superseded"])
    op.create_table(
        "takedown_watch",
        sa.Column("is_only_row", sa.Boolean(), server_default=sa.text("true"), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("is_only_row", name="one_row"),
        comment="What was found since then is asked to be hidden, while there is an address to ask",
    )


def downgrade() -> None:
    op.drop_table("takedown_watch")
    op.execute("DELETE FROM violations WHERE superseded <> 0")
    op.drop_constraint(_CONSTRAINT, "violations")
    op.create_unique_constraint(_CONSTRAINT, "violations", _PLACE)
    op.drop_column("violations", "superseded")
    op.drop_column("audit_entries", "actor_key")
