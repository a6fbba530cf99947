"""Connections to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine

_OPTIONS = "-c timezone=UTC -c statement_timeout=30s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s"


def create_database_engine(database_url: str, *, pool_size: int, statement_timeout: bool = True) -> Engine:
    """An engine whose sessions think in UTC and, unless told otherwise, give up on overlong statements."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = _OPTIONS if statement_timeout else "-c timezone=UTC"
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": 5},
    )


class Database:
    """Transactions for reading and for writing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent snapshot of everything, without the right to change it."""
        with self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block unless it raises."""
        with self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()
