"""Clicks of IPv6 addresses by network, and who clicked from busy networks.

The rebuild that a new release starts finds out who clicked from the networks that are known already; until then they
stay flagged. The release before goes on to write single IPv6 addresses meanwhile, which the rebuild counts as well.
"""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INET

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

CLICKS = "clicks_per_ip_day"
COLUMNS = (
    sa.Column("devices", sa.BigInteger(), comment="Empty where there are too few clicks to look at who made them"),
    sa.Column("referrers", sa.BigInteger()),
    sa.Column("top_referrer_clicks", sa.BigInteger()),
)
INDEX = "idx_attribution_events_ipv6_network"
USER = "Tells equal devices apart; empty where nobody is known"
COMMENT = "An IPv4 address, or the prefix of an IPv6 network"
COUNT_BY_NETWORK = """
    WITH single AS (
        DELETE FROM clicks_per_ip_day WHERE family(ip_address) = 6 AND masklen(ip_address) = 128 RETURNING *
    )
    INSERT INTO clicks_per_ip_day AS fact (day, ip_address, clicks)
    SELECT day, CAST(network(set_masklen(ip_address, 64)) AS inet), sum(clicks) FROM single GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (day, ip_address) DO UPDATE SET clicks = fact.clicks + excluded.clicks
"""


def upgrade() -> None:
    # Each statement by itself, so that writers wait for no more than one, and all can run again after a cut.
    with op.get_context().autocommit_block():
        for column in COLUMNS:
            op.add_column(CLICKS, column, if_not_exists=True)
        op.alter_column(CLICKS, "ip_address", comment=COMMENT)
        _create_tables()
        op.execute(COUNT_BY_NETWORK)
        op.create_index(
            INDEX,
            "attribution_events",
            [sa.text("network(set_masklen(ip_address, 64))"), "occurred_at"],
            postgresql_concurrently=True,
            if_not_exists=True,
            postgresql_where=sa.text("family(ip_address) = 6"),
        )


def _create_tables() -> None:
    op.create_table(
        "devices_per_network_day",
        *_key(),
        sa.Column("device_fingerprint", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), primary_key=True, comment=USER),
        comment="Devices that clicked from networks with more clicks on the day than the floor",
        if_not_exists=True,
    )
    op.create_table(
        "referrers_per_network_day",
        *_key(),
        sa.Column("referrer_id", sa.Text(), primary_key=True),
        sa.Column("clicks", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        comment="Whose links were clicked from networks with more clicks on the day than the floor",
        if_not_exists=True,
    )


def _key() -> tuple[sa.Column[date], sa.Column[str]]:
    return sa.Column("day", sa.Date(), primary_key=True), sa.Column("ip_address", INET(), primary_key=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "attribution_events", postgresql_concurrently=True, if_exists=True)
    op.drop_table("referrers_per_network_day")
    op.drop_table("devices_per_network_day")
    op.alter_column(CLICKS, "ip_address", comment=None)
    for column in COLUMNS:
        op.drop_column(CLICKS, column.name)
