"""K over time: each date's K, with and without what the guardrails flag."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.data import GrowthSnapshot
from viral_contract.models.growth import TimelinePoint
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_count, format_k

_SERIES = [
    {"name": "K", "color": "accent"},
    {"name": "K clean", "color": "var(--warning-graphic)", "strokeDasharray": "5 4"},
]
_VIRAL_LINE = {"y": 1, "label": "K = 1", "color": "var(--subtle)", "labelPosition": "insideTopRight"}


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The two lines, and the same as a table for screen readers."""
    points = snapshot.timeline.points
    if not any(point.invites for point in points):
        return [html.P("No invites in this period.", className="nothing")]
    return [
        build_hint("Daily conversions divided by the users who invited that day"),
        html.Div(_build_chart(points), className="history-chart", **{"aria-hidden": "true"}),
        _build_hidden_table(points),
    ]


def _build_chart(points: list[TimelinePoint]) -> Component:
    data = [
        {
            "day": format_day_of_year(point.date),
            "K": round(point.k_factor, 3),
            "K clean": round(point.k_factor_clean, 3),
        }
        for point in points
    ]
    return dmc.LineChart(
        h=240,
        data=data,
        dataKey="day",
        series=_SERIES,
        referenceLines=[_VIRAL_LINE],
        curveType="linear",
        withDots=len(points) == 1,
        withLegend=True,
        gridAxis="x",
        tickLine="none",
        yAxisProps={"width": 34},
        xAxisProps={"minTickGap": 32},
    )


def _build_hidden_table(points: list[TimelinePoint]) -> Component:
    names = ("Date", "K", "K clean", "Invites", "Conversions")
    rows = [
        html.Tr(
            [
                html.Th(format_day_of_year(point.date), scope="row"),
                html.Td(format_k(point.k_factor)),
                html.Td(format_k(point.k_factor_clean)),
                html.Td(format_count(point.invites)),
                html.Td(format_count(point.conversions)),
            ]
        )
        for point in points
    ]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    return html.Div(html.Table([html.Caption("K by day"), head, html.Tbody(rows)]), className="visually-hidden")


CARD = Card("k-timeline", "K over time", 300, build_body)
