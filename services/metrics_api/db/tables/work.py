"""Report runs, batches and other background work."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from metrics_api.db.tables.columns import metadata, time_column

report_runs = Table(
    "report_runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_type", Text, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("slot", DateTime(timezone=True), comment="Set where a schedule asked for it"),
    Column("requested_by", Text, nullable=False),
    Column("recipient_emails", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("status", Text, nullable=False, comment="queued, running, ready, failed or skipped"),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("max_attempts", Integer, nullable=False),
    time_column("next_attempt_at", nullable=False),
    time_column("lease_until"),
    Column("token", Integer, nullable=False, server_default=text("0"), comment="Fences late workers"),
    Column("progress_pct", Integer, nullable=False, server_default=text("0")),
    Column("progress_step", Text, nullable=False, server_default=text("'queued'")),
    Column("last_error", Text),
    time_column("enqueued_at"),
    Column("enqueue_count", Integer, nullable=False, server_default=text("0")),
    time_column("created_at", nullable=False),
    time_column("started_at"),
    time_column("finished_at"),
    time_column("discarded_at"),
    Column("content", JSONB, comment="The finished report"),
    Column("html", Text),
    Column("pdf", LargeBinary, comment="Rendered at the first export"),
    Column("restates", BigInteger, comment="The report that this one replaces, which stays readable"),
    time_column("checked_at"),
    UniqueConstraint("report_type", "slot", name="uq_report_runs_slot"),
    UniqueConstraint("restates", name="uq_report_runs_restates"),
)
Index("idx_report_runs_created_at", report_runs.c.created_at)
Index(
    "idx_report_runs_unfinished",
    report_runs.c.next_attempt_at,
    postgresql_where=text("status IN ('queued', 'running')"),
)
# Those that later verdicts or late data may change; see `reports.restatements`.
Index(
    "idx_report_runs_checked",
    report_runs.c.checked_at,
    postgresql_where=text("status = 'ready'"),
)

job_keys = Table(
    "job_keys",
    metadata,
    Column("key", Text, primary_key=True),
    time_column("asked_at", nullable=False),
    Column("answer_id", BigInteger, nullable=False),
    comment="Who asked the same within 60 s gets the same answer",
)

schedules = Table(
    "schedules",
    metadata,
    Column("report_type", Text, primary_key=True),
    time_column("last_slot", nullable=False),
    comment="Up to which slot every run has been asked for",
)

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("steps", JSONB, nullable=False, comment="What each step works on, in order"),
    Column("done_steps", Integer, nullable=False, server_default=text("0")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("attempt", Integer, nullable=False, server_default=text("0"), comment="Failures of the step that is next"),
    time_column("next_attempt_at"),
    Column("last_error", Text),
    time_column("enqueued_at"),
    Column("enqueue_count", Integer, nullable=False, server_default=text("0")),
    time_column("finished_at"),
    time_column("discarded_at"),
)
