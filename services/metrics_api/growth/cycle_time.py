"""How long it takes until a user's invite has brought the next user."""

from sqlalchemy import Connection, text

from metrics_api.detection.query import Query
from viral_contract.models.growth import CycleTimeAnswer

_IS_WANTED = "day BETWEEN :start AND :end AND (CAST(:source AS text) IS NULL OR source = :source)"
# Counts say which buckets hold the cycles that the percentiles lie between; only these are read, by their index.
_CYCLE_TIME = text(f"""
    WITH counted AS (
        SELECT bucket, sum(cycles) AS cycles FROM cycles_per_day WHERE {_IS_WANTED}
        GROUP BY bucket HAVING sum(cycles) > 0
    ), running AS (
        SELECT bucket, cycles, sum(cycles) OVER (ORDER BY bucket) - cycles AS before, sum(cycles) OVER () AS pairs
        FROM counted
    ), percentile AS (
        SELECT pairs, share * (pairs - 1) AS place
        FROM (SELECT DISTINCT pairs FROM running) AS total, unnest(ARRAY[0.5, 0.75]) AS share
    ), holding AS (
        SELECT DISTINCT bucket, before FROM running
        JOIN percentile ON ceil(place) >= before AND floor(place) < before + cycles
    ), placed AS (
        SELECT hours, before + row_number() OVER (PARTITION BY bucket ORDER BY hours) - 1 AS place
        FROM holding CROSS JOIN LATERAL (
            SELECT hours FROM cycles WHERE cycles.bucket = holding.bucket AND {_IS_WANTED} OFFSET 0
        ) AS cycle
    )
    SELECT pairs, low.hours + CAST(percentile.place - low.place AS double precision) * (high.hours - low.hours) AS hours
    FROM percentile JOIN placed AS low ON low.place = floor(percentile.place)
        JOIN placed AS high ON high.place = ceil(percentile.place)
    ORDER BY percentile.place
""")

# Users of the period who have not brought anybody yet; their cycle is still open.
_OPEN = text("""
    SELECT coalesce(sum(users) FILTER (WHERE source = ''), 0)::bigint
        - coalesce(sum(inviters) FILTER (WHERE source = coalesce(:source, '')), 0)::bigint
    FROM signups_per_day WHERE day BETWEEN :start AND :end AND source IN ('', coalesce(:source, ''))
""")


def fetch_cycle_time(connection: Connection, query: Query) -> CycleTimeAnswer:
    """Hours from a user's signup to the signup in the period of each user they had referred by then.

    With a loop, only those count who came through it.
    """
    period = query.period
    values = {"start": period.start, "end": period.end, "source": query.filter.source}
    percentiles = connection.execute(_CYCLE_TIME, values).all()
    median, upper = [row.hours for row in percentiles] or (None, None)
    return CycleTimeAnswer(
        period=period,
        computed_at=query.now,
        median_hours=median,
        p75_hours=upper,
        pairs=percentiles[0].pairs if percentiles else 0,
        open=connection.execute(_OPEN, values).scalar_one(),
    )
