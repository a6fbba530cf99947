"""How many conversions are in the same cases: kept, so that a list counts each of them once without reading them all.

Whoever changes cases or their conversions holds the lock of this module, and evaluations, erasures and the purge are
alone with it; so they never act on what another is changing, and count what is stored in the end.
"""

from sqlalchemy import Connection, text

from metrics_api.db.advisory_locks import AdvisoryLock, await_lock

_FORGET = text("DELETE FROM case_stakes")
# Ids of cases begin at 1, and are signed by whether a rule that flags found the conversion. Most conversions are in one
# case; the numbers of these are negative, so that only others are looked at together.
_COUNT = text("""
    INSERT INTO case_stakes (case_id, stake, is_flagged, conversions)
    SELECT abs(in_case), stake, in_case > 0, conversions FROM (
        SELECT CASE cardinality(in_cases) WHEN 1 THEN -1 ELSE 1 END * row_number() OVER () AS stake, in_cases,
            count(*) AS conversions
        FROM (
            SELECT array_agg(CASE WHEN is_flagged THEN case_id ELSE -case_id END ORDER BY case_id) AS in_cases
            FROM case_conversions GROUP BY event_id
        ) AS conversion GROUP BY in_cases
    ) AS counted CROSS JOIN unnest(in_cases) AS in_case
""")


def share_cases(connection: Connection) -> None:
    """Keep evaluations, erasures and the purge from changing cases until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": AdvisoryLock.CASES})


def own_cases(connection: Connection) -> None:
    """Keep all others from changing cases until this transaction ends; after locks on facts, before those on rows."""
    await_lock(connection, AdvisoryLock.CASES)


def count_stakes(connection: Connection) -> None:
    """Count the conversions in cases again; the caller owns the cases."""
    connection.execute(_FORGET)
    connection.execute(_COUNT)
