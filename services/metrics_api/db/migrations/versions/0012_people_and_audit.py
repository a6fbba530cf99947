"""People without a password, links to set one, failed sign-ins, whose tokens are whose, and an audit that stays.

What the audit holds can only be added to. The nightly purge may delete: it names, for its own transaction, the moment
before which entries have outlived their retention.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INET, JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CREATED_BY = "`environment` for those of the settings"
_ADDRESS = "Where the request came from"
_WITHOUT = "Null until the person sets a password, and with single sign-on"
_ENVIRONMENT_HASH = "Of the password that was last taken from ADMIN_PASSWORD"
_IDENTITY = "Issuer and subject of single sign-on"
_KEEP = """
    CREATE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.at < nullif(current_setting('viral_engine.purge_audit_before', true), '')::timestamptz THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION 'audit entries are append only' USING ERRCODE = 'insufficient_privilege';
    END $$
"""
_TRIGGERS = (
    "CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION"
    " keep_audit_entries()",
    "CREATE TRIGGER keep_table BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION"
    " keep_audit_entries()",
)


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _extend_people()
    _create_tables()
    op.add_column("tokens", sa.Column("created_by", sa.Text(), nullable=True, comment=_CREATED_BY))
    op.execute("UPDATE tokens SET created_by = 'environment' WHERE name IN ('dashboard', 'workers', 'local stack')")
    op.add_column("audit_entries", sa.Column("address", INET(), nullable=True, comment=_ADDRESS))
    op.add_column("audit_entries", sa.Column("before", JSONB(), nullable=True))
    op.add_column("audit_entries", sa.Column("after", JSONB(), nullable=True))
    op.execute("CREATE INDEX idx_audit_entries_actor ON audit_entries (actor, id)")
    op.execute("CREATE INDEX idx_audit_entries_at ON audit_entries (at, id)")
    for statement in (_KEEP, *_TRIGGERS):
        op.execute(statement)


def _extend_people() -> None:
    op.alter_column("people", "password_hash", nullable=True, comment=_WITHOUT)
    op.add_column("people", sa.Column("environment_hash", sa.Text(), nullable=True, comment=_ENVIRONMENT_HASH))
    op.add_column("people", sa.Column("identity", sa.Text(), nullable=True, comment=_IDENTITY))
    op.add_column("people", _time("deactivated_at"))
    op.add_column("people", _time("signed_in_at"))
    op.create_unique_constraint("people_identity_key", "people", ["identity"])
    op.create_index("idx_sessions_person", "sessions", ["person_id"])


def _create_tables() -> None:
    op.create_table(
        "password_links",
        sa.Column("secret_hash", sa.Text(), primary_key=True),
        sa.Column("person_id", sa.Integer(), nullable=False, unique=True),
        _time("expires_at", nullable=False),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("account_hash", sa.Text(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        _time("last_at", nullable=False),
        _time("locked_until"),
    )
    op.create_index("idx_sign_in_failures_last_at", "sign_in_failures", ["last_at"])


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_rows ON audit_entries")
    op.execute("DROP TRIGGER keep_table ON audit_entries")
    op.execute("DROP FUNCTION keep_audit_entries")
    for index in ("idx_audit_entries_actor", "idx_audit_entries_at"):
        op.drop_index(index, "audit_entries")
    for table, columns in {
        "audit_entries": ("address", "before", "after"),
        "tokens": ("created_by",),
        "people": ("environment_hash", "identity", "deactivated_at", "signed_in_at"),
    }.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_table("password_links")
    op.drop_table("sign_in_failures")
    op.drop_index("idx_sessions_person", "sessions")
    op.execute("DELETE FROM people WHERE password_hash IS NULL")
    op.alter_column("people", "password_hash", nullable=False, comment=None, existing_comment=_WITHOUT)
