"""The pages about rules, side by side."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.links import QUALITY_PATH, RULES_PATH, WHAT_IF_PATH

_TABS = {WHAT_IF_PATH: "What-if", RULES_PATH: "Drafts", QUALITY_PATH: "Rule quality"}
ABOVE = ("Rules and drafts", RULES_PATH)


def build_tabs(current: str) -> Component:
    """Links to the pages, of which `current` is the path that is open."""
    links = [
        html.Li(
            dcc.Link(label, href=path, className="tab"),
            className="tab-here" if path == current else None,
            **({"aria-current": "page"} if path == current else {}),
        )
        for path, label in _TABS.items()
    ]
    return html.Nav(html.Ul(links), className="tabs", **{"aria-label": "Rules"})
