"""By day: the filtered clicks of each date, stacked by class or by loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dash import ClientsideFunction, Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.components.card import Card, body_id, build_hint
from dashboard.components.controls import build_segments
from dashboard.components.day_columns import build_day_columns, is_labeled
from dashboard.traffic.kinds import FILTERED, NOTHING_FILTERED, build_named, build_nothing
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_contract.models.period import Period
from viral_reports.dates import format_day_of_year, format_period
from viral_reports.figures import format_count, format_counted, name_loop

_SLUG = "traffic-days"
_SWITCH = "traffic-days-by"
_WAYS = {"class": "By class", "loop": "By loop"}
_MOST_LOOPS = 4


@dataclass(frozen=True)
class Series:
    """The filtered clicks of a class or a loop by date; `slug` ends the css class that colors it."""

    slug: str
    name: str
    by_date: Mapping[date, int]


def build_body(snapshot: TrafficSnapshot) -> list[Component]:
    """The columns by class and by loop, of which the switch shows one."""
    by_class = list_classes(snapshot)
    if not any(count_days(by_class, snapshot.period)):
        return [build_nothing(NOTHING_FILTERED)]
    return [
        build_hint("Filtered clicks (UTC)"),
        html.Div(_build_chart(by_class, snapshot.period, "class"), className="by-class"),
        html.Div(_build_chart(list_loops(snapshot), snapshot.period, "loop"), className="by-loop"),
    ]


def build_switch() -> Component:
    """The choice between the two."""
    return build_segments(_SWITCH, "Stack the days", _WAYS, "class")


def add_switch(app: Dash) -> None:
    """The browser shows what is chosen, and goes on to after a refresh."""
    app.clientside_callback(
        ClientsideFunction("dashboard", "chooseWay"), Output(body_id(_SLUG), "className"), Input(_SWITCH, "value")
    )


def list_classes(snapshot: TrafficSnapshot) -> list[Series]:
    """One series a class that is filtered."""
    days = {date.fromisoformat(group.group): group.by_class for group in snapshot.traffic.groups}
    return [
        Series(kind.slug, kind.name, {day: kind.count(clicks) for day, clicks in days.items()}) for kind in FILTERED
    ]


def list_loops(snapshot: TrafficSnapshot) -> list[Series]:
    """One series for each of the loops with the most filtered clicks, and one for all others."""
    traffic = snapshot.traffic
    most = [loop for loop in traffic.loops[:_MOST_LOOPS] if loop.filtered]
    named = [
        Series(f"loop-{number}", name_loop(loop.source), loop.filtered_by_day)
        for number, loop in enumerate(most, start=1)
    ]
    filtered = {date.fromisoformat(group.group): group.filtered for group in traffic.groups}
    rest = {day: count - sum(series.by_date.get(day, 0) for series in named) for day, count in filtered.items()}
    return [*named, Series("loop-other", "Other loops", rest)] if any(rest.values()) else named


def count_days(series: Sequence[Series], period: Period) -> list[int]:
    """All filtered clicks of every date of the period, also those without one."""
    return [sum(each.by_date.get(day, 0) for each in series) for day in period.dates()]


def format_sentence(series: Sequence[Series], period: Period) -> str:
    """The chart in one sentence."""
    days = dict(zip(period.dates(), count_days(series, period), strict=True))
    most = max(days, key=lambda day: days[day])
    total = format_counted(sum(days.values()), "filtered click")
    return f"{total} in {format_period(period)}; most on {format_day_of_year(most)}: {format_count(days[most])}"


def _build_chart(series: Sequence[Series], period: Period, way: str) -> list[Component]:
    """The columns with their legend, and the same as a table for screen readers."""
    legend = html.Div([build_named(each) for each in series], className="legend")
    return [legend, _build_columns(series, period), _build_hidden_table(series, period, way)]


def _build_columns(series: Sequence[Series], period: Period) -> Component:
    days, counts = period.dates(), count_days(series, period)
    highest = max(counts)
    columns = [
        _build_column(series, day, count, highest, has_label=is_labeled(at, len(days)))
        for at, (day, count) in enumerate(zip(days, counts, strict=True))
    ]
    return build_day_columns(columns, role="img", about=format_sentence(series, period))


def _build_column(series: Sequence[Series], day: date, count: int, highest: int, *, has_label: bool) -> Component:
    parts = [_build_part(each.slug, each.by_date.get(day, 0) / highest) for each in reversed(series)]
    label = html.Span(format_day_of_year(day), className="stack-day") if has_label else None
    return html.Div(
        [
            html.Div(parts, className="day-stack"),
            html.Span(format_count(count), className="stack-count"),
            html.Div(label, className="stack-foot"),
        ],
        className="stack-column",
        title=f"{format_day_of_year(day)}: {format_count(count)}",
    )


def _build_part(slug: str, share: float) -> Component | None:
    return html.Span(className=f"traffic-{slug}", style={"height": f"{share:.2%}"}) if share else None


def _build_hidden_table(series: Sequence[Series], period: Period, way: str) -> Component:
    names = ("Date", *(each.name for each in series), "Filtered")
    rows = [
        html.Tr(
            [
                html.Th(format_day_of_year(day), scope="row"),
                *(html.Td(format_count(each.by_date.get(day, 0))) for each in series),
                html.Td(format_count(count)),
            ]
        )
        for day, count in zip(period.dates(), count_days(series, period), strict=True)
    ]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    table = html.Table([html.Caption(f"Filtered clicks by day and {way}"), head, html.Tbody(rows)])
    return html.Div(table, className="visually-hidden")


CARD = Card(_SLUG, "By day", 260, build_body, build_control=build_switch)
