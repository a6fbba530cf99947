"""How many of the people who clicked went on, step by step; `ingest/journeys` decides who reached which step."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, text

from metrics_api.detection.query import Query
from metrics_api.growth.intervals import wilson_interval
from viral_contract.models.growth import FunnelAnswer, FunnelStep

StepName = Literal["clicked", "visited", "signed_up", "converted", "activated"]
_STEPS: tuple[StepName, ...] = get_args(StepName)

_FUNNEL = text("""
    SELECT coalesce(sum(clicked), 0)::bigint AS clicked, coalesce(sum(visited), 0)::bigint AS visited,
        coalesce(sum(signed_up), 0)::bigint AS signed_up, coalesce(sum(converted), 0)::bigint AS converted,
        coalesce(sum(activated), 0)::bigint AS activated
    FROM funnel_per_day WHERE day BETWEEN :start AND :end AND (CAST(:source AS text) IS NULL OR source = :source)
""")
_INVITES = text("""
    SELECT coalesce(sum(invites), 0)::bigint FROM activity_per_day
    WHERE day BETWEEN :start AND :end AND (CAST(:source AS text) IS NULL OR source = :source)
""")


def fetch_funnel(connection: Connection, query: Query) -> FunnelAnswer:
    """People whose first click lies in the period; a step counts where it came at or after the one before.

    What they did earlier neither counts nor hides what they did after the click.
    """
    period, source = query.period, query.filter.source
    values = {"start": period.start, "end": period.end, "source": source}
    people, invites = connection.execute(_FUNNEL, values).one(), connection.execute(_INVITES, values).scalar_one()
    return FunnelAnswer(
        period=period, computed_at=query.now, source=source, invites=invites, steps=format_steps(people)
    )


def format_steps(people: Row[Any]) -> list[FunnelStep]:
    """Each step's people as a share of the step before and of all who clicked."""
    counts: Sequence[int] = [getattr(people, name) for name in _STEPS]
    before = [counts[0], *counts[:-1]]
    return [
        FunnelStep(
            name=name,
            count=count,
            step_rate=count / previous if previous else 0,
            overall_rate=count / counts[0] if counts[0] else 0,
            step_rate_interval=wilson_interval(count, previous),
        )
        for name, count, previous in zip(_STEPS, counts, before, strict=True)
    ]
