"""Score history: the score as it was stored at each evaluation."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.data import Snapshot
from dashboard.formats import format_minute
from viral_contract.models.evaluations import HistoryPoint
from viral_reports.figures import format_points

_ENOUGH = 2


def build_body(snapshot: Snapshot) -> list[Component]:
    """The line over time, and the same as a table for screen readers."""
    points = snapshot.history.points
    if len(points) < _ENOUGH:
        return [html.P("Not enough history yet. The score is saved every minute.", className="nothing")]
    return [
        build_hint("Last 7 days, as recorded at the time"),
        html.Div(_build_chart(points), className="history-chart", **{"aria-hidden": "true"}),
        _build_hidden_table(points),
    ]


def _build_chart(points: list[HistoryPoint]) -> Component:
    return dmc.AreaChart(
        h=200,
        data=[
            {"at": format_minute(point.computed_at), "Score": point.health_score if point.has_data else None}
            for point in points
        ],
        dataKey="at",
        series=[{"name": "Score", "color": "accent"}],
        curveType="linear",
        withDots=False,
        connectNulls=False,
        gridAxis="y",
        tickLine="none",
        fillOpacity=0.08,
        yAxisProps={"domain": [0, 100], "width": 34},
        xAxisProps={"minTickGap": 48},
    )


def _build_hidden_table(points: list[HistoryPoint]) -> Component:
    head = html.Tr([html.Th("Time", scope="col"), html.Th("Score", scope="col"), html.Th("Status", scope="col")])
    step = max(1, len(points) // 20)
    rows = [
        html.Tr(
            [
                html.Th(format_minute(point.computed_at), scope="row"),
                html.Td(format_points(point.health_score) if point.has_data else "no data"),
                html.Td(point.health_status if point.has_data else "–"),
            ]
        )
        for point in points[::-step]
    ]
    table = html.Table([html.Caption("Score history, newest first"), html.Thead(head), html.Tbody(rows)])
    return html.Div(table, className="visually-hidden")


CARD = Card("history", "Score history", 260, build_body)
