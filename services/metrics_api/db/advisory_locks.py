"""Every advisory lock of the product in one list, so that no two of them are the same by accident."""

from enum import IntEnum, unique

from sqlalchemy import Connection, text


@unique
class AdvisoryLock(IntEnum):
    """The key of each lock in PostgreSQL."""

    MIGRATION = 7_301_001
    FACTS = 7_301_002
    EVALUATION = 7_301_003
    RECONCILER = 7_301_004
    CASES = 7_301_005
    DAYS_OF_REFERRERS = 7_301_006
    FOLDING = 7_301_007
    REFERRER_CASES = 7_301_008
    NOT_CREDIBLE = 7_301_009


def await_lock(connection: Connection, lock: AdvisoryLock) -> None:
    """Wait until nobody else holds the lock, and keep it until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock})
