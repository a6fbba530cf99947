"""How many of the people who clicked went on, step by step; `ingest/journeys` decides who reached which step."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, text

from metrics_api.detection.query import Query
from metrics_api.growth.activity import CAME_THROUGH
from metrics_api.growth.intervals import wilson_interval
from viral_contract.models.growth import FunnelAnswer, FunnelStep

StepName = Literal["clicked", "visited", "signed_up", "converted", "activated"]
_STEPS: tuple[StepName, ...] = get_args(StepName)

_FUNNEL = text(f"""
    SELECT count(*) AS clicked, count(visited_at) AS visited, count(signed_up_at) AS signed_up,
        count(converted_at) AS converted, count(activated_at) AS activated
    FROM user_journeys
    WHERE first_click_at >= :first AND first_click_at < :behind
        AND {CAME_THROUGH.format(person="")}
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
    people = connection.execute(
        _FUNNEL, {"first": period.begins_at, "behind": period.ends_before, "source": source}
    ).one()
    invites = connection.execute(_INVITES, {"start": period.start, "end": period.end, "source": source}).scalar_one()
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
