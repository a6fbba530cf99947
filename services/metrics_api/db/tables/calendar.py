"""The school calendar."""

from sqlalchemy import Column, Date, Index, Table, Text

from metrics_api.db.tables.columns import metadata, time_column

calendar_entries = Table(
    "calendar_entries",
    metadata,
    Column("id", Text, primary_key=True, comment="An imported event's UID, followed by the year where it repeats"),
    Column("name", Text, nullable=False),
    Column("start", Date, nullable=False),
    Column("end", Date, nullable=False, comment="Included"),
    Column("kind", Text, nullable=False, comment="holiday or term"),
    time_column("created_at", nullable=False),
    Column("created_by", Text, nullable=False),
    comment="Holidays, which are compared with holidays, and terms",
)
Index("idx_calendar_entries_kind", calendar_entries.c.kind, calendar_entries.c.end)
