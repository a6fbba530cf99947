"""Live pages: a period in the address, cards over it, and one callback that brings them up to date."""

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboard.components.card import body_id, build_skeleton, figure_id
from dashboard.components.filters import add_filters, build_filters
from dashboard.components.messages import build_refresh_problem
from dashboard.components.period import add_period, build_period
from dashboard.live.view import Data, LivePage, refresh
from dashboard.page import Page
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews


def build_page(live: LivePage[Data]) -> Page:
    """The page: its frame, and the callbacks that keep it alive."""

    def build_layout(settings: DashboardSettings) -> Component:
        return build_frame(live, settings.dashboard_refresh_seconds)

    def add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
        _add_refresh(live, app, views, settings.dashboard_refresh_seconds)
        add_tick(app, live.slug, Input(f"{live.slug}-refresh", "n_clicks"))
        add_period(app, views, live.slug, compares=live.compares)
        if live.filters:
            add_filters(app, views, live.slug, live.filters)
        _add_panel(live.slug, app)

    return Page(live.path, live.title, build_layout, add_callbacks, icon=live.icon)


def build_frame(live: LivePage[Data], refresh_seconds: int) -> Component:
    """The page before its first data."""
    slug = live.slug
    title = html.Div([html.H1(live.title), html.Div(id=f"{slug}-summary", className="summary live-summary")])
    return html.Div(
        [
            *build_clock(slug, refresh_seconds),
            dcc.Store(id=f"{slug}-shown"),
            html.Header([title, _build_controls(live)], className="page-header"),
            build_refresh_problem(slug),
            html.Div(id=f"{slug}-notice"),
            html.Div([build_skeleton(card) for card in live.cards], id=f"{slug}-cards", className="cards"),
        ]
    )


def build_clock(slug: str, seconds: float) -> list[Component]:
    """What makes the browser ask again; `add_tick` says when it does not."""
    return [dcc.Interval(id=f"{slug}-clock", interval=seconds * 1000), dcc.Store(id=f"{slug}-tick")]


def build_refresh(slug: str) -> Component:
    """The button that refreshes now."""
    icon = html.Span(className="icon icon-refresh", **{"aria-hidden": "true"})
    return html.Button([icon, "Refresh"], id=f"{slug}-refresh", className="button")


def add_tick(app: Dash, slug: str, *reasons: Input) -> None:
    """Tick with the clock, unless nobody looks at the page, and for every other reason."""
    app.clientside_callback(
        ClientsideFunction("dashboard", "tick"),
        Output(f"{slug}-tick", "data"),
        Input(f"{slug}-clock", "n_intervals"),
        *reasons,
        prevent_initial_call=True,
    )


def _build_controls(live: LivePage[Data]) -> Component:
    filters = [build_filters(live.slug, live.filters)] if live.filters else []
    period = build_period(live.slug, compares=live.compares)
    return html.Div([*filters, period, build_refresh(live.slug)], className="controls")


def _add_refresh(live: LivePage[Data], app: Dash, views: SharedViews, refresh_seconds: int) -> None:
    """One callback brings the data."""
    slug = live.slug

    def refresh_page(tick: float | None, search: str | None, shown: dict[str, Any] | None) -> dict[str, Any]:
        del tick  # The reason to refresh, which needs no answer.
        return refresh(live, views, refresh_seconds, search, shown)

    app.callback(
        output={
            "summary": Output(f"{slug}-summary", "children"),
            "bodies": [Output(body_id(card.slug), "children") for card in live.cards],
            "figures": [Output(figure_id(card.slug), "children") for card in live.folding],
            "cards_hidden": Output(f"{slug}-cards", "hidden"),
            "notice": Output(f"{slug}-notice", "children"),
            "problem": Output(f"{slug}-refresh-problem", "children"),
            "problem_hidden": Output(f"{slug}-refresh-problem", "hidden"),
            "shown": Output(f"{slug}-shown", "data"),
        },
        inputs={
            "tick": Input(f"{slug}-tick", "data"),
            "search": Input("url", "search"),
            "shown": State(f"{slug}-shown", "data"),
        },
    )(refresh_page)


def _add_panel(slug: str, app: Dash) -> None:
    """The browser brings the card into view that the address names by `panel`, once there is something in it."""
    app.clientside_callback(
        ClientsideFunction("dashboard", "showPanel"),
        Output(f"{slug}-cards", "className"),
        Input(f"{slug}-shown", "data"),
        State("url", "search"),
    )
