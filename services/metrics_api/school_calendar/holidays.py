"""Which dates are holidays."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, text

# Of several holidays on a date the one that began first.
_BY_DAY = text("""
    SELECT DISTINCT ON (day) CAST(day AS date) AS day, name
    FROM calendar_entries CROSS JOIN LATERAL generate_series(
        greatest(start, CAST(:start AS date))::timestamp, least("end", CAST(:end AS date))::timestamp, interval '1 day'
    ) AS day
    WHERE kind = 'holiday' AND start <= :end AND "end" >= :start
    ORDER BY day, start, id
""")


def fetch_holidays(connection: Connection, start: date, end: date) -> Mapping[date, str]:
    """The names of the holidays by date, from `start` to `end`, both included."""
    return {row.day: row.name for row in connection.execute(_BY_DAY, {"start": start, "end": end})}
