"""Content that children and parents share, and its violations."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from metrics_api.db.tables.columns import count_column, metadata, time_column

parent_shares = Table(
    "parent_shares",
    metadata,
    Column("share_id", Text, primary_key=True),
    Column("share_type", Text),
    Column("share_data", JSONB, nullable=False),
    count_column("view_count"),
    Column("actor", Text, nullable=False, server_default=text("'child'")),
    Column("media", JSONB, nullable=False, server_default=text("'[]'")),
    time_column("inserted_at", nullable=False),
    Column("scanner_version", Integer, nullable=False),
    Column("violating", Boolean, nullable=False),
)
_IS_UNSCANNED = text("scanner_version = -1")
Index("idx_parent_shares_unscanned", parent_shares.c.share_id, postgresql_where=_IS_UNSCANNED)
Index("idx_parent_shares_opt_out", parent_shares.c.inserted_at, parent_shares.c.view_count)

progress_reels = Table(
    "progress_reels",
    metadata,
    Column("reel_id", Text, primary_key=True),
    Column("reel_type", Text),
    Column("reel_data", JSONB, nullable=False),
    count_column("view_count"),
    Column("media", JSONB, nullable=False, server_default=text("'[]'")),
    time_column("inserted_at", nullable=False),
    Column("scanner_version", Integer, nullable=False),
    Column("violating", Boolean, nullable=False),
)
Index("idx_progress_reels_unscanned", progress_reels.c.reel_id, postgresql_where=_IS_UNSCANNED)
Index("idx_progress_reels_inserted_at", progress_reels.c.inserted_at)

study_sessions = Table(
    "study_sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("participant_ids", ARRAY(Text), nullable=False),
    Column("subject", Text),
    time_column("inserted_at", nullable=False),
)
Index("idx_study_sessions_inserted_at", study_sessions.c.inserted_at)

violations = Table(
    "violations",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("content_kind", Text, nullable=False, comment="parent_share or progress_reel"),
    Column("content_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("path", Text, nullable=False, comment="RFC 6901 pointer to the place"),
    Column("masked", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("scanner_version", Integer, nullable=False),
    time_column("inserted_at", nullable=False),
    time_column("found_at", nullable=False),
    Column("resolution", Text, comment="removed or false_positive"),
    Column("note", Text),
    Column("resolved_by", Text),
    time_column("resolved_at"),
    time_column("takedown_asked_at"),
    Column(
        "superseded",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Its own id once the item was posted again with the same finding, else 0",
    ),
    UniqueConstraint("content_kind", "content_id", "type", "path", "masked", "superseded", name="uq_violations_place"),
)
Index("idx_violations_inserted_at", violations.c.inserted_at)
Index("idx_violations_open", violations.c.inserted_at, postgresql_where=violations.c.resolution.is_(None))

takedown_watch = Table(
    "takedown_watch",
    metadata,
    Column("is_only_row", Boolean, primary_key=True, server_default=text("true")),
    time_column("since", nullable=False),
    CheckConstraint("is_only_row", name="one_row"),
    comment="What was found since then is asked to be hidden, while there is an address to ask",
)
