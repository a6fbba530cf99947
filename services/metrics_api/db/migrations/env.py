"""Alembic's environment: `metrics_api.db.migrate` passes the connection."""

from alembic import context

from metrics_api.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
