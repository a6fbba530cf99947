"""The search in the frame of every page; assets/search.js opens it and leads the keyboard through what it finds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.icons import build_icon
from dashboard.errors import API_FAILURES, is_refused
from dashboard.formats import format_masked, format_minute
from dashboard.links import alert_path, case_path, investigation_path, link_path, report_path
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.search import SearchAnswer, SearchHit
from viral_reports.figures import format_counted

LONGEST_TEXT = 256
_SHORTEST_PART = 3
_log = structlog.get_logger()


@dataclass(frozen=True)
class _Group:
    """One kind of hits: its heading, its icon, and the page of a hit."""

    heading: str
    icon: str
    find_path: Callable[[SearchHit], str]


_GROUPS: Mapping[str, _Group] = {
    "networks": _Group("Networks", "globe", lambda hit: investigation_path("ip_address", hit.id, "")),
    "devices": _Group("Devices", "device", lambda hit: investigation_path("device", hit.id, "")),
    "referrers": _Group("Referrers", "person", lambda hit: investigation_path("referrer", hit.id, "")),
    "users": _Group("Users", "person", lambda hit: investigation_path("referrer", hit.id, "")),
    "links": _Group("Links", "link", lambda hit: link_path(hit.id)),
    "cases": _Group("Cases", "inbox", lambda hit: case_path(int(hit.id))),
    "alerts": _Group("Alerts", "bell", lambda hit: alert_path(int(hit.id))),
    "reports": _Group("Reports", "report", lambda hit: report_path(int(hit.id))),
}
_NOTHING = "Nothing has this id or part of it"
_HINT = "An address, device, referrer, user, link, case, alert or report, by its id or part of it"


def build_search_button() -> Component:
    """The field in the sidebar that opens the search."""
    return html.Button(
        [build_icon("search"), "Search", html.Kbd("/", **{"aria-hidden": "true"})],
        className="find",
        type="button",
        **{"data-search": "open", "aria-keyshortcuts": "/"},
    )


def build_search_icon() -> Component:
    """What opens the search on a phone."""
    return html.Button(
        build_icon("search"), className="icon-button", type="button", **{"data-search": "open", "aria-label": "Search"}
    )


def build_search() -> Component:
    """The window of the search, closed."""
    text = dmc.TextInput(
        id="search-text",
        value="",
        placeholder="Search",
        debounce=250,
        leftSection=build_icon("search"),
        rightSection=html.Kbd("Esc", **{"aria-hidden": "true"}),
        rightSectionWidth=48,
        className="search-text",
        **{"aria-label": "Search", "data-autofocus": True},
    )
    return dmc.Modal(
        [text, html.Div(build_hint(_HINT), id="search-results", className="search-results", role="status")],
        id="search",
        opened=False,
        withCloseButton=False,
        padding=0,
        yOffset="12vh",
        size=520,
        transitionProps={"duration": 0},
        # Names the window to screen readers; assets/search.css hides it from others.
        title="Search",
        className="search",
    )


def add_search(app: Dash, views: SharedViews) -> None:
    """One callback finds what the text names."""
    app.callback(Output("search-results", "children"), Input("search-text", "value"), prevent_initial_call=True)(
        lambda given: find(views.api_of_viewer(), given)
    )


def find(api: MetricsApi, given: str | None) -> list[Component]:
    """What has this id or part of it."""
    text = (given or "").strip()[:LONGEST_TEXT]
    if not text:
        return [build_hint(_HINT)]
    try:
        return build_results(api.search(text), text)
    except API_FAILURES as error:
        if is_refused(error):
            return [build_hint(_NOTHING)]
        _log.warning("search_failed", reason=type(error).__name__)
        return [html.P("Could not search: the API does not answer.", className="hint", role="alert")]


def build_results(answer: SearchAnswer, text: str) -> list[Component]:
    """The hits in groups, and how many there are."""
    groups = {kind: hits for kind in _GROUPS if (hits := getattr(answer, kind))}
    limit = _describe_limit(answer, text)
    if not groups:
        return [build_hint(_NOTHING), *limit]
    total = sum(map(len, groups.values()))
    keys = [html.Span([html.Kbd("↑"), html.Kbd("↓"), "choose"]), html.Span([html.Kbd("Enter"), "open"])]
    count = html.Span(format_counted(total, "result"), className="search-count")
    return [
        *(_build_group(_GROUPS[kind], hits) for kind, hits in groups.items()),
        *limit,
        html.Div([*keys, count], className="search-foot"),
    ]


def _describe_limit(answer: SearchAnswer, text: str) -> list[Component]:
    """Where not everything was searched for parts."""
    if not answer.beginnings_only:
        return []
    if len(text) < _SHORTEST_PART:
        said = f"Of ids, beginnings only. {_SHORTEST_PART} characters or more are also found inside an id."
    else:
        kinds = ", ".join(_GROUPS[kind].heading.lower() for kind in answer.beginnings_only)
        said = f"Older {kinds} are found by the beginning of their ids only."
    return [html.P(said, className="search-limit")]


def _build_group(group: _Group, hits: Sequence[SearchHit]) -> Component:
    rows = [html.Li(_build_hit(group, hit)) for hit in hits]
    return html.Div([html.H2(group.heading, className="search-heading"), html.Ul(rows)], className="search-group")


def _build_hit(group: _Group, hit: SearchHit) -> Component:
    label = html.Span(format_masked(hit.label, hit.alias), className="search-label")
    name = f"{hit.id} · " if group.heading == "Cases" else ""
    note = " · ".join(_list_notes(hit))
    parts = [build_icon(group.icon), html.Span([name, label]), html.Span(note, className="search-note")]
    return dcc.Link(parts, href=group.find_path(hit), className="search-hit")


def _list_notes(hit: SearchHit) -> list[str]:
    status = [hit.status.replace("_", " ")] if hit.status else []
    return [*status, *([format_minute(hit.at)] if hit.at else [])]
