"""By day: a figure of growth beside what was expected of each day, and the days far from it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import ceil, floor, log10

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.controls import build_segments
from dashboard.data import GrowthSnapshot
from dashboard.formats import format_percent
from dashboard.links import CALENDAR_PATH
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.period import Period, PeriodQuery
from viral_contract.models.series import SERIES_METRICS, SeriesAnswer, SeriesChange, SeriesMetric, SeriesPoint
from viral_reports.dates import format_day_of_year, format_period
from viral_reports.figures import format_count, format_signed, format_z, name_metric

OPTION = "metric"
"""The parameter of the address that says which figure is shown."""
_SLUG = "by-day"
_SWITCH = "by-day-metric"
_SHOWN: Sequence[SeriesMetric] = ("clicks", "signups", "conversions", "invites", "filtered_share")
_LINES: Mapping[SeriesMetric, str] = {"clicks": "Clicks of people", "filtered_share": "Filtered share of clicks"}
_DAYS = 56
_MOST_LABELS = 9
_SIZE = 1000
_STEPS = 4
_RIGHT = 0.7
"""From here on the names of holidays stand at their end."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Scale:
    """Where in the picture a day and a value stand, as shares of its width and height."""

    points: Sequence[SeriesPoint]
    most: float

    def x(self, at: float) -> float:
        """The place of the day with this number, within the picture."""
        return min(max(at, 0), len(self.points) - 1) / max(len(self.points) - 1, 1)

    def y(self, value: float) -> float:
        """The distance of the value from the top."""
        return 1 - value / self.most

    def place(self, at: int, value: float) -> str:
        """A point of a path."""
        return f"{self.x(at) * _SIZE:.1f} {self.y(value) * _SIZE:.1f}"


