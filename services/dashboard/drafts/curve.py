"""How many would be flagged at each value of a setting, by verdict; a slider moves the line of the draft."""

from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.drafts.settings import RATES, format_value, name_setting
from dashboard.errors import API_FAILURES, format_failure
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.drafts import CurveAnswer, CurvePoint, CurveSetting, ReplayedKind
from viral_reports.dates import format_period
from viral_reports.figures import format_count

_NAMES: dict[ReplayedKind, str] = {"network": "networks", "device": "devices", "referrer": "referrers"}
_SERIES = [
    {"name": "Judged fraud", "color": "var(--critical-graphic)"},
    {"name": "Judged legitimate", "color": "var(--good-graphic)"},
    {"name": "No verdict", "color": "var(--outline)"},
]
_PERCENT = 100
_OUTPUTS = {
    "about": Output("draft-curve-about", "children"),
    "hidden": Output("draft-curve-picture", "hidden"),
    "chart": Output("draft-chart", "data"),
    "last": Output("draft-slider", "max"),
    "at": Output("draft-slider", "value"),
    "steps": Output("draft-steps", "data"),
    "table": Output("draft-curve-table", "children"),
}


def build_curve_frame() -> Component:
    """The areas, the line of the draft below which its slider stands on the same scale, and what they say."""
    chart = dmc.AreaChart(
        id="draft-chart",
        h=260,
        data=[],
        dataKey="value",
        series=_SERIES,
        type="stacked",
        curveType="linear",
        withDots=False,
        withLegend=True,
        fillOpacity=0.7,
        referenceLines=[],
        gridAxis="y",
        tickLine="none",
        yAxisProps={"width": 34, "allowDecimals": False},
    )
    slider = dmc.Slider(
        id="draft-slider",
        min=0,
        max=1,
        step=1,
        value=0,
        label=None,
        size=2,
        thumbSize=20,
        updatemode="drag",
        thumbLabel="Value of the draft",
        className="curve-slider",
    )
    picture = html.Div(
        [
            html.P(id="draft-sentence", className="curve-sentence", role="status"),
            html.Div(chart, className="history-chart", **{"aria-hidden": "true"}),
            slider,
            build_hint("Drag the draft’s value, or use ← →. It is the field under Settings, too."),
            html.Div(id="draft-curve-table", className="visually-hidden"),
        ],
        id="draft-curve-picture",
        hidden=True,
    )
    return html.Div([html.P(id="draft-curve-about", className="hint"), dcc.Store(id="draft-steps"), picture])


def add_curve(app: Dash, views: SharedViews) -> None:
    """Draw the curve of a draft that is loaded, and let its line follow the slider in the browser."""

    def draw(loaded: dict[str, Any] | None, setting: CurveSetting) -> dict[str, Any]:
        return show_curve(views.api_of_viewer(), loaded, setting) if loaded else dict.fromkeys(_OUTPUTS, no_update)

    app.callback(
        output=_OUTPUTS,
        inputs={"loaded": Input("draft-loaded", "data"), "setting": Input("draft-setting", "value")},
    )(draw)
    app.clientside_callback(
        ClientsideFunction("drafts", "moveLine"),
        Output("draft-chart", "referenceLines"),
        Output("draft-sentence", "children"),
        Input("draft-slider", "value"),
        Input("draft-steps", "data"),
        State("draft-loaded", "data"),
    )


def show_curve(api: MetricsApi, loaded: dict[str, Any], setting: CurveSetting) -> dict[str, Any]:
    """The curve of the setting over the draft's period, by the names of the callback's outputs."""
    try:
        curve = api.fetch_curve(setting=setting, start=loaded["start"], end=loaded["until"])
    except API_FAILURES as error:
        return {**dict.fromkeys(_OUTPUTS, no_update), "about": format_failure(error), "hidden": True}
    return draw_curve(curve, loaded["settings"].get(setting))


def draw_curve(curve: CurveAnswer, drafted: float | None) -> dict[str, Any]:
    """Areas, steps of the slider, and the same as a table for screen readers."""
    about = f"{name_setting(curve.setting)}, {format_period(curve.period)}"
    wanted = curve.live_value if drafted is None else drafted
    at = min(range(len(curve.points)), key=lambda place: abs(curve.points[place].value - wanted))
    is_empty = not any(point.flagged for point in curve.points)
    return {
        "about": f"{about}. No {_NAMES[curve.kind]} would be flagged at any value." if is_empty else about,
        "hidden": is_empty,
        "chart": [_build_point(curve, point) for point in curve.points],
        "last": len(curve.points) - 1,
        "at": at,
        "steps": {
            "setting": curve.setting,
            "live": format_value(curve.setting, curve.live_value),
            "steps": [_build_step(curve, point) for point in curve.points],
        },
        "table": _build_table(curve),
    }


def _build_step(curve: CurveAnswer, point: CurvePoint) -> dict[str, Any]:
    """A value of the slider: what the axis calls it, what the field is set to, and how many are flagged."""
    value = round(point.value * _PERCENT, 6) if curve.setting in RATES else point.value
    return {"x": format_value(curve.setting, point.value), "value": value, "flagged": point.flagged}


def _build_point(curve: CurveAnswer, point: CurvePoint) -> dict[str, str | int]:
    split = point.by_verdict
    counts = (split.fraud, split.legitimate, split.none + split.unsure)
    named = dict(zip((series["name"] for series in _SERIES), counts, strict=True))
    return {"value": format_value(curve.setting, point.value), **named}


def _build_table(curve: CurveAnswer) -> Component:
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
    return html.Table([html.Caption("Flagged by value"), head, html.Tbody(rows)])
