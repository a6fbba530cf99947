"""Find the items whose scan was given up without reading all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TABLES = {"parent_shares": "share_id", "progress_reels": "reel_id"}


def upgrade() -> None:
    """Index them; there are few."""
    for table, key in _TABLES.items():
        op.execute(f"CREATE INDEX idx_{table}_unscanned ON {table} ({key}) WHERE scanner_version = -1")


def downgrade() -> None:
    """Let an older release scan them again, as what an older scanner has left."""
    for table in _TABLES:
        table_of_items = sa.table(table, sa.column("scanner_version"))
        op.execute(sa.update(table_of_items).where(table_of_items.c.scanner_version == -1).values(scanner_version=0))
        op.execute(f"DROP INDEX idx_{table}_unscanned")
    op.execute("DELETE FROM violations WHERE type = 'not_scanned'")
