"""The way from each person's first click, step by step, and the index by which the next step is found.

Journeys that are stored get their steps here, and the loop of their first click. What the release before writes while
this one takes over is right after `viral-engine rebuild-facts`.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OLD = "idx_attribution_events_person"
NEW = "idx_attribution_events_person_step"
EVENTS = "attribution_events"
PERSON = "coalesce('user:' || user_id, 'session:' || session_id, 'device:' || device_fingerprint)"
STEPS = {"visit": "visited_at", "signup": "signed_up_at", "conversion": "converted_at", "activation": "activated_at"}


COLUMNS: tuple[sa.Column[Any], ...] = (
    *(sa.Column(step, sa.DateTime(timezone=True)) for step in STEPS.values()),
    sa.Column(
        "clicked_by_event", sa.Uuid(), comment="The first click; of several at one time the one with the smallest id"
    ),
    sa.Column("click_source", sa.Text(), comment="The loop of the first click"),
)


def upgrade() -> None:
    # Each statement by itself, so that writers wait for no more than one, and all can run again after a cut.
    with op.get_context().autocommit_block():
        columns: list[str | sa.TextClause] = [sa.text(PERSON), "event_type", "occurred_at"]
        op.create_index(NEW, EVENTS, columns, postgresql_concurrently=True, if_not_exists=True)
        op.drop_index(OLD, EVENTS, postgresql_concurrently=True, if_exists=True)
        for column in COLUMNS:
            op.add_column("user_journeys", column, if_not_exists=True)
        _fill_first_clicks()
        _fill_steps()


def _fill_first_clicks() -> None:
    op.execute(f"""
        UPDATE user_journeys AS fact SET (clicked_by_event, click_source) = (
            SELECT event_id, source FROM {EVENTS}
            WHERE {PERSON} = fact.person AND event_type = 'click' AND occurred_at = fact.first_click_at
            ORDER BY event_id LIMIT 1)
        WHERE first_click_at IS NOT NULL
    """)  # noqa: S608 - constants only.


def _fill_steps() -> None:
    before = "first_click_at"
    for event_type, step in STEPS.items():
        first = f"first_{event_type}_at"
        op.execute(f"""
            UPDATE user_journeys AS fact SET {step} = CASE WHEN {first} >= {before} THEN {first} ELSE (
                SELECT occurred_at FROM {EVENTS}
                WHERE {PERSON} = fact.person AND event_type = '{event_type}' AND occurred_at >= fact.{before}
                ORDER BY occurred_at LIMIT 1) END
            WHERE {before} IS NOT NULL AND {first} IS NOT NULL
        """)  # noqa: S608 - constants only.
        before = step


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(OLD, EVENTS, [sa.text(PERSON)], postgresql_concurrently=True, if_not_exists=True)
        op.drop_index(NEW, EVENTS, postgresql_concurrently=True, if_exists=True)
    for column in COLUMNS:
        op.drop_column("user_journeys", column.name)