def fetch_series(api: MetricsApi, period: PeriodQuery, chosen: Mapping[str, str]) -> SeriesAnswer:
    """The chosen figure of the period and loop, and of the days before it where these are fewer than 8 weeks."""
    asked = period.period(now=datetime.now(UTC))
    start = min(asked.start, asked.end - (_DAYS - 1) * _DAY)
    metric = chosen[OPTION] if chosen.get(OPTION) in SERIES_METRICS else _SHOWN[0]
    # Violations have no loop.
    loop = {"source": chosen["source"]} if "source" in chosen and metric != "violations" else {}
    return api.fetch_series(metric=metric, start=start.isoformat(), end=asked.end.isoformat(), **loop)


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The line over the expected range, and each run of days outside it in a sentence."""
    series = _leave_out_beginning(snapshot.series)
    unfinished = [f". {format_day_of_year(point.date)} is not over" for point in series.points if not point.is_over]
    about = build_hint("Expected: median of the same weekday in the last 8 weeks; holidays with holidays", *unfinished)
    if not any(point.value for point in series.points):
        return [about, html.P(f"Nothing to show of {name_metric(series.metric).lower()} yet.", className="nothing")]
    return [
        about,
        _build_legend(series),
        _build_chart(series),
        html.Ol([_build_change(each, series.metric) for each in series.changes], className="series-changes"),
        _build_hidden_table(series),
    ]


def _leave_out_beginning(series: SeriesAnswer) -> SeriesAnswer:
    """Without the days before anything was counted."""
    counted = (at for at, point in enumerate(series.points) if point.value or point.expected)
    first = min(next(counted, 0), len(series.points) - 1)
    return series.model_copy(update={"points": series.points[first:]})


def build_control() -> Component:
    """The choice of the figure, and the way to the holidays."""
    names = {str(metric): name_metric(metric) for metric in _SHOWN}
    calendar = dcc.Link("School calendar", href=CALENDAR_PATH, className="series-calendar")
    return html.Div([build_segments(_SWITCH, "Figure", names, _SHOWN[0]), calendar], className="series-controls")


def add_switch(app: Dash) -> None:
    """The browser keeps the chosen figure in the address."""
    app.clientside_callback(ClientsideFunction("byDay", "showMetric"), Output(_SWITCH, "value"), Input("url", "search"))
    app.clientside_callback(
        ClientsideFunction("byDay", "chooseMetric"), Input(_SWITCH, "value"), prevent_initial_call=True
    )


def format_sentence(series: SeriesAnswer) -> str:
    """The chart in one sentence."""
    period = format_period(series.period)
    if not series.changes:
        return f"{_name_line(series.metric)} by day, {period}, within the expected range"
    days = ", ".join(f"{_name_side(each)} it on {_format_days(each)}" for each in series.changes)
    return f"{_name_line(series.metric)} by day, {period}, with the expected range; {days}"


def format_change(change: SeriesChange, metric: SeriesMetric) -> str:
    """How far the furthest day is, and which loop went the same way most."""
    value, expected = format_value(change.value, metric), format_value(change.expected, metric)
    on = f" on {format_day_of_year(change.peak)}" if change.start != change.end else ""
    loop = change.loops[0] if change.loops else None
    share = " clicks" if metric.endswith("_share") else ""
    led = f" {loop.name} {format_signed(loop.difference, decimals=0)}{share} a day." if loop else ""
    return f"{value}{on}, {expected} expected; z = {format_z(change.z)}.{led}"


def format_value(value: float, metric: SeriesMetric) -> str:
    """A share in percent, anything else as a whole number."""
    return format_percent(value) if metric.endswith("_share") else format_count(round(value))


def find_top(most: float) -> float:
    """The end of an axis above this value, with round steps."""
    if most <= 0:
        return 1.0
    magnitude = 10.0 ** floor(log10(most / _STEPS))
    step = next(round_one * magnitude for round_one in (1, 2, 2.5, 5, 10) if round_one * magnitude * _STEPS >= most)
    return float(step * _STEPS)


def _name_line(metric: SeriesMetric) -> str:
    return _LINES.get(metric, name_metric(metric))


def _name_side(change: SeriesChange) -> str:
    return "above" if change.z > 0 else "below"


def _format_days(change: SeriesChange) -> str:
    return format_period(Period.between(change.start, change.end))


def _build_legend(series: SeriesAnswer) -> Component:
    names = {"line": _name_line(series.metric), "band": "Expected range", "middle": "Expected middle"}
    if any(point.holiday for point in series.points):
        names["holiday"] = "Holidays"
    if series.changes:
        names["outside"] = "Outside"
    keys = [html.Span([html.I(className=f"series-key series-key-{key}"), name]) for key, name in names.items()]
    return html.Div(keys, className="legend series-legend", **{"aria-hidden": "true"})


def _build_chart(series: SeriesAnswer) -> Component:
    most = max(max(point.value, point.high or 0) for point in series.points)
    scale = _Scale(series.points, find_top(most))
    plot = {"width": _SIZE, "height": _SIZE, "stretches": True, "shapes": list(_list_shapes(scale))}
    return html.Div(
        [
            *_build_axis(scale, series.metric),
            *_build_holidays(scale),
            html.Div(className="series-lines", **{"data-plot": json.dumps(plot)}),
            *_build_dots(scale),
            *_build_marks(scale, series.changes),
            *_build_days(scale),
        ],
        className="series-plot",
        role="img",
        **{"aria-label": format_sentence(series)},
    )


def _list_shapes(scale: _Scale) -> Iterator[dict[str, str]]:
    """The range and the middle where they are known, and the line, dashed to a day that is not over."""
    known = [at for at, point in enumerate(scale.points) if point.expected is not None]
    for run in _find_runs(known):
        points = [(at, scale.points[at]) for at in run]
        upper = [scale.place(at, point.high or 0) for at, point in points]
        lower = [scale.place(at, point.low or 0) for at, point in reversed(points)]
        yield {"path": f"M{'L'.join([*upper, *lower])}Z", "look": "series-band"}
        middle = [scale.place(at, point.expected or 0) for at, point in points]
        yield {"path": f"M{'L'.join(middle)}", "look": "series-middle"}
    values = [scale.place(at, point.value) for at, point in enumerate(scale.points)]
    over = sum(point.is_over for point in scale.points)
    yield {"path": f"M{'L'.join(values[:over] or values)}", "look": "series-line"}
    if 0 < over < len(values):
        yield {"path": f"M{'L'.join(values[over - 1 :])}", "look": "series-line series-unfinished"}


def _find_runs(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers that follow one another, together."""
    runs = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    return [[number for _, number in run] for _, run in runs]


