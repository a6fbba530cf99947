"""What surrounds every page: the document, the navigation, the account, and the way from address to page."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import g

from dashboard.cases.verdict_form import add_verdict_callbacks, build_verdict_form
from dashboard.errors import API_FAILURES
from dashboard.links import CASES_PATH
from dashboard.page import Group, Page
from dashboard.pages import PAGES, find_page
from dashboard.search import add_search, build_search, build_search_button, build_search_icon
from dashboard.security import CSRF_FIELD, mask_csrf_token
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from dashboard.sign_in.passwords import OWN_PATH
from dashboard.static import find_version
from viral_contract.client.metrics_api import ApiUnreachableError, MetricsApi
from viral_contract.models.people import ROLE_SCOPES, Person, Scope

PRODUCT = "Viral Guardrails"
_log = structlog.get_logger()
# Of Mantine's components; what is ours is styled by the variables of assets/1-tokens.css.
_THEME = {
    "primaryColor": "accent",
    "primaryShade": {"light": 6, "dark": 4},
    "autoContrast": True,
    "fontFamily": '"Inter Variable", system-ui, sans-serif',
    "defaultRadius": 6,
    "respectReducedMotion": True,
    "colors": {
        "accent": [
            "#eef0ff",
            "#e0e3ff",
            "#c9cdfe",
            "#b7baff",
            "#a5a6fb",
            "#6d6af0",
            "#4f46e5",
            "#4338ca",
            "#3730a3",
            "#312e81",
        ]
    },
}
_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{metas}
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{prefix}/assets/favicon.svg?m={version}">
<script src="{prefix}/assets/first.js?m={version}" nonce="{nonce}"></script>
{css}
<link rel="stylesheet" href="{prefix}/assets/all.css?m={version}">
</head>
<body>
<noscript>The dashboard needs JavaScript.</noscript>
{app_entry}
<footer>{config}{scripts}<script src="{prefix}/assets/all.js?m={version}"></script>{renderer}</footer>
</body>
</html>"""


def serve_index(app: Dash, assets: Path, prefix: str) -> None:
    """Write the document ourselves: with a language, the script that must run first, and ours in two files."""
    version = find_version(assets)

    def format_index(**parts: str) -> str:
        return _INDEX.format(**parts, nonce=g.nonce, version=version, prefix=prefix)

    app.interpolate_index = format_index


def build_layout() -> Component:
    """The frame, the same for everybody; callbacks fill in page, navigation and account."""
    sidebar = html.Aside(
        [
            build_brand(),
            build_search_button(),
            html.Nav(id="navigation", className="navigation", **{"aria-label": "Main"}),
            html.Div(id="account", className="account"),
        ],
        id="sidebar",
        className="sidebar",
        **{"aria-label": "Navigation and account"},
    )
    shell = html.Div(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Store(id="title"),
            html.A("Skip to content", href="#main", className="skip-link"),
            _build_topbar(),
            sidebar,
            html.Main(html.Div(id="page"), id="main", className="main", tabIndex="-1"),
        ],
        className="shell",
    )
    return dmc.MantineProvider(
        [shell, build_search(), *build_verdict_form()],
        theme=_THEME,
        defaultColorScheme="auto",
        getStyleNonce={"function": "getStyleNonce"},
    )


def build_brand() -> Component:
    """The product's mark and name."""
    return html.Div([html.Span(className="mark", **{"aria-hidden": "true"}), PRODUCT], className="brand")


def _build_topbar() -> Component:
    burger = html.Button(
        html.Span(className="icon icon-menu", **{"aria-hidden": "true"}),
        id="burger",
        className="icon-button",
        **{"aria-label": "Menu", "aria-expanded": "false", "aria-controls": "sidebar"},
    )
    return html.Header([burger, build_brand(), build_search_icon()], className="topbar")


def build_navigation(current: Page | None, scopes: Collection[Scope], open_cases: int = 0) -> list[Component]:
    """Links to the pages that have an icon, for who has these scopes; a page below another one marks that one."""
    shown = groupby((page for page in PAGES if page.icon and page.scope in scopes), key=attrgetter("group"))
    counts = {CASES_PATH: open_cases}
    return [part for group, pages in shown for part in _build_group(group, pages, current, counts)]


def _build_group(
    group: Group | None, pages: Iterable[Page], current: Page | None, counts: Mapping[str, int]
) -> list[Component]:
    heading = [html.Div(group, className="navigation-group")] if group else []
    return [*heading, *(_build_link(page, current, counts.get(page.path, 0)) for page in pages)]


