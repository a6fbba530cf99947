"""Lists of what admins allow, deny or watch. Trusted networks are the allowed networks.

The release before goes on to read trusted networks, and to delete them, through a view; it cannot add any.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import CIDR

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

MOVE = """
    INSERT INTO entity_lists (list, kind, value, reason, expires_at, created_at, created_by)
    SELECT 'allow', 'network', CAST(cidr AS text), reason, expires_at, created_at, created_by FROM trusted_networks
"""
VIEW = """
    CREATE VIEW trusted_networks AS
    SELECT CAST(value AS cidr) AS cidr, reason, expires_at, created_at, created_by
    FROM entity_lists WHERE list = 'allow' AND kind = 'network'
"""
MOVE_BACK = """
    INSERT INTO trusted_networks (cidr, reason, expires_at, created_at, created_by)
    SELECT CAST(value AS cidr), reason, expires_at, created_at, created_by
    FROM entity_lists WHERE list = 'allow' AND kind = 'network'
"""


def upgrade() -> None:
    op.create_table(
        "entity_lists",
        sa.Column("list", sa.Text(), primary_key=True, comment="allow, deny or watch"),
        sa.Column("kind", sa.Text(), primary_key=True, comment="network, device, referrer, user_agent or link"),
        sa.Column("value", sa.Text(), primary_key=True),
        *_describe(),
    )
    # Whoever trusts a network now is to find the view.
    op.execute("LOCK TABLE trusted_networks IN ACCESS EXCLUSIVE MODE")
    op.execute(MOVE)
    op.drop_table("trusted_networks")
    op.execute(VIEW)


def _describe() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.execute("DROP VIEW trusted_networks")
    op.create_table("trusted_networks", sa.Column("cidr", CIDR(), primary_key=True), *_describe())
    op.execute(MOVE_BACK)
    op.drop_table("entity_lists")
