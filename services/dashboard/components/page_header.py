"""The header of a page below another one: the way back, the title, and what is shown."""

from dash import dcc, html
from dash.development.base_component import Component

GUARDRAILS = ("Guardrails", "/dashboard/guardrails")


def build_page_header(
    title: str,
    search: str,
    summary: list[Component],
    *controls: Component,
    above: tuple[str, str] = GUARDRAILS,
) -> Component:
    """The title with the way back to the page `above`, as (title, path), over the period of `search`."""
    name, path = above
    way_back = html.Nav(
        [dcc.Link(name, href=path + search), html.Span("/", **{"aria-hidden": "true"}), title],
        className="breadcrumb",
        **{"aria-label": "Breadcrumb"},
    )
    heading = html.Div([html.H1(title), html.Div(summary, className="summary")])
    actions = [html.Div(list(controls), className="controls")] if controls else []
    return html.Header([way_back, heading, *actions], className="page-header")
