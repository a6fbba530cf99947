"""One reconciler works at a time: the one whose connection holds an advisory lock.

The lock ends with the connection, so that another takes over when this process is killed, cut off or hangs behind a
dead network.
"""

from threading import Event

import psycopg
import structlog
from prometheus_client import Gauge

_KEY = 7_301_004
_STANDBY_SECONDS = 2
# Without these PostgreSQL would keep the lock for hours when the leader's machine is gone.
_OPTIONS = "-c timezone=UTC -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
_HEARTBEAT = Gauge(
    "viral_engine_reconciler_heartbeat_timestamp_seconds",
    "When this process last reached the database, leading or not",
    multiprocess_mode="max",
)
_log = structlog.get_logger()


def connect(database_url: str) -> psycopg.Connection:
    """A connection to hold the leadership by, apart from those that work is done by."""
    return psycopg.connect(
        database_url.replace("postgresql+psycopg://", "postgresql://", 1),
        autocommit=True,
        connect_timeout=5,
        options=_OPTIONS,
        tcp_user_timeout=10_000,
        application_name="reconciler",
    )


def await_leadership(connection: psycopg.Connection, stop: Event) -> bool:
    """Wait until nobody else leads; says whether this process leads now, or has to stop.

    Raises psycopg.Error when the connection breaks.
    """
    while not stop.is_set():
        _HEARTBEAT.set_to_current_time()
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_KEY]).fetchone()
        if row and row[0]:
            _log.info("leadership_taken")
            return True
        stop.wait(_STANDBY_SECONDS)
    return False


def check_leadership(connection: psycopg.Connection) -> None:
    """Raise psycopg.Error when the connection, and the leadership with it, is lost."""
    connection.execute("SELECT 1")
    _HEARTBEAT.set_to_current_time()