def _build_link(page: Page, current: Page | None, count: int) -> Component:
    is_here = current is not None and current.path.startswith(page.path)
    icon = html.Span(className=f"icon icon-{page.icon}", **{"aria-hidden": "true"})
    # dcc.Link has no aria-current; the list item carries it instead.
    return html.Div(
        dcc.Link([icon, page.title, *_build_count(count)], href=page.path, className="navigation-link"),
        className="navigation-here" if is_here else None,
        **({"aria-current": "page"} if is_here else {}),
    )


def _build_count(count: int) -> list[Component]:
    """How many wait behind a link, if any do."""
    if not count:
        return []
    words = html.Span(" open", className="visually-hidden")
    return [html.Span([f"{count:,}", words], className="navigation-count")]


def build_account(person: Person, csrf_token: str) -> list[Component]:
    """Who is signed in, the way out, and the color scheme."""
    name = person.email.split("@")[0]
    avatar = html.Span(name[:2].upper(), className="avatar", **{"aria-hidden": "true"})
    who = html.Div(
        [
            html.Span(person.email, className="account-email", title=person.email),
            html.Span([person.role.capitalize(), " · ", html.A("Password", href=OWN_PATH)]),
        ],
        className="account-who",
    )
    toggle = dmc.ColorSchemeToggle(
        lightIcon=html.Span(className="icon icon-sun"),
        darkIcon=html.Span(className="icon icon-moon"),
        variant="subtle",
        size=32,
        className="icon-button",
        **{"aria-label": "Switch between light and dark"},
    )
    sign_out = html.Form(
        [
            dcc.Input(type="hidden", name=CSRF_FIELD, value=csrf_token),
            html.Button("Sign out", type="submit", className="button"),
        ],
        action="/logout",
        method="post",
    )
    return [html.Div([avatar, who], className="account-row"), html.Div([sign_out, toggle], className="account-row")]


def build_unknown_page() -> Component:
    """What stands at an address without a page."""
    return html.Div(
        [
            html.H1("Page not found"),
            html.P("The address may be mistyped, or the page may have moved.", className="hint"),
            dcc.Link("Go to Guardrails", href=PAGES[0].path, className="button"),
        ],
        className="unknown-page",
    )


def count_open_cases(api: MetricsApi) -> int:
    """How many cases wait for a decision; 0 while the API does not say."""
    try:
        return api.fetch_cases(status="open", limit=1).counts.open
    except API_FAILURES as error:
        _log.warning("count_failed", reason=type(error).__name__)
        return 0


def recount(views: SharedViews, _done: object, path: str | None) -> list[Component]:
    """The navigation once something was decided."""
    scopes = ROLE_SCOPES[current_viewer().person.role]
    return build_navigation(find_page(path), scopes, count_open_cases(views.api_of_viewer()))


def open_page(views: SharedViews, settings: DashboardSettings, path: str | None) -> dict[str, Any]:
    """What belongs to an address, by the names of the callback's outputs."""
    page = find_page(path)
    opened = {
        "page": page.build_layout(settings) if page else build_unknown_page(),
        "title": f"{page.title if page else 'Not found'} · {PRODUCT}",
    }
    try:
        person = current_viewer().person
    except ApiUnreachableError:
        return {**opened, "navigation": no_update, "account": no_update}
    navigation = build_navigation(page, ROLE_SCOPES[person.role], views.get(CASES_PATH, count_open_cases))
    return {**opened, "navigation": navigation, "account": build_account(person, mask_csrf_token())}


def add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
    """Open the page of the address, and save verdicts; the rest happens in the browser."""
    add_verdict_callbacks(app, views)
    add_search(app, views)
    app.callback(
        output={
            "page": Output("page", "children"),
            "navigation": Output("navigation", "children"),
            "account": Output("account", "children"),
            "title": Output("title", "data"),
        },
        inputs={"path": Input("url", "pathname")},
    )(partial(open_page, views, settings))
    app.callback(
        Output("navigation", "children", allow_duplicate=True),
        Input("verdict-done", "data"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )(partial(recount, views))
    app.clientside_callback(
        ClientsideFunction("dashboard", "enterPage"), Input("title", "data"), State("url", "pathname")
    )
    app.clientside_callback(
        ClientsideFunction("dashboard", "toggleMenu"),
        Output("burger", "aria-expanded"),
        Output("sidebar", "className"),
        Input("burger", "n_clicks"),
        Input("url", "pathname"),
        State("burger", "aria-expanded"),
    )
