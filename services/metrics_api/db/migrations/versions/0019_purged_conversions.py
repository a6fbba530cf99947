"""How many conversions of a purged date were credited to somebody.

Of what was purged before, this is no longer known, so that it begins at 0.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "activity_per_referrer_day",
        sa.Column(
            "purged_conversions",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="Those of the conversions whose referrers' names were purged",
        ),
    )


def downgrade() -> None:
    op.drop_column("activity_per_referrer_day", "purged_conversions")
