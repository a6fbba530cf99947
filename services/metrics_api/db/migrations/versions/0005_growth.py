"""What cohorts, funnel and cycle time read: active weeks, and indexes of journeys."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = [
    ("idx_user_journeys_first_click", ["first_click_at"]),
    ("idx_user_journeys_first_signup", ["first_signup_at"]),
    ("idx_user_journeys_referrer", ["referrer_id", "first_signup_at"]),
]


def upgrade() -> None:
    op.create_table(
        "active_weeks",
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("week", "person"),
        comment="ISO weeks, by their Monday, in which a user did anything",
    )
    with op.get_context().autocommit_block():
        for name, columns in INDEXES:
            op.create_index(name, "user_journeys", columns, postgresql_concurrently=True, if_not_exists=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, _columns in INDEXES:
            op.drop_index(name, "user_journeys", postgresql_concurrently=True, if_exists=True)
    op.drop_table("active_weeks")
