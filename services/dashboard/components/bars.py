"""Labelled bars below each other: the funnel's steps, the K of each loop."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from viral_reports.blocks import Bar


def build_bars(bars: Sequence[Bar], *, mark: float | None = None) -> Component:
    """One bar each, its words above it; `mark` is where a line crosses all of them, as a share of the track."""
    return html.Ul([_build_bar(bar, mark) for bar in bars], className="bars")


def _build_bar(bar: Bar, mark: float | None) -> Component:
    label = html.Span(bar.label, className="bar-label")
    head = html.Div([label, html.Span(bar.value, className="rate-value")], className="rate-head")
    note = [html.P(bar.note, className="rate-note")] if bar.note else []
    return html.Li([head, build_meter(bar.share, mark=mark, is_strong=bar.is_strong), *note], className="bar")


def build_meter(share: float, *, mark: float | None = None, is_strong: bool = True) -> Component:
    """A bar of `share` of its track; text beside it says the same."""
    tick = [] if mark is None else [html.Span(className="meter-limit", style={"left": f"{mark:.2%}"})]
    strength = "" if is_strong else " meter-weak"
    fill = html.Span(className="meter-fill", style={"width": f"{min(share, 1):.2%}"})
    return html.Span([fill, *tick], className=f"meter meter-calm{strength}", **{"aria-hidden": "true"})
