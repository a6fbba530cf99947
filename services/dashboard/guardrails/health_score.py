"""Health Score: the number, how good that is, and how far it is from better."""

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_not_kept
from dashboard.data import Snapshot
from dashboard.formats import format_number
from dashboard.period import format_search, week_until
from viral_contract.models.guardrails import HealthAnswer
from viral_reports.dates import format_day
from viral_reports.figures import format_points

_STATUSES = ("excellent", "good", "fair", "warning", "critical")
_GUARDRAILS = "/dashboard/guardrails"


def build_body(snapshot: Snapshot) -> list[Component]:
    """The gauge, or what to say while there is nothing to judge."""
    health = snapshot.health
    if not health.has_data:
        return [_build_no_data(health)]
    if health.is_partial:
        return [build_not_kept()]
    return [_build_gauge(health), build_status(health.health_status), build_hint(_format_distance(health))]


def build_status(status: str) -> Component:
    """A status as dot and word, so that it does not hang on its colour."""
    dot = html.Span(className="dot", **{"aria-hidden": "true"})
    return html.P([dot, status.capitalize()], className=f"status status-{status}")


def _build_gauge(health: HealthAnswer) -> Component:
    score = format_points(health.health_score)
    fullness = " gauge-full" if health.health_score == 100 else ""
    gauge = dmc.SemiCircleProgress(
        value=health.health_score,
        size=232,
        thickness=13,
        transitionDuration=300,
        filledSegmentColor="var(--status-graphic)",
        emptySegmentColor="var(--track)",
    )
    label = html.Div([html.Span(score, className="score"), html.Span("out of 100", className="score-unit")])
    return html.Div(
        html.Div([gauge, label], className=f"gauge status-{health.health_status}{fullness}", **{"aria-hidden": "true"}),
        role="img",
        **{"aria-label": f"Health score {score} out of 100: {health.health_status}"},
    )


def _format_distance(health: HealthAnswer) -> str:
    """Where the next better status begins, as the limits are configured."""
    rank = _STATUSES.index(health.health_status)
    if rank == 0:
        return "Highest status"
    better = _STATUSES[rank - 1]
    limit = health.thresholds[f"health_status_{better}"]
    return f"{better.capitalize()} starts at {format_number(limit)}"


def _build_no_data(health: HealthAnswer) -> Component:
    lines: list[Component] = [html.P("No data yet", className="no-data")]
    if health.last_event_at is None:
        lines.append(html.P("The score starts with the first event.", className="hint"))
    else:
        newest = health.last_event_at.date()
        href = _GUARDRAILS + format_search(week_until(newest))
        lines.append(html.P(f"No events in this period. Last event: {format_day(newest)}.", className="hint"))
        lines.append(dcc.Link("View the 7 days before it", href=href, className="button"))
    return html.Div(lines, className="empty")


CARD = Card("health-score", "Health Score", 236, build_body)
