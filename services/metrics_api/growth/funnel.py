"""How many of the people who clicked went on, step by step."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, text

from metrics_api.detection.context import Reading
from metrics_api.growth.intervals import wilson_interval
from viral_engine.contract.growth import FunnelAnswer, FunnelStep

StepName = Literal["clicked", "visited", "signed_up", "converted", "activated"]
_STEPS: tuple[StepName, ...] = get_args(StepName)

# Whoever missed a step, or took it before the one that leads to it, is not counted in the later ones.
_FUNNEL = text("""
    SELECT count(*) AS clicked, count(*) FILTER (WHERE visited) AS visited,
        count(*) FILTER (WHERE visited AND signed_up) AS signed_up,
        count(*) FILTER (WHERE visited AND signed_up AND converted) AS converted,
        count(*) FILTER (WHERE visited AND signed_up AND converted AND activated) AS activated
    FROM (
        SELECT first_visit_at >= first_click_at AS visited,
            first_signup_at >= first_visit_at AS signed_up,
            first_conversion_at >= first_signup_at AS converted,
            first_activation_at >= first_conversion_at AS activated
        FROM user_journeys
        WHERE first_click_at >= :first AND first_click_at < :behind
            AND (CAST(:source AS text) IS NULL OR source = :source)
    ) AS person
""")
_INVITES = text("""
    SELECT coalesce(sum(invites), 0)::bigint FROM activity_per_referrer_day
    WHERE day BETWEEN :start AND :end AND (CAST(:source AS text) IS NULL OR source = :source)
""")


def fetch_funnel(connection: Connection, reading: Reading, source: str | None) -> FunnelAnswer:
    """People whose first click lies in the period; a step counts where it came at or after the one before."""
    period = reading.period
    people = connection.execute(
        _FUNNEL, {"first": period.begins_at, "behind": period.ends_before, "source": source}
    ).one()
    invites = connection.execute(_INVITES, {"start": period.start, "end": period.end, "source": source}).scalar_one()
    return FunnelAnswer(
        period=period, computed_at=reading.now, source=source, invites=invites, steps=format_steps(people)
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
