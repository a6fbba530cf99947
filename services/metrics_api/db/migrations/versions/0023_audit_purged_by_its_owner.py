"""An audit that no session opens: old entries go by one function of the schema's owner, which knows the retention.

Before, a session variable said what may be deleted, and every session could set it. Now the triggers let pass only what
`purge_audit_entries` deletes, and only what is older than `audit_retention_days` says, a function that the command
`migrate` replaces. A user who does not own the schema may read the audit and add to it, and replaces no function.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# The least that the setting allows, until `migrate` says what it is.
_RETENTION = "CREATE FUNCTION audit_retention_days() RETURNS integer LANGUAGE sql STABLE RETURN 30"
_KEEP = r"""
    CREATE OR REPLACE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    DECLARE stack text;
    BEGIN
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF TG_OP = 'DELETE' AND stack ~ '\nPL/pgSQL function (\S+\.)?purge_audit_entries\(' THEN
            IF OLD.at < now() - make_interval(days => audit_retention_days()) THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION 'audit entries are append only' USING ERRCODE = 'insufficient_privilege';
    END $$
"""
# Its own search path, so that nobody puts another table in the place of this one.
_PURGE = """
    CREATE FUNCTION purge_audit_entries(cutoff timestamptz, at_most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    DECLARE
        deleted integer;
        kept_from timestamptz := least(cutoff, now() - make_interval(days => audit_retention_days()));
    BEGIN
        DELETE FROM audit_entries
        WHERE ctid = ANY(ARRAY(SELECT ctid FROM audit_entries WHERE at < kept_from LIMIT at_most));
        GET DIAGNOSTICS deleted = ROW_COUNT;
        RETURN deleted;
    END $$
"""
_OLD_KEEP = """
    CREATE OR REPLACE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.at < nullif(current_setting('viral_engine.purge_audit_before', true), '')::timestamptz THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION 'audit entries are append only' USING ERRCODE = 'insufficient_privilege';
    END $$
"""


def upgrade() -> None:
    op.execute(_RETENTION)
    op.execute(_KEEP)
    schema = op.get_bind().execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
    op.execute(_PURGE.format(schema=schema))
    op.execute("REVOKE ALL ON FUNCTION purge_audit_entries FROM PUBLIC")


def downgrade() -> None:
    op.execute("DROP FUNCTION purge_audit_entries")
    op.execute(_OLD_KEEP)
    op.execute("DROP FUNCTION audit_retention_days")
