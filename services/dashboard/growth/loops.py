"""Loops: which ways of inviting bring conversions that count."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import Column, build_table
from dashboard.data import GrowthSnapshot
from dashboard.period import FILTERS
from viral_contract.models.growth import LoopPerformance
from viral_reports.figures import format_count, format_counted, format_k

MOST_ROWS = 1000
_COLUMNS = (
    Column("Loop"),
    Column("Conversions", is_figure=True),
    Column("Flagged", is_figure=True),
    Column("K clean", is_figure=True),
    Column("Raw K", is_figure=True),
)


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """Every loop, the most conversions that count first."""
    loops = sorted(snapshot.loops.loops, key=lambda loop: (-loop.clean_conversions, -loop.invites, loop.source))
    if not loops:
        return [html.P("No loop activity in this period", className="nothing")]
    return [
        build_hint("Ranked by conversions that count; a loop under review is never recommended"),
        build_table("Loops, most conversions that count first", _COLUMNS, [_build_row(loop) for loop in loops]),
    ]


def _build_row(loop: LoopPerformance) -> tuple[Component | str, ...]:
    chip = [html.Span("Under review", className="rule-chip rule-flags")] if loop.is_under_review else []
    note = format_counted(loop.invites, "invite")
    name = html.Span([html.Span(loop.name, className="row-name"), *chip], className="row-marked")
    return (
        html.Span([name, html.Span(note, className="row-note")], className="row-who"),
        format_count(loop.clean_conversions),
        html.Span(format_count(loop.flagged_conversions), className="" if loop.flagged_conversions else "quiet"),
        html.Strong(format_k(loop.k_factor_clean or 0)),
        html.Span(format_k(loop.k_factor), className="quiet"),
    )


CARD = Card("loops", "Loops", 420, build_body, filters=FILTERS)
