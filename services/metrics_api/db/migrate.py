"""Runs the migrations, and grants the services' database user what it may do."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from metrics_api.db.advisory_locks import AdvisoryLock
from metrics_api.db.database import create_database_engine
from metrics_api.db.tables import metadata

_PAUSE_SECONDS = 0.5
_INVALID_INDEXES = text("""
    SELECT index.relname
    FROM pg_index
    JOIN pg_class index ON index.oid = indexrelid
    JOIN pg_class owner ON owner.oid = indrelid
    WHERE NOT indisvalid AND owner.relname = ANY(:tables) AND owner.relnamespace = current_schema()::regnamespace
""")
# Limits a compromised API session: some tables are read-only or append-only for it.
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
    """There is no such database user; the message says how to create it."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database_url: str, revision: str = "head", *, finish: Callable[[Connection], None] | None = None) -> None:
    """Upgrade the schema to `revision`; of several processes that try at once, one does it.

    `finish` runs afterwards as the schema's owner, in one transaction.
    """
    _run(database_url, lambda config: command.upgrade(config, revision), finish)


def downgrade(database_url: str, revision: str) -> None:
    """Downgrade the schema to `revision`."""
    _run(database_url, lambda config: command.downgrade(config, revision))


def _run(database_url: str, work: Callable[[Config], None], finish: Callable[[Connection], None] | None = None) -> None:
    engine = create_database_engine(database_url, pool_size=2, statement_timeout=False)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
            _await_turn(guard)
            with engine.connect() as connection:
                config = _config()
                config.attributes["connection"] = connection
                work(config)
            _rebuild_invalid_indexes(guard)
            if finish:
                with engine.begin() as connection:
                    finish(connection)
    finally:
        engine.dispose()


def _await_turn(guard: Connection) -> None:
    """Wait until no other process migrates.

    It polls between statements: building an index concurrently waits for every session that is inside a statement, so a
    session that waited for the lock would block the one that holds it.
    """
    while not guard.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": AdvisoryLock.MIGRATION}).scalar_one():
        time.sleep(_PAUSE_SECONDS)


def _rebuild_invalid_indexes(connection: Connection) -> None:
    """Rebuild indexes whose build was interrupted: they exist, so no migration creates them, but no query uses them."""
    quote = connection.dialect.identifier_preparer.quote
    for name in connection.execute(_INVALID_INDEXES, {"tables": list(metadata.tables)}).scalars().all():
        # An interrupted REINDEX leaves its unfinished index beside the old one.
        verb = "DROP" if "_ccnew" in name else "REINDEX"
        connection.execute(text(f"{verb} INDEX CONCURRENTLY {quote(name)}"))


def is_current(connection: Connection) -> bool:
    """Whether every migration of this release has run; those of a newer release may have run, too.

    During a rollout of a newer release, the pods of this one must stay ready.
    """
    current = MigrationContext.configure(connection).get_current_revision()
    newest, known = _known_revisions()
    return current == newest or (current is not None and current not in known)


@cache
def _known_revisions() -> tuple[str | None, frozenset[str]]:
    scripts = ScriptDirectory.from_config(_config())
    return scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())


def grant_rights(owner: Connection, database_url: str) -> None:
    """Grant the user of this URL what the services need; the schema's owner has it already. Raises MissingRoleError."""
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
    """Set the age in days from which the purge may delete audit entries; only the schema's owner may."""
    body = f"RETURNS integer LANGUAGE sql STABLE RETURN {int(days)}"
    owner.execute(text(f"CREATE OR REPLACE FUNCTION audit_retention_days() {body}"))
