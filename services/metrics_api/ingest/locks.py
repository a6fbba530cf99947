"""The lock that lets facts be rebuilt while events keep coming."""

from sqlalchemy import Connection, text

_KEY = 7_301_002


def share_facts(connection: Connection) -> None:
    """Keep a rebuild out until this transaction ends; writers do not keep each other out."""
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _KEY})


def own_facts(connection: Connection) -> None:
    """Keep every writer out until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEY})
