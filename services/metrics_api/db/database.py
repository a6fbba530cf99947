"""Connections to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import Gauge, Histogram
from sqlalchemy import Connection, Engine, create_engine

_OPTIONS = "-c timezone=UTC -c statement_timeout=30s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s"
# As psycopg has it.
_PREPARED_AFTER = 5

_TRANSACTIONS = Gauge(
    "viral_engine_database_transactions",
    "Transactions that hold a connection of the pool or wait for one",
    multiprocess_mode="livesum",
)
_POOL_SIZE = Gauge("viral_engine_database_pool_size", "Connections that the pool may open", multiprocess_mode="livesum")
_WAIT = Histogram("viral_engine_database_wait_seconds", "Time until a transaction had a connection")


def create_database_engine(database_url: str, *, pool_size: int, statement_timeout: bool = True) -> Engine:
    """An engine whose sessions use UTC and, by default, a statement timeout."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = _OPTIONS if statement_timeout else "-c timezone=UTC"
    _POOL_SIZE.set(pool_size)
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        # Errors reach the log, and parameters may identify children.
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": 5},
    )


class Database:
    """Transactions for reading and for writing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent, read-only snapshot.

        Each statement is planned for its values, as periods of a day and of a year want different plans; but see
        `prepared`.
        """
        with _TRANSACTIONS.track_inprogress(), self._connect() as connection:
            _set_prepare_threshold(connection, None)
            yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            # With a rollback the session's prepared statements would go.
            connection.commit()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block unless it raises."""
        with _TRANSACTIONS.track_inprogress(), self._connect() as connection, connection.begin():
            _set_prepare_threshold(connection, _PREPARED_AFTER)
            yield connection

    def _connect(self) -> Connection:
        with _WAIT.time():
            return self._engine.connect()

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


@contextmanager
def prepared(connection: Connection) -> Iterator[None]:
    """Prepare the statements of this block in a reading transaction once for each session, however often they are sent.

    For look-ups by keys, which have one good plan: planning them takes longer than they do.
    """
    _set_prepare_threshold(connection, 0)
    try:
        yield
    finally:
        _set_prepare_threshold(connection, None)


def _set_prepare_threshold(connection: Connection, threshold: int | None) -> None:
    driver: Any = connection.connection.driver_connection
    driver.prepare_threshold = threshold
