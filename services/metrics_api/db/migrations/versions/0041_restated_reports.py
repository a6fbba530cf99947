"""Reports that replace an earlier one, and when each was last compared with what is known now."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

TABLE = "report_runs"
CHECKED, CHANGED = "idx_report_runs_checked", "idx_case_verdicts_changed"


def upgrade() -> None:
    op.add_column(
        TABLE, sa.Column("restates", sa.BigInteger(), comment="The report that this one replaces, which stays readable")
    )
    op.add_column(TABLE, sa.Column("checked_at", sa.DateTime(timezone=True)))
    op.create_unique_constraint("uq_report_runs_restates", TABLE, ["restates"])
    op.create_index(CHECKED, TABLE, ["checked_at"], postgresql_where=sa.text("status = 'ready'"))
    op.create_index(CHANGED, "case_verdicts", [sa.func.greatest(sa.column("decided_at"), sa.column("undone_at"))])
    # What was ready before counts as true then: only later changes are looked for.
    op.execute("UPDATE report_runs SET checked_at = now() WHERE status = 'ready'")


def downgrade() -> None:
    op.drop_index(CHANGED, table_name="case_verdicts")
    op.drop_index(CHECKED, table_name=TABLE)
    op.drop_constraint("uq_report_runs_restates", TABLE)
    op.drop_column(TABLE, "checked_at")
    op.drop_column(TABLE, "restates")
