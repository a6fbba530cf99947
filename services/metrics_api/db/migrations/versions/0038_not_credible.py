"""Which conversions are not credible right now, so that programs are told each time that one becomes so."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TABLE = "not_credible_conversions"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("day", sa.Date(), nullable=False),
        comment="Conversions that were last seen not to be credible, about which programs know",
    )
    op.create_index(f"idx_{TABLE}_day", TABLE, ["day"])
    op.execute("""
        INSERT INTO not_credible_conversions (event_id, day)
        SELECT DISTINCT event_id, day FROM case_conversions JOIN cases ON cases.id = case_id
        WHERE status = 'decided' AND verdict = 'fraud' OR status <> 'decided' AND is_flagged
    """)


def downgrade() -> None:
    op.drop_table(TABLE)
