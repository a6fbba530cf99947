"""Health Score: the number, how good that is, and how far it is from better."""

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_not_kept
from dashboard.data import Snapshot
from dashboard.formats import format_number, format_percent
from dashboard.period import format_search, week_until
from viral_contract.models.guardrails import BasisScore, DeductionItem, HealthAnswer
from viral_reports.dates import format_day, format_period
from viral_reports.figures import format_points

_STATUSES = ("excellent", "good", "fair", "warning", "critical")
_GUARDRAILS = "/dashboard/guardrails"
# What is flagged, and what its deduction is called with its verb.
_FLAGGED = {"fraud": ("flagged networks", "fraud is"), "bot_behavior": ("flagged devices", "bots are")}


def build_body(snapshot: Snapshot) -> list[Component]:
    """The gauge, or what to say while there is nothing to judge."""
    health = snapshot.health
    if not health.has_data:
        return [_build_no_data(health)]
    if health.is_partial:
        return [build_not_kept()]
    return [
        _build_gauge(health),
        build_status(health.health_status),
        *_build_change(health, snapshot.before),
        build_hint(_format_distance(health)),
        _build_bases(health),
        *_build_cap_note(health),
    ]


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


def _build_change(health: HealthAnswer, before: HealthAnswer | None) -> list[Component]:
    """How far the score is from that of the period before it."""
    if before is None:
        return []
    change, then = round(health.health_score - before.health_score, 1), f"vs. {format_period(before.period)}"
    if not change:
        return [html.P(f"No change {then}", className="trend trend-stable score-change")]
    arrow = html.Span("↑" if change > 0 else "↓", **{"aria-label": "up" if change > 0 else "down", "role": "img"})
    points = html.Span([arrow, f" {abs(change):.1f} points"], className=f"trend trend-{'up' if change > 0 else 'down'}")
    was = html.Span(f" {then} ({format_points(before.health_score)})", className="score-before")
    return [html.P([points, was], className="score-change")]


def _format_distance(health: HealthAnswer) -> str:
    """Where the next better status begins, as the limits are configured."""
    rank = _STATUSES.index(health.health_status)
    if rank == 0:
        return "Highest status"
    better = _STATUSES[rank - 1]
    limit = health.limits[f"health_status_{better}"]
    return f"{better.capitalize()} starts at {format_number(limit)}"


def _build_bases(health: HealthAnswer) -> Component:
    """The score on both bases, the one in use first."""
    rows = [("By count", "count", health.by_count), ("By share of clicks", "share", health.by_share)]
    return html.Dl(
        [
            _build_basis(label, score, is_used=name == health.basis)
            for label, name, score in sorted(rows, key=lambda row: row[1] != health.basis)
        ],
        className="bases",
    )


def _build_basis(label: str, score: BasisScore, *, is_used: bool) -> Component:
    used = [html.Span(" · in use", className="basis-used")] if is_used else []
    status = html.Span(score.health_status.capitalize(), className=f"basis-status status-{score.health_status}")
    return html.Div([html.Dt([label, *used]), html.Dd(status), html.Dd(format_points(score.health_score))])


def _build_cap_note(health: HealthAnswer) -> list[Component]:
    note = format_cap_note(health)
    return [html.P(note, className="hint basis-note")] if note else []


def format_cap_note(health: HealthAnswer) -> str:
    """What a maximum hides: a count at its maximum no longer falls, a share at its maximum does not either."""
    for by_count, by_share in zip(health.by_count.deduction_items, health.by_share.deduction_items, strict=True):
        if by_count.name not in _FLAGGED:
            continue
        what, fraud = _FLAGGED[by_count.name]
        if _is_at_cap(by_count):
            by = f"By share it is {format_points(health.by_share.health_score)}."
            maximum = format_number(by_count.cap)
            return f"The count has reached its maximum of {maximum}. More {what} no longer lower the score. {by}"
        if _is_at_cap(by_share):
            maximum, clicks = format_number(by_share.cap), format_percent(by_share.quantity / 100)
            return f"By share, {fraud} at the maximum of {maximum}: {clicks} of clicks are flagged."
    return ""


def _is_at_cap(item: DeductionItem) -> bool:
    return 0 < item.cap <= item.points


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
