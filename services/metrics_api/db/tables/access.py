"""People, sessions, tokens and the audit log."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB

from metrics_api.db.tables.columns import metadata, time_column

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    time_column("expires_at"),
    time_column("revoked_at"),
    Column("created_by", Text, comment="`environment` for those of the settings"),
)

people = Table(
    "people",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, comment="Null until the person sets a password, and with single sign-on"),
    Column("role", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("environment_hash", Text, comment="Of the password that was last taken from ADMIN_PASSWORD"),
    Column("identity", Text, unique=True, comment="Issuer and subject of single sign-on"),
    time_column("deactivated_at"),
    time_column("signed_in_at"),
)

# A link by which a person sets a password; a person has at most one, and using it ends it.
password_links = Table(
    "password_links",
    metadata,
    Column("secret_hash", Text, primary_key=True),
    Column("person_id", Integer, nullable=False, unique=True),
    time_column("expires_at", nullable=False),
)

# Stored for unknown accounts too, so that a lock does not reveal which accounts exist.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("account_hash", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    time_column("last_at", nullable=False),
    time_column("locked_until"),
)
Index("idx_sign_in_failures_last_at", sign_in_failures.c.last_at)

# The number of refused sign-ins in an hour, whose first one is in the audit log.
refused_sign_ins = Table(
    "refused_sign_ins",
    metadata,
    Column("once_key", Text, primary_key=True, comment="That of the entry in the audit"),
    Column("refusals", Integer, nullable=False),
    time_column("last_at", nullable=False),
)
Index("idx_refused_sign_ins_last_at", refused_sign_ins.c.last_at)

sessions = Table(
    "sessions",
    metadata,
    Column("secret_hash", Text, primary_key=True),
    Column("person_id", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    time_column("expires_at", nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
Index("idx_sessions_person", sessions.c.person_id)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSONB),
    Column("once_key", Text, unique=True, comment="Set where an action is noted once a person, route and hour"),
    Column("address", INET, comment="Where the request came from"),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("actor_key", Text, comment="person:7, token:3, visitor or system; null before it was kept"),
)
Index("idx_audit_entries_subject", audit_entries.c.subject, audit_entries.c.id)
Index("idx_audit_entries_actor", audit_entries.c.actor, audit_entries.c.id)
Index("idx_audit_entries_at", audit_entries.c.at, audit_entries.c.id)
