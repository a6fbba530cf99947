"""The database user that the API and the reconciler run as, where that is not the owner of the schema."""

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

# What a session of the API may only read, or only add to, whatever it is made to run.
_RIGHTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM {role}",
    "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON alembic_version FROM {role}",
    "GRANT EXECUTE ON FUNCTION purge_audit_entries TO {role}",
)
_ROLE = text("SELECT current_user <> :role, EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")


class MissingRoleError(Exception):
    """There is no such database user; says how to make it."""


def grant_rights(owner: Connection, database_url: str) -> None:
    """Give the user of this address what running takes; the owner has it already. Raises MissingRoleError."""
    role = make_url(database_url).username or ""
    is_other, is_there = owner.execute(_ROLE, {"role": role}).one()
    if not is_there:
        raise MissingRoleError(
            f"DATABASE_URL names the database user {role!r}, which does not exist: CREATE ROLE it first "
            "(docs/deployment.md, Two database users)."
        )
    if is_other:
        quote = owner.dialect.identifier_preparer.quote
        schema = quote(owner.execute(text("SELECT current_schema()")).scalar_one())
        for statement in _RIGHTS:
            owner.execute(text(statement.format(schema=schema, role=quote(role))))


def save_audit_retention(owner: Connection, days: int) -> None:
    """Let the purge delete audit entries of more than so many days; the owner alone may say how many."""
    body = f"RETURNS integer LANGUAGE sql STABLE RETURN {int(days)}"
    owner.execute(text(f"CREATE OR REPLACE FUNCTION audit_retention_days() {body}"))
