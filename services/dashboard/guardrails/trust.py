"""Trusts a network that looks like a school, with one click on the guardrails page."""

from collections.abc import Sequence
from typing import Any

import structlog
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, format_failure
from dashboard.guardrails.fraud import TRUST_BUTTON, find_proposals, format_last_day
from dashboard.links import TRUSTED_NETWORKS_PATH
from dashboard.lists.page import find_pressed
from dashboard.period import InvalidPeriodError, format_query, parse_period
from viral_contract.client.metrics_api import MetricsApi

_TOAST = "guardrails-trusted"
_log = structlog.get_logger()


def build_toast() -> Component:
    """Where the page says what came of the click."""
    return html.Div(id=_TOAST, className="toasts", role="status")


def add_callbacks(app: Dash, views: SharedViews) -> None:
    """One callback trusts what its button names."""

    def trust(presses: Sequence[int | None], search: str | None) -> Any:
        pressed = find_pressed(presses)
        if not pressed:
            return no_update
        return [build_message(trust_proposed(views.api_of_viewer(), str(pressed["row"]), search), str(presses))]

    app.callback(
        Output(_TOAST, "children"),
        Input({**TRUST_BUTTON, "row": ALL}, "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )(trust)


def build_message(said: str, key: str) -> Component:
    """What was done, for some seconds; a new key shows it once more."""
    link = dcc.Link("Trusted networks", href=TRUSTED_NETWORKS_PATH)
    return html.Div([html.Span(said), link], className="toast", key=key)


def trust_proposed(api: MetricsApi, cidr: str, search: str | None) -> str:
    """Trust a network for the reason and until the day that the API proposes; what came of it, in one sentence."""
    try:
        proposal = find_proposals(api.fetch_health(**format_query(parse_period(search))).components.fraud).get(cidr)
        if proposal is None:
            return f"Nothing was changed: {cidr} is no longer proposed."
        api.save_trusted_network(cidr, reason=proposal.reason, expires_at=proposal.expires_at)
    except InvalidPeriodError as error:
        return f"Nothing was changed: {error}."
    except API_FAILURES as error:
        _log.warning("trust_failed", reason=type(error).__name__)
        return format_failure(error)
    return (
        f"{cidr.removesuffix('/32')} is trusted until {format_last_day(proposal)}. Its clicks no longer count as fraud."
    )
