"""Report runs, their schedules, and the keys that make a repeated request one request."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("report_type", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=True, comment="Set where a schedule asked for it"),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("recipient_emails", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="queued, running, ready, failed or skipped"),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Fences late workers"),
        sa.Column("progress_pct", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("progress_step", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enqueue_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content", postgresql.JSONB(), nullable=True, comment="The finished report"),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("pdf", sa.LargeBinary(), nullable=True, comment="Rendered at the first export"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("report_type", "slot", name="uq_report_runs_slot"),
    )
    op.create_index("idx_report_runs_created_at", "report_runs", ["created_at"])
    op.create_index(
        "idx_report_runs_unfinished",
        "report_runs",
        ["next_attempt_at"],
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_table(
        "job_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        comment="Who asked the same within 60 s gets the same answer",
    )
    op.create_table(
        "schedules",
        sa.Column("report_type", sa.Text(), nullable=False),
        sa.Column("last_slot", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("report_type"),
        comment="Up to which slot every run has been asked for",
    )


def downgrade() -> None:
    op.drop_table("schedules")
    op.drop_table("job_keys")
    op.drop_table("report_runs")
