"""Locks an account after failed sign-ins, for longer each time.

A lane is an email, or one device of its owner (`sign_in`), so that a stranger's guesses lock strangers out alone.
Stored in PostgreSQL, so that it survives Redis, and for unknown accounts too, so that it does not reveal which accounts
exist.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Update, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.secrets import hash_secret
from metrics_api.db.tables import sign_in_failures
from metrics_api.settings.access import LimitSettings

_LONGEST = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)
_MOST_DOUBLINGS = 10


def reserve_attempt(connection: Connection, lane: str, settings: LimitSettings, *, now: datetime) -> timedelta | None:
    """Count a sign-in as failed before its password is checked, or return how long the account stays locked.

    So simultaneous attempts cannot exceed the limit; `forget_failures` resets the count after a success.
    """
    forget_old_failures(connection, now=now)
    statement = insert(sign_in_failures).values(account_hash=_account(lane), failures=1, last_at=now)
    counted = statement.on_conflict_do_update(
        index_elements=["account_hash"],
        set_={"failures": sign_in_failures.c.failures + 1, "last_at": now},
        where=(sign_in_failures.c.locked_until <= now) | sign_in_failures.c.locked_until.is_(None),
    )
    failures = connection.execute(counted.returning(sign_in_failures.c.failures)).scalar_one_or_none()
    if failures is None:
        return _fetch_lock(connection, lane, now=now)
    connection.execute(_row_of(lane).values(locked_until=find_lock_end(failures, settings, now=now)))
    return None


def _fetch_lock(connection: Connection, lane: str, *, now: datetime) -> timedelta:
    statement = select(sign_in_failures.c.locked_until).where(sign_in_failures.c.account_hash == _account(lane))
    locked_until: datetime = connection.execute(statement).scalar_one()
    return max(locked_until - now, timedelta(seconds=1))


def _row_of(lane: str) -> Update:
    return update(sign_in_failures).where(sign_in_failures.c.account_hash == _account(lane))


def forget_old_failures(connection: Connection, *, now: datetime) -> int:
    """Delete the failures of accounts whose last one was long ago; returns the number of accounts."""
    return connection.execute(
        delete(sign_in_failures).where(sign_in_failures.c.last_at < now - FORGOTTEN_AFTER)
    ).rowcount


def find_lock_end(failures: int, settings: LimitSettings, *, now: datetime) -> datetime | None:
    """Until when this many failures in a row lock an account; each further one doubles the time."""
    above = failures - settings.login_failures_before_lock
    if above < 0:
        return None
    seconds = settings.login_lock_seconds * 2 ** min(above, _MOST_DOUBLINGS)
    return now + min(timedelta(seconds=seconds), _LONGEST)


def forget_failures(connection: Connection, lane: str) -> None:
    """Reset the count, after a successful sign-in or a new password."""
    connection.execute(delete(sign_in_failures).where(sign_in_failures.c.account_hash == _account(lane)))


def _account(lane: str) -> str:
    return hash_secret(lane.lower())
