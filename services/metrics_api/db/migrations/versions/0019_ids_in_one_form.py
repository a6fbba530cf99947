"""Ids in Unicode NFC, as they are compared from now on; of two copies of an item under one id one stays.

The facts follow with `rebuild_facts`, which `migrate` starts where this changed anything.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_EVENTS = ("device_fingerprint", "link_id", "referrer_id", "source", "user_id", "session_id")
_KEYS = {
    "attribution_links": "link_id",
    "parent_shares": "share_id",
    "progress_reels": "reel_id",
    "study_sessions": "session_id",
}
_PLACE = "content_kind, {id}, type, path, masked, superseded"


def upgrade() -> None:
    _normalize("attribution_events", *_EVENTS)
    for table, key in _KEYS.items():
        _drop_copies(table, "{id}", key)
        _normalize(table, key)
    _drop_copies("violations", _PLACE, "content_id")
    _normalize("violations", "content_id")
    _normalize("attribution_links", "referrer_id", "source", "campaign")
    _normalize("privacy_requests", "subject_id")
    op.execute("""
        UPDATE study_sessions SET participant_ids = ARRAY(
            SELECT normalize(id, NFC) FROM unnest(participant_ids) WITH ORDINALITY AS given (id, position)
            GROUP BY 1 ORDER BY min(position))
        WHERE array_to_string(participant_ids, ' ') IS NOT NFC NORMALIZED
    """)


def downgrade() -> None:
    """Older releases take ids in this form, too."""


def _normalize(table: str, *columns: str) -> None:
    changed = ", ".join(f"{column} = normalize({column}, NFC)" for column in columns)
    found = " OR ".join(f"{column} IS NOT NFC NORMALIZED" for column in columns)
    op.execute(f"UPDATE {table} SET {changed} WHERE {found}")  # noqa: S608 - our own names.


def _drop_copies(table: str, place: str, key: str) -> None:
    """Of rows whose place becomes the same leave the one that is in NFC, or else any."""
    op.execute(f"""
        DELETE FROM {table} WHERE ctid IN (
            SELECT ctid FROM (
                SELECT ctid, {key} AS id, row_number() OVER (
                    PARTITION BY {place.format(id=f"normalize({key}, NFC)")}
                    ORDER BY {key} IS NOT NFC NORMALIZED, {key}) AS copy
                FROM {table}
                WHERE normalize({key}, NFC) IN (
                    SELECT normalize({key}, NFC) FROM {table} WHERE {key} IS NOT NFC NORMALIZED)
            ) AS copies WHERE copy > 1)
    """)  # noqa: S608 - our own names.
