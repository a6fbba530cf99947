"""The conversions of one referrer by day and loop from an index; those of a day are in conversions_per_referrer_day."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

TABLE = "activity_per_referrer_day"
BY_REFERRER, BY_DAY = f"idx_{TABLE}_by_referrer", f"idx_{TABLE}_conversions"
HAS_CONVERSIONS = sa.text("conversions > 0")


def upgrade() -> None:
    _replace(BY_DAY, BY_REFERRER, ["referrer_id", "day"], ["source", "conversions"])


def downgrade() -> None:
    _replace(BY_REFERRER, BY_DAY, ["day", "referrer_id"], ["conversions"])


def _replace(old: str, new: str, columns: list[str], included: list[str]) -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            new,
            TABLE,
            columns,
            postgresql_include=included,
            postgresql_where=HAS_CONVERSIONS,
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.drop_index(old, TABLE, postgresql_concurrently=True, if_exists=True)
