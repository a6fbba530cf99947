"""Cases, the conversions at stake in each, and what people decided."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))


def _text(name: str, comment: str | None = None, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True)


def _case_id(*, primary_key: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey("cases.id", ondelete="CASCADE")
    return sa.Column("case_id", sa.BigInteger(), key, primary_key=primary_key, nullable=False)


def upgrade() -> None:
    _create_cases()
    _create_conversions()
    _create_history()


def _create_cases() -> None:
    op.create_table(
        "cases",
        _id(),
        _text("kind", "referrer, device, network or link", nullable=False),
        _text("entity", "Its id; of a network its key", nullable=False),
        _text("status", "open, decided or closed", nullable=False),
        _time("status_at", nullable=False),
        sa.Column("rules", ARRAY(sa.Text()), nullable=False, comment="Those that flag first"),
        _text("strength", "flags if one of the rules does, else looks", nullable=False),
        sa.Column("evidence", JSONB(), nullable=False, comment="One entry a rule"),
        _text("source", "The loop with most of its clicks and conversions"),
        _count("clicks"),
        _count("conversions"),
        _time("first_seen", nullable=False),
        _time("last_seen", nullable=False),
        _time("opened_at", nullable=False),
        _text("verdict", "fraud, legitimate or unsure, which leaves the case open"),
        _text("reason"),
        _text("note"),
        _time("until"),
        _time("decided_at"),
        _text("decided_by"),
    )
    is_open = sa.text("status = 'open'")
    op.create_index("uq_cases_open", "cases", ["kind", "entity"], unique=True, postgresql_where=is_open)
    op.create_index("idx_cases_entity", "cases", ["kind", "entity"])
    op.create_index("idx_cases_stake", "cases", ["status", "conversions", "clicks", "id"])
    op.create_index("idx_cases_newest", "cases", ["status", "status_at", "id"])


def _create_conversions() -> None:
    op.create_table(
        "case_conversions",
        _case_id(primary_key=True),
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_flagged", sa.Boolean(), nullable=False, comment="A rule that flags found it"),
        comment="Conversions at stake in cases",
    )
    op.create_index("idx_case_conversions_event", "case_conversions", ["event_id"])
    op.create_index("idx_case_conversions_day", "case_conversions", ["day"])


def _create_history() -> None:
    op.create_table(
        "case_changes",
        _id(),
        _case_id(),
        _time("changed_at", nullable=False),
        _text("kind", "opened, rule, closed or reopened", nullable=False),
        sa.Column("rules", ARRAY(sa.Text()), nullable=False),
        comment="What evaluations did to cases",
    )
    op.create_index("idx_case_changes_case", "case_changes", ["case_id"])
    op.create_table(
        "case_verdicts",
        _id(),
        _case_id(),
        _text("verdict", nullable=False),
        _text("reason", nullable=False),
        _text("note"),
        _time("until"),
        _time("decided_at", nullable=False),
        _text("decided_by", nullable=False),
        sa.Column("undo_id", sa.BigInteger(), comment="Of verdicts that were given, and are undone, at once"),
        _time("undone_at"),
        _text("undone_by"),
        comment="Every verdict; the newest that is not undone is the case's",
    )
    op.create_index("idx_case_verdicts_case", "case_verdicts", ["case_id", "id"])
    is_bulk = sa.text("undo_id IS NOT NULL")
    op.create_index("idx_case_verdicts_undo", "case_verdicts", ["undo_id"], postgresql_where=is_bulk)


def downgrade() -> None:
    for table in ("case_verdicts", "case_changes", "case_conversions", "cases"):
        op.drop_table(table)
