"""Figures side by side, above the rest of a page."""

from dash import html
from dash.development.base_component import Component


def build_strip(*figures: tuple[Component | str, str, str], look: str = "card strip") -> Component:
    """The figures, each as (what it is, figure, note)."""
    parts = [html.Div([html.Dt(label), html.Dd(figure), html.Dd(note)]) for label, figure, note in figures]
    return html.Dl(parts, className=look)
