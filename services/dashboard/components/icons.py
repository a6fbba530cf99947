"""Icons, which say nothing to screen readers."""

from dash import html
from dash.development.base_component import Component


def build_icon(name: str) -> Component:
    """The icon `icon-<name>` of assets/2-base.css."""
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true"})
