"""Loops: which ways of inviting carry themselves."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.bars import build_meter
from dashboard.components.card import Card, build_hint
from dashboard.components.table import build_columns, build_table
from dashboard.data import GrowthSnapshot
from viral_contract.models.growth import LoopPerformance
from viral_reports.figures import format_count, format_counted, format_k, format_rate

MOST_ROWS = 1000
_VIRAL = 1
# Where no loop reaches 1 the line is seen all the same, with some room behind it.
_SHORTEST_TRACK = 1.25
_COLUMNS = build_columns("Loop", "Conversions", "Rate", "K")


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """Every loop with its counts, its K drawn against 1."""
    loops = snapshot.loops.loops
    if not loops:
        return [html.P("No loop activity in this period", className="nothing")]
    longest = max(_SHORTEST_TRACK, *(loop.k_factor for loop in loops))
    return [
        build_hint("The line marks K = 1. Each loop's K counts only users who invited through it."),
        build_table("Loops, highest K first", _COLUMNS, [_build_row(loop, longest) for loop in loops]),
    ]


def _build_row(loop: LoopPerformance, longest: float) -> tuple[Component | str, ...]:
    note = f"{format_counted(loop.invites, 'invite')} · {format_counted(loop.clicks, 'click')}"
    return (
        html.Span([loop.name, html.Span(note, className="row-note")], className="row-who"),
        format_count(loop.conversions),
        format_rate(loop.conversion_rate),
        _build_k(loop.k_factor, longest),
    )


def _build_k(k_factor: float, longest: float) -> Component:
    meter = build_meter(k_factor / longest, mark=_VIRAL / longest, is_strong=k_factor >= _VIRAL)
    return html.Span([meter, html.Span(format_k(k_factor), className="meter-count")], className="metered")


CARD = Card("loops", "Loops", 420, build_body)
