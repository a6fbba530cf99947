"""By day: the filtered clicks of each date, stacked by class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.traffic.kinds import FILTERED, NOTHING_FILTERED, Kind, build_named, build_nothing
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_contract.models.period import Period
from viral_contract.models.traffic import TrafficClass
from viral_reports.dates import format_day_of_year, format_period
from viral_reports.figures import format_count, format_counted

_MOST_LABELS = 7
_MOST_COUNTS = 14


@dataclass(frozen=True)
class Day:
    """The filtered clicks of one date by class."""

    date: date
    by_class: Mapping[TrafficClass, int]

    @property
    def filtered(self) -> int:
        """All of them."""
        return sum(kind.count(self.by_class) for kind in FILTERED)


def build_body(snapshot: TrafficSnapshot) -> list[Component]:
    """The columns, and the same as a table for screen readers."""
    days = list_days(snapshot)
    if not any(day.filtered for day in days):
        return [build_nothing(NOTHING_FILTERED)]
    return [
        build_hint("Filtered clicks (UTC)"),
        html.Div([build_named(kind) for kind in FILTERED], className="legend"),
        _build_columns(days, snapshot.period),
        _build_hidden_table(days),
    ]


def list_days(snapshot: TrafficSnapshot) -> list[Day]:
    """Every date of the period, also those without a click."""
    known = {group.group: group.by_class for group in snapshot.by_day.groups}
    return [Day(each, known.get(each.isoformat(), {})) for each in snapshot.period.dates()]


def format_sentence(days: Sequence[Day], period: Period) -> str:
    """The chart in one sentence."""
    most = max(days, key=lambda day: day.filtered)
    total = format_counted(sum(day.filtered for day in days), "filtered click")
    return f"{total} in {format_period(period)}; most on {format_day_of_year(most.date)}: {format_count(most.filtered)}"


def _build_columns(days: Sequence[Day], period: Period) -> Component:
    highest = max(day.filtered for day in days)
    step = ceil(len(days) / _MOST_LABELS)
    columns = [_build_column(day, highest, is_labeled=at % step == 0) for at, day in enumerate(days)]
    crowded = " stacks-crowded" if len(days) > _MOST_LABELS else ""
    uncounted = " stacks-uncounted" if len(days) > _MOST_COUNTS else ""
    return html.Div(
        columns,
        className=f"stacks{crowded}{uncounted}",
        role="img",
        **{"aria-label": format_sentence(days, period)},
    )


def _build_column(day: Day, highest: int, *, is_labeled: bool) -> Component:
    parts = [_build_part(kind, kind.count(day.by_class) / highest) for kind in reversed(FILTERED)]
    label = html.Span(format_day_of_year(day.date), className="stack-day") if is_labeled else None
    return html.Div(
        [
            html.Div(parts, className="day-stack"),
            html.Span(format_count(day.filtered), className="stack-count"),
            html.Div(label, className="stack-foot"),
        ],
        className="stack-column",
        title=f"{format_day_of_year(day.date)}: {format_count(day.filtered)}",
    )


def _build_part(kind: Kind, share: float) -> Component | None:
    return html.Span(className=f"traffic-{kind.slug}", style={"height": f"{share:.2%}"}) if share else None


def _build_hidden_table(days: Sequence[Day]) -> Component:
    names = ("Date", *(kind.name for kind in FILTERED), "Filtered")
    rows = [
        html.Tr(
            [
                html.Th(format_day_of_year(day.date), scope="row"),
                *(html.Td(format_count(kind.count(day.by_class))) for kind in FILTERED),
                html.Td(format_count(day.filtered)),
            ]
        )
        for day in days
    ]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    table = html.Table([html.Caption("Filtered clicks by day and class"), head, html.Tbody(rows)])
    return html.Div(table, className="visually-hidden")


CARD = Card("traffic-days", "By day", 260, build_body)
