"""Traffic classes of clicks and visits, and bursts of one person.

What is stored has no class and counts as people's until the reconciler has classified it. The release before goes on
to write meanwhile: its events have no class either, and are found by their own index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

EVENTS = "attribution_events"
COLUMNS: tuple[sa.Column[str] | sa.Column[int], ...] = (
    sa.Column("http_method", sa.Text()),
    sa.Column("purpose", sa.Text()),
    sa.Column("traffic_class", sa.Text(), comment="Of clicks and visits; null where it is not known yet"),
    sa.Column("traffic_reason", sa.Text()),
    sa.Column("classifier_version", sa.Integer(), comment="In fact_versions; null where it is to be classified again"),
)
IS_COUNTED = "(traffic_class IS NULL OR traffic_class IN ('human', 'unknown'))"
INDEXES: dict[str, tuple[list[str | sa.TextClause], str]] = {
    "idx_attribution_events_bursts": (
        ["device_fingerprint", sa.text("coalesce(user_id, '')"), "occurred_at"],
        f"event_type = 'click' AND {IS_COUNTED}",
    ),
    "idx_attribution_events_unclassified": (
        ["occurred_at"],
        "classifier_version IS NULL AND event_type IN ('click', 'visit')",
    ),
}


def upgrade() -> None:
    # Each statement by itself, so that writers wait for no more than one, and all can run again after a cut.
    with op.get_context().autocommit_block():
        for column in COLUMNS:
            op.add_column(EVENTS, column, if_not_exists=True)
        _create_tables()
        for name, (columns, condition) in INDEXES.items():
            op.create_index(
                name,
                EVENTS,
                columns,
                postgresql_concurrently=True,
                if_not_exists=True,
                postgresql_where=sa.text(condition),
            )


def _create_tables() -> None:
    op.create_table(
        "traffic_per_day",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True, comment="Empty where no loop is known"),
        sa.Column("traffic_class", sa.Text(), primary_key=True),
        sa.Column("traffic_reason", sa.Text(), primary_key=True, comment="Empty where the class needs none"),
        sa.Column(
            "shard", sa.Integer(), primary_key=True, comment="Writers at once have rows of their own, and do not wait"
        ),
        sa.Column("clicks", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("visits", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("sample", sa.Uuid(), nullable=False, comment="The event with the smallest id; it may be gone"),
        comment="Clicks and visits by class, those that count nowhere too",
        if_not_exists=True,
    )
    op.create_table(
        "fact_versions",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("rules", sa.Text(), nullable=False, comment="What classes and facts depend on beside the events"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        comment="By which rules events are classified and folded; the newest are in use",
        if_not_exists=True,
    )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.drop_index(name, EVENTS, postgresql_concurrently=True, if_exists=True)
    op.drop_table("fact_versions")
    op.drop_table("traffic_per_day")
    for column in COLUMNS:
        op.drop_column(EVENTS, column.name)
