"""The score by share of clicks, kept beside the score by count with every evaluation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_COMMENT = "By share of clicks; the other columns are by count"


def upgrade() -> None:
    op.add_column("health_history", sa.Column("by_share", JSONB(), comment=_COMMENT))


def downgrade() -> None:
    op.drop_column("health_history", "by_share")
