"""Score history: the score at the end of each day, the chosen period and the alerts in it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.data import Snapshot
from dashboard.formats import format_minute
from dashboard.guardrails.alerts import TITLES
from dashboard.links import alert_path
from viral_contract.models.alerts import Alert
from viral_contract.models.evaluations import HistoryPoint
from viral_contract.models.period import MAX_DAYS, Period
from viral_reports.dates import format_day_of_year, format_period
from viral_reports.figures import format_points

OPTION = "history"
"""The parameter of the address that says how many days are shown at least."""
_CHOICES = ("30", "90")
_LEVELS = (100, 75, 50, 25, 0)
_MOST_MARKS = 6


def find_dates(period: Period, chosen: str | None, *, now: datetime) -> Period:
    """The dates of the history: those until today, at least as many as chosen, and all of the period."""
    today = now.astimezone(UTC).date()
    days = int(chosen) if chosen in _CHOICES else int(_CHOICES[0])
    start = min(today - timedelta(days=days - 1), period.start)
    # The last year of a longer time, or the period itself where that is before.
    end = min(today, start + timedelta(days=MAX_DAYS - 1))
    return Period.between(start, end)


def build_body(snapshot: Snapshot) -> list[Component]:
    """A column a day, and the same as a table for screen readers."""
    points = find_last_of_days(snapshot.history.points)
    if not points:
        return [html.P("Not enough history yet. The score is saved every minute.", className="nothing")]
    shown = snapshot.history.period
    marks = find_marks(snapshot.alerts_shown, shown)
    return [
        html.Div(
            [build_hint("End of day, UTC · numbers are alerts"), _build_choice(snapshot)], className="history-head"
        ),
        _build_chart(shown, snapshot.period, points, marks),
        *_build_legend(marks),
        _build_hidden_table(points),
    ]


def find_last_of_days(points: Sequence[HistoryPoint]) -> dict[date, HistoryPoint]:
    """The last point of each date that had data; the others are gaps."""
    last = {point.computed_at.astimezone(UTC).date(): point for point in points}
    return {day: point for day, point in last.items() if point.has_data}


def find_marks(alerts: Sequence[Alert], shown: Period) -> list[tuple[date, list[Alert]]]:
    """The alerts by the date they were opened on, those of the newest dates."""
    by_day: dict[date, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda alert: (alert.opened_at, alert.id)):
        by_day.setdefault(alert.opened_at.astimezone(UTC).date(), []).append(alert)
    return [(day, each) for day, each in by_day.items() if shown.start <= day <= shown.end][-_MOST_MARKS:]


def _build_choice(snapshot: Snapshot) -> Component:
    # An element of its own holds the state: links of dcc take no ARIA attributes.
    links = [
        html.Span(f"{days} days", **{"aria-current": "true"})
        if days == snapshot.history_days
        else dcc.Link(f"{days} days", href=f"/dashboard/guardrails{snapshot.search}&{OPTION}={days}&panel=history")
        for days in _CHOICES
    ]
    return html.Div(links, className="segment-links", role="group", **{"aria-label": "Length of the history"})


def _build_chart(
    shown: Period, chosen: Period, points: dict[date, HistoryPoint], marks: list[tuple[date, list[Alert]]]
) -> Component:
    numbers = {day: number for number, (day, _) in enumerate(marks, start=1)}
    columns = [_build_column(day, points.get(day), chosen, numbers.get(day)) for day in shown.dates()]
    levels = [html.Span(str(level), style={"bottom": f"{level}%"}) for level in _LEVELS]
    ends = [html.Span(format_day_of_year(shown.start)), html.Span(format_day_of_year(shown.end))]
    return html.Div(
        [
            html.Div([html.Div(levels, className="history-levels"), *columns], className="history-days"),
            html.Div(ends, className="history-ends"),
        ],
        className="history-plot",
        role="img",
        **{"aria-label": describe(shown, points)},
    )


def describe(shown: Period, points: dict[date, HistoryPoint]) -> str:
    """The chart in one sentence."""
    scores = [point.health_score for point in points.values()]
    newest = format_points(points[max(points)].health_score)
    extent = f"between {format_points(min(scores))} and {format_points(max(scores))}"
    return f"Health score by day, {format_period(shown)}: {extent}, at last {newest}"


def _build_column(day: date, point: HistoryPoint | None, chosen: Period, mark: int | None) -> Component:
    parts: list[Component] = []
    if day == chosen.start:
        parts.append(html.Span("This period", className="history-period"))
    if point:
        height = {"height": f"{point.health_score:.1f}%"}
        parts.append(html.Div(className=f"history-bar status-{point.health_status}", style=height))
    if mark:
        level = point.health_score if point else 0
        parts.append(html.Span(str(mark), className="history-mark", style={"bottom": f"{level:.1f}%"}))
    look = "history-day is-chosen" if chosen.start <= day <= chosen.end else "history-day"
    said = format_points(point.health_score) if point else "no data"
    return html.Div(parts, className=look, title=f"{format_day_of_year(day)}: {said}")


def _build_legend(marks: list[tuple[date, list[Alert]]]) -> list[Component]:
    if not marks:
        return []
    return [html.Ul([_build_mark(number, alerts) for number, (_, alerts) in enumerate(marks, 1)], className="marks")]


def _build_mark(number: int, alerts: list[Alert]) -> Component:
    links = [dcc.Link(TITLES[alert.type], href=alert_path(alert.id)) for alert in alerts]
    joined = [part for link in links for part in (", ", link)][1:]
    opened = html.Span(format_minute(alerts[0].opened_at), className="hint")
    return html.Li([html.Span(str(number), className="history-mark"), html.Span(joined), opened])


def _build_hidden_table(points: dict[date, HistoryPoint]) -> Component:
    head = html.Tr([html.Th("Date", scope="col"), html.Th("Score", scope="col"), html.Th("Status", scope="col")])
    rows = [
        html.Tr(
            [
                html.Th(format_day_of_year(day), scope="row"),
                html.Td(format_points(point.health_score)),
                html.Td(point.health_status),
            ]
        )
        for day, point in sorted(points.items(), reverse=True)
    ]
    table = html.Table([html.Caption("Score history, newest first"), html.Thead(head), html.Tbody(rows)])
    return html.Div(table, className="visually-hidden")


CARD = Card("history", "Score history", 260, build_body)
