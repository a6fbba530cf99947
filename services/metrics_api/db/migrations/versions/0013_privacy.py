"""Records of purges and of what parents have asked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "purges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        _time("started_at", nullable=False),
        _time("finished_at"),
        sa.Column("events_from", sa.Date(), nullable=False, comment="First date whose events are kept"),
        sa.Column("content_from", sa.Date(), nullable=False, comment="First date whose content is kept"),
        sa.Column("audit_from", sa.Date(), nullable=False, comment="First date whose audit entries are kept"),
        sa.Column("done_steps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "deleted",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="How many rows of what",
        ),
    )
    op.create_table(
        "privacy_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False, comment="export or erase"),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="user, session, device or ip_address"),
        sa.Column(
            "subject_id",
            sa.Text(),
            comment="Empty once the request is done: the record must not keep what was erased",
        ),
        sa.Column(
            "subject_hash",
            sa.Text(),
            nullable=False,
            comment="Tells whether two requests are about the same subject",
        ),
        sa.Column("note", sa.Text(), comment="Who asked, and how it was checked that they may"),
        sa.Column("created_by", sa.Text(), nullable=False),
        _time("received_at", nullable=False),
        _time("due_at", nullable=False),
        _time("done_at"),
        sa.Column("done_by", sa.Text()),
        sa.Column("result", postgresql.JSONB(), comment="How many rows of what were exported or erased"),
    )


def downgrade() -> None:
    op.drop_table("privacy_requests")
    op.drop_table("purges")
