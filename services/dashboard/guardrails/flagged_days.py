"""Flagged by day: each date's share of clicks from flagged networks, and how many; a date leads to its list."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import NO_FIGURE, Card, build_hint, build_no_data, build_not_kept
from dashboard.components.day_columns import build_day_columns, is_labeled
from dashboard.data import Snapshot
from dashboard.guardrails.fraud import PATH
from viral_contract.models.flagged import FlaggedDay, FlaggedDaysAnswer
from viral_reports.dates import format_day_of_year, format_period
from viral_reports.figures import format_count, format_counted, format_rate


def build_body(snapshot: Snapshot) -> list[Component]:
    """A column for each date, as high as its share."""
    if not snapshot.health.has_data:
        return [build_no_data()]
    if snapshot.health.is_partial:
        return [build_not_kept()]
    answer = snapshot.flagged_days
    if not any(day.flagged_networks for day in answer.days):
        return [html.P("No network was flagged in this period", className="nothing")]
    hint = build_hint(
        "Share of clicks from flagged networks, and how many networks (UTC) · a day leads to its networks"
    )
    return [hint, _build_chart(answer)]


def format_figure(snapshot: Snapshot) -> str:
    """On how many days something is flagged, for the folded card."""
    answer = snapshot.flagged_days
    if not snapshot.health.is_known:
        return NO_FIGURE
    return f"{_count_flagged(answer)} of {format_counted(len(answer.days), 'day')}"


def describe(answer: FlaggedDaysAnswer) -> str:
    """The chart in one sentence."""
    most = max(answer.days, key=lambda day: day.flagged_share)
    return (
        f"Networks were flagged on {format_counted(_count_flagged(answer), 'day')} of {format_period(answer.period)}; "
        f"most on {format_day_of_year(most.date)}: {format_rate(most.flagged_share)} of clicks"
    )


def _count_flagged(answer: FlaggedDaysAnswer) -> int:
    return sum(1 for day in answer.days if day.flagged_networks)


def _build_chart(answer: FlaggedDaysAnswer) -> Component:
    highest = max(day.flagged_share for day in answer.days)
    columns = [
        _build_column(day, day.flagged_share / highest, has_label=is_labeled(at, len(answer.days)))
        for at, day in enumerate(answer.days)
    ]
    # Not an image: its columns are links.
    return build_day_columns(columns, role="group", about=describe(answer))


def _build_column(day: FlaggedDay, height: float, *, has_label: bool) -> Component:
    said = _describe_day(day)
    parts = [
        html.Div(_build_bar(height) if day.flagged_networks else None, className="day-stack"),
        html.Span(_build_figures(day), className="stack-count"),
        html.Div(_build_label(day) if has_label else None, className="stack-foot"),
    ]
    if not day.flagged_networks:
        return html.Div(parts, className="stack-column", title=said)
    # The words are in the link, as links of dcc take no ARIA attributes.
    told = html.Span(said, className="visually-hidden")
    shown = html.Span(parts, className="stack-column", **{"aria-hidden": "true"})
    return dcc.Link([told, shown], href=f"{PATH}?start={day.date}&end={day.date}", className="stack-link", title=said)


def _build_bar(height: float) -> Component:
    return html.Span(className="flagged-part", style={"height": f"{height:.2%}"})


def _build_figures(day: FlaggedDay) -> list[Component | str]:
    networks = html.Span(str(day.flagged_networks), className="subtle")
    return [format_rate(day.flagged_share), " · ", networks] if day.flagged_networks else []


def _build_label(day: FlaggedDay) -> Component:
    return html.Span(format_day_of_year(day.date), className="stack-day")


def _describe_day(day: FlaggedDay) -> str:
    networks = format_counted(day.flagged_networks, "network")
    share = f"{format_rate(day.flagged_share)} of {format_count(day.clicks)} clicks"
    return f"{format_day_of_year(day.date)}: {networks} flagged, {share}"


CARD = Card("flagged-days", "Flagged by day", 300, build_body, format_figure=format_figure)
