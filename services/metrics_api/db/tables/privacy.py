"""Purges, erasures and parents' requests."""

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from metrics_api.db.tables.columns import metadata, time_column

purges = Table(
    "purges",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    time_column("started_at", nullable=False),
    time_column("finished_at"),
    Column("events_from", Date, nullable=False, comment="First date whose events are kept"),
    Column("content_from", Date, nullable=False, comment="First date whose content is kept"),
    Column("audit_from", Date, nullable=False, comment="First date whose audit entries are kept"),
    Column("done_steps", Integer, nullable=False, server_default=text("0")),
    Column("deleted", JSONB, nullable=False, server_default=text("'{}'"), comment="How many rows of what"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("mark", LargeBinary, primary_key=True, comment="Keyed hash of what was erased; names nobody"),
    Column("kind", Text, nullable=False, comment="user, session, device, ip_address, event, or a kind of item"),
    time_column("erased_at", nullable=False),
)
Index("idx_erasures_erased_at", erasures.c.erased_at)

privacy_requests = Table(
    "privacy_requests",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False, comment="export or erase"),
    Column("subject_kind", Text, nullable=False, comment="user, session, device or ip_address"),
    Column("subject_id", Text, comment="Empty once the request is done: the record must not keep what was erased"),
    Column("subject_hash", Text, nullable=False, comment="Tells whether two requests are about the same subject"),
    Column("note", Text, comment="Who asked, and how it was checked that they may"),
    Column("created_by", Text, nullable=False),
    time_column("received_at", nullable=False),
    time_column("due_at", nullable=False),
    time_column("done_at"),
    Column("done_by", Text),
    Column("result", JSONB, comment="How many rows of what were exported or erased"),
    Column("traces", JSONB, comment="Devices, sessions and addresses of what was erased, and events credited to it"),
)
