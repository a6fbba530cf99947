"""Prepared statements: look-ups are planned once for each session, what reads periods each time."""

from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.db.database import prepared


def count_prepared(connection: Connection) -> int:
    """How many statements with the mark are prepared in this session."""
    found = "SELECT count(*) FROM pg_prepared_statements WHERE position('the mark' IN statement) > 0"
    return connection.execute(text(f"{found} AND statement NOT LIKE '%pg_prepared%'")).scalar_one()


def test_only_what_is_prepared_stays_so_from_one_reading_transaction_to_the_next(context: Context) -> None:
    lookup, reading = (text(f"SELECT '{kind} of the mark', CAST(:value AS int)") for kind in ("key", "period"))
    for value in range(10):
        with context.database.read() as connection:
            connection.execute(reading, {"value": value})
            with prepared(connection):
                connection.execute(lookup, {"value": value})
    with context.database.read() as connection:
        assert count_prepared(connection) == 1
