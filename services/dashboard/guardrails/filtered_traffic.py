"""Filtered traffic: how much of all clicks no person made, by class."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import NO_FIGURE, Card, build_hint, build_kpis, build_no_data
from dashboard.components.table import build_link_to_all
from dashboard.data import Snapshot
from dashboard.formats import format_percent
from dashboard.links import TRAFFIC_PATH
from dashboard.traffic.kinds import KindCount, build_named, count_clicks, count_filtered, count_kinds
from viral_reports.figures import format_count, format_rate


def build_body(snapshot: Snapshot) -> list[Component]:
    """The figures, the classes as parts of one bar, and the way to the page."""
    answer = snapshot.traffic_of_loop
    if not count_clicks(answer):
        return [build_no_data()]
    kinds = count_kinds(answer)
    return [
        build_hint("Not clicked by a person; shown with the reason"),
        build_kpis(
            (format_count(count_filtered(answer)), "clicks left out of every figure"),
            (format_percent(answer.filtered_share), "of all click events"),
        ),
        html.Div(
            [_build_part(each) for each in kinds if each.clicks], className="traffic-bar", **{"aria-hidden": "true"}
        ),
        html.Ul([_build_item(each) for each in kinds], className="traffic-list"),
        build_link_to_all("View classes and reasons", TRAFFIC_PATH + snapshot.search),
    ]


def _build_part(each: KindCount) -> Component:
    return html.Span(className=f"traffic-{each.kind.slug}", style={"width": f"{each.share:.2%}"})


def _build_item(each: KindCount) -> Component:
    return html.Li([build_named(each.kind), html.Span(format_count(each.clicks)), html.Span(format_rate(each.share))])


def format_figure(snapshot: Snapshot) -> str:
    """How much of all clicks was filtered."""
    answer = snapshot.traffic_of_loop
    return f"{format_percent(answer.filtered_share)} of clicks" if count_clicks(answer) else NO_FIGURE


CARD = Card("traffic", "Filtered traffic", 260, build_body, format_figure=format_figure, filters=("source",))