def _build_axis(scale: _Scale, metric: SeriesMetric) -> list[Component]:
    values = [scale.most * step / _STEPS for step in range(_STEPS + 1)]
    return [
        html.Div(
            html.Span(_format_tick(value, metric)), className="series-level", style={"top": f"{scale.y(value):.2%}"}
        )
        for value in values
    ]


def _format_tick(value: float, metric: SeriesMetric) -> str:
    return f"{value:.3g}" if value < _STEPS and not metric.endswith("_share") else format_value(value, metric)


def _build_holidays(scale: _Scale) -> list[Component]:
    """The holidays with their names, those of one name in a row together."""
    zones = []
    for name, group in groupby(enumerate(scale.points), key=lambda each: each[1].holiday):
        days = [at for at, _ in group]
        if not name:
            continue
        left, right = scale.x(days[0] - 0.5), scale.x(days[-1] + 0.5)
        is_right = left > _RIGHT
        room = right if is_right else 1 - left
        zones.append(
            html.Div(
                html.Span(name, style={"maxWidth": f"calc({100 * room:.2f}cqw - 6px)"}),
                className=f"series-holiday{' series-holiday-right' if is_right else ''}",
                style={"left": f"{left:.2%}", "width": f"{right - left:.2%}"},
            )
        )
    return zones


def _build_dots(scale: _Scale) -> list[Component]:
    return [
        html.I(className="series-dot", style=_position(scale, at, point.value))
        for at, point in enumerate(scale.points)
        if point.is_change
    ]


def _build_marks(scale: _Scale, changes: Sequence[SeriesChange]) -> list[Component]:
    """The number of each run of days, above the furthest or below it."""
    at_day = {point.date: at for at, point in enumerate(scale.points)}
    return [
        html.Span(
            str(number),
            className=f"series-mark series-mark-{_name_side(each)}",
            style=_position(scale, at_day[each.peak], each.value),
        )
        for number, each in enumerate(changes, start=1)
    ]


def _position(scale: _Scale, at: int, value: float) -> dict[str, str]:
    return {"left": f"{scale.x(at):.2%}", "top": f"{scale.y(value):.2%}"}


def _build_days(scale: _Scale) -> list[Component]:
    """Labels of Mondays, of as many as there is room for, with the month where it begins."""
    mondays = [at for at, point in enumerate(scale.points) if point.date.weekday() == 0] or [0]
    shown = mondays[:: ceil(len(mondays) / _MOST_LABELS)]
    labels, month = [], 0
    for number, at in enumerate(shown):
        day = scale.points[at].date
        text = format_day_of_year(day) if day.month != month or len(shown) < len(mondays) else str(day.day)
        month = day.month
        every_second = " series-day-second" if number % 2 else ""
        labels.append(html.Span(text, className=f"series-day{every_second}", style={"left": f"{scale.x(at):.2%}"}))
    return labels


def _build_change(change: SeriesChange, metric: SeriesMetric) -> Component:
    path = "/dashboard/traffic" if metric.endswith("_share") else "/dashboard/guardrails"
    title = f"{name_metric(metric)} far {_name_side(change)} expected, {_format_days(change)}"
    link = dcc.Link(title, href=f"{path}?start={change.start}&end={change.end}")
    return html.Li(html.Span([link, " ", html.Span(format_change(change, metric), className="muted")]))


def _build_hidden_table(series: SeriesAnswer) -> Component:
    names = ("Date", _name_line(series.metric), "Expected", "From", "To", "Holiday", "Outside")
    rows = [
        html.Tr(
            [
                html.Th(format_day_of_year(point.date), scope="row"),
                html.Td(format_value(point.value, series.metric) + ("" if point.is_over else " so far")),
                *(
                    html.Td("unknown" if value is None else format_value(value, series.metric))
                    for value in (point.expected, point.low, point.high)
                ),
                html.Td(point.holiday or ""),
                html.Td("yes" if point.is_change else ""),
            ]
        )
        for point in series.points
    ]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    table = html.Table([html.Caption(f"{_name_line(series.metric)} by day"), head, html.Tbody(rows)])
    return html.Div(table, className="visually-hidden")


CARD = Card(_SLUG, "By day", 380, build_body, build_control=build_control, filters=("source",))
