"""Cases, the conversions at stake in each, and what people decided."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from metrics_api.db.tables.columns import count_column, metadata, time_column

cases = Table(
    "cases",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False, comment="referrer, device, network or link"),
    Column("entity", Text, nullable=False, comment="Its id; of a network its key"),
    Column("status", Text, nullable=False, comment="open, decided or closed"),
    time_column("status_at", nullable=False),
    Column("rules", ARRAY(Text), nullable=False, comment="Those that flag first"),
    Column("strength", Text, nullable=False, comment="flags if one of the rules does, else looks"),
    Column("evidence", JSONB, nullable=False, comment="One entry a rule"),
    Column("source", Text, comment="The loop with most of its clicks and conversions"),
    count_column("clicks"),
    count_column("conversions"),
    time_column("first_seen", nullable=False),
    time_column("last_seen", nullable=False),
    time_column("opened_at", nullable=False),
    Column("verdict", Text, comment="fraud, legitimate or unsure, which leaves the case open"),
    Column("reason", Text),
    Column("note", Text),
    time_column("until"),
    time_column("decided_at"),
    Column("decided_by", Text),
)
_case = cases.c
Index("uq_cases_open", _case.kind, _case.entity, unique=True, postgresql_where=text("status = 'open'"))
Index("idx_cases_entity", _case.kind, _case.entity)
Index("idx_cases_stake", _case.status, _case.conversions, _case.clicks, _case.id)
Index("idx_cases_newest", _case.status, _case.status_at, _case.id)
Index("idx_cases_decided", _case.decided_at, _case.verdict, postgresql_where=text("decided_at IS NOT NULL"))

case_conversions = Table(
    "case_conversions",
    metadata,
    Column("case_id", BigInteger, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("day", Date, nullable=False),
    Column("is_flagged", Boolean, nullable=False, comment="A rule that flags found it"),
    comment="Conversions at stake in cases",
)
Index("idx_case_conversions_event", case_conversions.c.event_id)
Index("idx_case_conversions_day", case_conversions.c.day)

not_credible_conversions = Table(
    "not_credible_conversions",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("day", Date, nullable=False),
    comment="Conversions that were last seen not to be credible, about which programs know",
)
Index("idx_not_credible_conversions_day", not_credible_conversions.c.day)

case_stakes = Table(
    "case_stakes",
    metadata,
    Column("case_id", BigInteger, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("stake", BigInteger, primary_key=True, comment="Numbers what is in the same cases"),
    Column("is_flagged", Boolean, nullable=False, comment="As in case_conversions"),
    count_column("conversions"),
    comment="How many conversions are in the same cases, one row a case",
)

case_changes = Table(
    "case_changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    time_column("changed_at", nullable=False),
    Column("kind", Text, nullable=False, comment="opened, rule, closed or reopened"),
    Column("rules", ARRAY(Text), nullable=False),
    comment="What evaluations did to cases",
)
Index("idx_case_changes_case", case_changes.c.case_id)

case_verdicts = Table(
    "case_verdicts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text),
    time_column("until"),
    time_column("decided_at", nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("undo_id", BigInteger, comment="Of verdicts that were given, and are undone, at once"),
    time_column("undone_at"),
    Column("undone_by", Text),
    comment="Every verdict; the newest that is not undone is the case's",
)
Index("idx_case_verdicts_case", case_verdicts.c.case_id, case_verdicts.c.id)
Index("idx_case_verdicts_changed", func.greatest(case_verdicts.c.decided_at, case_verdicts.c.undone_at))
Index("idx_case_verdicts_undo", case_verdicts.c.undo_id, postgresql_where=text("undo_id IS NOT NULL"))
