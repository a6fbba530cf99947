"""How many would be flagged at each value of a setting, by what people have decided."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.drafts.settings import format_value, name_setting
from viral_contract.models.drafts import CurveAnswer, CurvePoint, ReplayedKind
from viral_reports.dates import format_period
from viral_reports.figures import format_count

_NAMES: dict[ReplayedKind, str] = {"network": "networks", "device": "devices", "referrer": "referrers"}
_SERIES = [
    {"name": "Judged fraud", "color": "var(--critical-graphic)"},
    {"name": "Judged legitimate", "color": "var(--good-graphic)"},
    {"name": "No verdict", "color": "var(--outline)"},
]


def build_curve(curve: CurveAnswer, drafted: float | None) -> list[Component]:
    """The areas, with lines at the live value and the draft's, and the same as a table for screen readers."""
    about = f"{name_setting(curve.setting)}, {format_period(curve.period)}"
    if not any(point.flagged for point in curve.points):
        nothing = f"No {_NAMES[curve.kind]} would be flagged at any value."
        return [build_hint(about), html.P(nothing, className="nothing")]
    return [
        build_hint(about),
        html.P(format_sentence(curve, drafted), className="curve-sentence"),
        html.Div(_build_chart(curve, drafted), className="history-chart", **{"aria-hidden": "true"}),
        _build_hidden_table(curve),
    ]


def format_sentence(curve: CurveAnswer, drafted: float | None) -> str:
    """How many are flagged live and under the draft."""
    by_value = {point.value: point.flagged for point in curve.points}
    live = f"Live {format_value(curve.setting, curve.live_value)}: {by_value[curve.live_value]} flagged"
    if drafted is None or drafted == curve.live_value or drafted not in by_value:
        return f"{live}."
    return f"{live}. Draft {format_value(curve.setting, drafted)}: {by_value[drafted]} flagged."


def _build_chart(curve: CurveAnswer, drafted: float | None) -> Component:
    lines = [{"x": format_value(curve.setting, curve.live_value), "label": "Live", "color": "var(--text)"}]
    if drafted is not None and drafted != curve.live_value:
        lines.append({"x": format_value(curve.setting, drafted), "label": "Draft", "color": "accent"})
    return dmc.AreaChart(
        h=260,
        data=[_build_point(curve, point) for point in curve.points],
        dataKey="value",
        series=_SERIES,
        type="stacked",
        curveType="linear",
        withDots=False,
        withLegend=True,
        fillOpacity=0.7,
        referenceLines=lines,
        gridAxis="y",
        tickLine="none",
        yAxisProps={"width": 34, "allowDecimals": False},
    )


def _build_point(curve: CurveAnswer, point: CurvePoint) -> dict[str, str | int]:
    split = point.by_verdict
    counts = (split.fraud, split.legitimate, split.none + split.unsure)
    named = dict(zip((series["name"] for series in _SERIES), counts, strict=True))
    return {"value": format_value(curve.setting, point.value), **named}


def _build_hidden_table(curve: CurveAnswer) -> Component:
    names = ("Value", "Flagged", *(series["name"] for series in _SERIES))
    rows = [
        html.Tr(
            [
                html.Th(format_value(curve.setting, point.value), scope="row"),
                html.Td(format_count(point.flagged)),
                html.Td(format_count(point.by_verdict.fraud)),
                html.Td(format_count(point.by_verdict.legitimate)),
                html.Td(format_count(point.by_verdict.none + point.by_verdict.unsure)),
            ]
        )
        for point in curve.points
    ]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    table = html.Table([html.Caption("Flagged by value"), head, html.Tbody(rows)])
    return html.Div(table, className="visually-hidden")
