"""Trusted networks: admins say which schools and offices behind one address are no fraud."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import ALL, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard.admin.trusted_networks import build_networks
from dashboard.components.buttons import find_pressed
from dashboard.components.card import build_blank, build_hint
from dashboard.components.dates import build_day
from dashboard.components.messages import build_unavailable
from dashboard.components.page_header import build_page_header
from dashboard.components.table import build_way_on
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, format_failure
from dashboard.links import TRUSTED_NETWORKS_PATH
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope

ROWS = 100
TITLE = "Trusted networks"
_WHY = (
    "Clicks from a trusted network are left out of flagged addresses, score and alerts, and are shown apart. "
    "Trust schools and offices, where many people share one address."
)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; the form stands in it from the start, hidden until it is allowed."""
    return html.Div(
        [
            build_page_header(TITLE, "", [html.P(_WHY)]),
            html.Div(
                [
                    html.Section(
                        [html.H2("Trust a network", className="card-heading"), *_build_form()],
                        id="trust-form",
                        className="card",
                        hidden=True,
                    ),
                    html.Div(
                        [
                            html.P(id="trust-said", className="said", role="status"),
                            html.Section([build_blank(240)], id="trust-list", className="card"),
                        ]
                    ),
                ],
                className="stack",
            ),
        ]
    )


def _build_form() -> list[Component]:
    cidr = dmc.TextInput(
        id="trust-cidr", label="Network or address", placeholder="203.0.113.0/24", required=True, withAsterisk=False
    )
    reason = dmc.TextInput(
        id="trust-reason", label="Reason", placeholder="Lakeside School", required=True, withAsterisk=False
    )
    until = build_day("trust-until", "Last day (UTC)", "Without an end")
    save = html.Button("Trust it", id="trust-save", className="button button-primary")
    return [
        build_hint("A network that is trusted already gets the new reason and last day."),
        html.Div([cidr, reason, until, save], className="filters"),
    ]


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """The address fills in the list and the form; the buttons change what is trusted."""
    _add_list(app, views)
    _add_save(app, views)
    _add_remove(app, views)


def _add_list(app: Dash, views: SharedViews) -> None:
    def show(search: str | None) -> dict[str, Any]:
        wanted = read_search(search)
        return {**show_networks(views.api_of_viewer(), wanted.get("cursor")), "cidr": wanted.get("cidr", "")}

    app.callback(
        output={
            "list": Output("trust-list", "children"),
            "hidden": Output("trust-form", "hidden"),
            "cidr": Output("trust-cidr", "value"),
        },
        inputs={"search": Input("url", "search")},
    )(show)


def _add_save(app: Dash, views: SharedViews) -> None:
    def save(_: int, cidr: str | None, reason: str | None, until: str | None) -> dict[str, Any]:
        return trust(views.api_of_viewer(), (cidr or "").strip(), (reason or "").strip(), until)

    form = {"cidr": "trust-cidr", "reason": "trust-reason", "until": "trust-until"}
    app.callback(
        output={
            "list": Output("trust-list", "children", allow_duplicate=True),
            "said": Output("trust-said", "children"),
            **{name: Output(field, "value", allow_duplicate=True) for name, field in form.items()},
        },
        inputs={"_": Input("trust-save", "n_clicks"), **{name: State(at, "value") for name, at in form.items()}},
        prevent_initial_call=True,
    )(save)


def _add_remove(app: Dash, views: SharedViews) -> None:
    def remove(presses: list[int | None]) -> dict[str, Any]:
        pressed = find_pressed(presses)
        if pressed is None:
            return {"list": no_update, "said": no_update}
        return stop_trusting(views.api_of_viewer(), pressed["cidr"])

    app.callback(
        output={
            "list": Output("trust-list", "children", allow_duplicate=True),
            "said": Output("trust-said", "children", allow_duplicate=True),
        },
        inputs={"presses": Input({"page": "trust", "cidr": ALL}, "n_clicks")},
        prevent_initial_call=True,
    )(remove)


def show_networks(api: MetricsApi, cursor: str | None = None) -> dict[str, Any]:
    """The list from the cursor on, and whether the form is hidden, as it is for who may not change anything."""
    try:
        if not current_viewer().may(Scope.ADMIN):
            sentence = "Only admins see and change which networks are trusted. Ask one of them to trust a school."
            return {"list": [html.P(sentence)], "hidden": True}
        answer = api.fetch_trusted_networks(limit=ROWS, cursor=cursor)
    except API_FAILURES as error:
        _log.warning("trusted_networks_failed", reason=str(error))
        return {"list": [build_unavailable(TRUSTED_NETWORKS_PATH)], "hidden": True}
    more = []
    if answer.next_cursor:
        more = [build_way_on(TRUSTED_NETWORKS_PATH, {"cursor": answer.next_cursor}, f"{ROWS} networks")]
    heading = html.H2("What is trusted", className="card-heading")
    networks = build_networks(answer, lambda cidr: {"page": "trust", "cidr": cidr})
    return {"list": [heading, *networks, *more], "hidden": False}


def trust(api: MetricsApi, cidr: str, reason: str, until: str | None) -> dict[str, Any]:
    """Trust a network and empty the form; a refusal is told in words and keeps it."""
    kept = dict.fromkeys(("list", "cidr", "reason", "until"), no_update)
    if not cidr or not reason:
        return {**kept, "said": "Nothing was changed: fill in the network and the reason."}
    try:
        saved = api.save_trusted_network(cidr, reason=reason, expires_at=format_end(until))
    except API_FAILURES as error:
        _log.warning("trust_failed", reason=str(error))
        return {**kept, "said": format_failure(error)}
    listed = show_networks(api)["list"]
    return {"list": listed, "cidr": "", "reason": "", "until": None, "said": f"{saved.cidr} is trusted now."}


def format_end(last_day: str | None) -> datetime | None:
    """The moment at which the trust ends: the midnight, in UTC, after its last day."""
    if not last_day:
        return None
    return datetime.combine(date.fromisoformat(last_day) + timedelta(days=1), time(), UTC)


def stop_trusting(api: MetricsApi, cidr: str) -> dict[str, Any]:
    """No longer trust a network."""
    try:
        api.delete_trusted_network(cidr)
    except API_FAILURES as error:
        _log.warning("stop_trusting_failed", reason=str(error))
        return {"list": no_update, "said": format_failure(error)}
    return {"list": show_networks(api)["list"], "said": f"{cidr} is no longer trusted."}


PAGE = Page(TRUSTED_NETWORKS_PATH, TITLE, build_layout, add_callbacks)
