"""What growth can be filtered by, to choose from."""

from sqlalchemy import Connection, text

from metrics_api.detection.query import Query
from viral_contract.models.growth import FiltersAnswer, LoopChoice
from viral_reports.figures import name_loop

MOST_CHOICES = 100
_LOOPS = text("""
    SELECT source FROM activity_per_day
    WHERE day BETWEEN :start AND :end AND source <> '' AND position(lower(:q) IN lower(source)) > 0
    GROUP BY source ORDER BY sum(invites + clicks + conversions) DESC, source LIMIT :most
""")
# Steps from one campaign to the next by the key of the facts.
_CAMPAIGNS = text("""
    WITH RECURSIVE found AS (
        (SELECT campaign FROM activity_per_campaign_day ORDER BY campaign LIMIT 1)
        UNION ALL
        SELECT (SELECT campaign FROM activity_per_campaign_day AS next WHERE next.campaign > found.campaign
            ORDER BY campaign LIMIT 1)
        FROM found WHERE campaign IS NOT NULL
    )
    SELECT campaign FROM found WHERE position(lower(:q) IN lower(campaign)) > 0 ORDER BY campaign LIMIT :most
""")


def fetch_filters(connection: Connection, query: Query, q: str) -> FiltersAnswer:
    """The loops of the period, the most active ones, and all campaigns, whose names have the text `q`."""
    values = {"start": query.period.start, "end": query.period.end, "q": q, "most": MOST_CHOICES}
    loops = connection.execute(_LOOPS, values).scalars()
    return FiltersAnswer(
        period=query.period,
        computed_at=query.now,
        loops=[LoopChoice(source=source, name=name_loop(source)) for source in loops],
        campaigns=list(connection.execute(_CAMPAIGNS, values).scalars()),
    )
