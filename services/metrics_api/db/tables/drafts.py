"""Drafts of thresholds and what their replay found, without any identifier."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from metrics_api.db.tables.columns import metadata, time_column

drafts = Table(
    "drafts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("settings", JSONB, nullable=False, comment="Thresholds that differ from the live ones, by name"),
    Column("start", Date, nullable=False),
    Column("end", Date, nullable=False),
    Column("shadow_since", Date, comment="Set while it runs beside the live settings"),
    Column("is_replayed", Boolean, nullable=False, server_default=text("false"), comment="Every date of it is"),
    Column("is_promoted", Boolean, nullable=False, server_default=text("false")),
    time_column("created_at", nullable=False),
    Column("created_by", Text, nullable=False),
)
Index("idx_drafts_shadow", drafts.c.id, postgresql_where=drafts.c.shadow_since.isnot(None))

draft_days = Table(
    "draft_days",
    metadata,
    Column("draft_id", BigInteger, ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    time_column("computed_at", nullable=False),
    Column("live", JSONB, nullable=False, comment="Score, clean K and alerts of the 7 days that end with the day"),
    Column("draft", JSONB, nullable=False),
)

power_results = Table(
    "power_results",
    metadata,
    Column("day", Date, primary_key=True),
    Column("plant", Text, primary_key=True, comment="farm, flood or ring"),
    Column("size", Integer, primary_key=True),
    Column("planted", Integer, nullable=False),
    Column("found", Integer, nullable=False),
    comment="What the rules found of frauds planted in a copy of the facts of the 8 weeks that end with the day",
)
