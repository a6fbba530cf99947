"""The header of a page: the way back from one below another, the title, and what is shown."""

from dash import dcc, html
from dash.development.base_component import Component

GUARDRAILS = ("Guardrails", "/dashboard/guardrails")


def build_page_header(
    title: str,
    search: str,
    summary: list[Component],
    *controls: Component,
    above: tuple[str, str] | None = GUARDRAILS,
) -> Component:
    """The title with the way back to the page `above`, as (title, path), over the period of `search`.

    Pages that stand in the navigation have none above.
    """
    way_back = [build_breadcrumb(title, above, search)] if above else []
    heading = html.Div([html.H1(title), html.Div(summary, className="summary")])
    actions = [html.Div(list(controls), className="controls")] if controls else []
    return html.Header([*way_back, heading, *actions], className="page-header")


def build_breadcrumb(title: str, above: tuple[str, str], search: str = "") -> Component:
    """Where a page stands: the link to the page `above`, as (title, path), over the period of `search`; its title."""
    name, path = above
    return html.Nav(
        [dcc.Link(name, href=path + search), html.Span("/", **{"aria-hidden": "true"}), title],
        className="breadcrumb",
        **{"aria-label": "Breadcrumb"},
    )
