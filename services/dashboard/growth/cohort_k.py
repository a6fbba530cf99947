"""Honest K by signup week: a dot with its 95% line for each week, hollow until the days of all users are over."""

from collections.abc import Sequence
from math import ceil

from dash import ClientsideFunction, Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.components.card import Card, body_id, build_hint
from dashboard.components.controls import build_segments
from dashboard.components.table import build_columns, build_wide_table
from dashboard.data import GrowthSnapshot
from dashboard.growth.cohort_weeks import skip_empty_start
from dashboard.period import FILTERS
from viral_contract.models.cohort_k import CohortK
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_count, format_k, format_rate

_SLUG = "cohort-k"
_SWITCH = "cohort-k-way"
_WAYS = {"chart": "Chart", "table": "Table"}
_VIRAL = 1
_STEPS = (0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 20, 50, 100)
_MOST_STEPS = 5
_COLUMNS = build_columns(
    "Signup week", "Users", "Inviting", "Invites each", "Signups", "Conversions", "K", "95% interval"
)


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The weeks as a chart and as a table, of which the switch shows one; screen readers always get the table."""
    answer = snapshot.cohort_k
    weeks = skip_empty_start(answer.cohorts)
    if not weeks:
        text = f"No signups in the {len(answer.cohorts)} weeks to {format_day_of_year(answer.end)}"
        return [html.P(text, className="nothing")]
    open_weeks = "; hollow weeks can only rise" if any(not week.matured for week in weeks) else ""
    return [
        build_hint(f"Lines show the 95% interval{open_weeks}"),
        html.Div(build_chart(weeks, answer.days), className="way-chart"),
        html.Div(_build_table(weeks), className="way-table"),
    ]


def build_switch() -> Component:
    """The choice between the two."""
    return build_segments(_SWITCH, "Show as", _WAYS, "chart")


def add_switch(app: Dash) -> None:
    """The browser shows what is chosen, and goes on to after a refresh."""
    app.clientside_callback(
        ClientsideFunction("dashboard", "chooseWay"), Output(body_id(_SLUG), "className"), Input(_SWITCH, "value")
    )


def build_chart(weeks: Sequence[CohortK], days: int) -> Component:
    """The chart in percent of its size."""
    ticks = list_ticks(max(week.interval.high if week.interval else 0 for week in weeks))
    top = ticks[-1]
    lines = [
        html.Div(html.Span(f"{tick:.1f}"), className="plot-grid", style={"bottom": f"{tick / top:.2%}"})
        for tick in ticks
    ]
    viral = html.Div(html.Span("K = 1"), className="plot-viral", style={"bottom": f"{_VIRAL / top:.2%}"})
    columns = [_build_column(week, at, len(weeks), top) for at, week in enumerate(weeks)]
    return html.Div(
        [*lines, *_build_zone(weeks, days), viral, *columns],
        className="cohort-plot",
        role="img",
        **{"aria-label": format_sentence(weeks)},
    )


def list_ticks(highest: float) -> list[float]:
    """Round values from 0 to above the highest one, 1 always among what is shown."""
    highest = max(highest, _VIRAL) * 1.05
    step = next((each for each in _STEPS if highest / each <= _MOST_STEPS), _STEPS[-1])
    return [round(number * step, 1) for number in range(ceil(highest / step) + 1)]


def format_sentence(weeks: Sequence[CohortK]) -> str:
    """The chart in one sentence."""
    known = [f"{format_day_of_year(week.week_start)} {format_k(week.k_cohort)}" for week in weeks if week.matured]
    matured = ", ".join(known) or "no complete week yet"
    incomplete = sum(not week.matured for week in weeks)
    return f"Honest K by signup week: {matured}; {incomplete} not complete"


def _build_zone(weeks: Sequence[CohortK], days: int) -> list[Component]:
    """What is shaded: the weeks whose days are not over."""
    matured = sum(week.matured for week in weeks)
    if matured == len(weeks):
        return []
    label = html.Span(f"{days} days not over yet")
    return [html.Div(label, className="plot-zone", style={"left": f"{matured / len(weeks):.2%}"})]


def _build_column(week: CohortK, at: int, weeks: int, top: float) -> Component:
    """The day below, and above it the dot with its line and value."""
    name = html.Span(format_day_of_year(week.week_start), className="plot-day")
    style = {"left": f"{at / weeks:.2%}", "width": f"{1 / weeks:.2%}"}
    if week.interval is None:
        return html.Div(name, className="plot-column", style=style)
    low, high = week.interval.low, week.interval.high
    whisker = html.Span(
        className="plot-whisker", style={"bottom": f"{low / top:.2%}", "height": f"{(high - low) / top:.2%}"}
    )
    dot = html.Span(className="plot-dot" if week.matured else "plot-dot plot-hollow", style=_raise(week.k_cohort, top))
    look = "plot-value" if week.matured else "plot-value plot-open"
    value = html.Span(format_k(week.k_cohort), className=look, style=_raise(high, top))
    return html.Div([whisker, dot, value, name], className="plot-column", style=style)


def _raise(value: float, top: float) -> dict[str, str]:
    return {"bottom": f"{value / top:.2%}"}


def _build_table(weeks: Sequence[CohortK]) -> Component:
    return build_wide_table("Honest K by signup week", _COLUMNS, [_build_row(week) for week in weeks])


def _build_row(week: CohortK) -> tuple[str, ...]:
    interval = f"{format_k(week.interval.low)}–{format_k(week.interval.high)}" if week.interval else "–"
    return (
        format_day_of_year(week.week_start),
        format_count(week.users),
        format_rate(week.share_inviting),
        f"{week.invites_per_inviter:.1f}",
        format_count(week.referred_signups),
        format_count(week.referred_conversions),
        format_k(week.k_cohort) if week.matured else f"{format_k(week.k_cohort)} so far",
        interval,
    )


CARD = Card(_SLUG, "Honest K by signup week", 330, build_body, build_control=build_switch, filters=FILTERS)
