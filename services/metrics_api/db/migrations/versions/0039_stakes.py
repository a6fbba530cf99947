"""How many conversions are in the same cases, and indexes for what was decided and for listed networks."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

COUNT = """
    INSERT INTO case_stakes (case_id, stake, is_flagged, conversions)
    SELECT abs(in_case), stake, in_case > 0, conversions FROM (
        SELECT row_number() OVER () AS stake, in_cases, count(*) AS conversions FROM (
            SELECT array_agg(CASE WHEN is_flagged THEN case_id ELSE -case_id END ORDER BY case_id) AS in_cases
            FROM case_conversions GROUP BY event_id
        ) AS conversion GROUP BY in_cases
    ) AS counted CROSS JOIN unnest(in_cases) AS in_case
"""


def upgrade() -> None:
    case_id = sa.Column("case_id", sa.BigInteger(), sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    op.create_table(
        "case_stakes",
        case_id,
        sa.Column("stake", sa.BigInteger(), primary_key=True, comment="Numbers what is in the same cases"),
        sa.Column("is_flagged", sa.Boolean(), nullable=False, comment="As in case_conversions"),
        sa.Column("conversions", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        comment="How many conversions are in the same cases, one row a case",
    )
    # An evaluation of the release before changes conversions without counting them; the next one counts all.
    op.execute(COUNT)
    is_decided = sa.text("decided_at IS NOT NULL")
    op.create_index("idx_cases_decided", "cases", ["decided_at", "verdict"], postgresql_where=is_decided)
    op.create_index(
        "idx_entity_lists_network",
        "entity_lists",
        [sa.text("(value::inet) inet_ops")],
        postgresql_using="gist",
        postgresql_where=sa.text("kind = 'network'"),
    )


def downgrade() -> None:
    op.drop_index("idx_entity_lists_network", "entity_lists")
    op.drop_index("idx_cases_decided", "cases")
    op.drop_table("case_stakes")
