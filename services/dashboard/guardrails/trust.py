"""Trusts a network that looks like a school, with one click on the guardrails page, and with another one no longer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.errors import API_FAILURES, format_failure
from dashboard.guardrails.fraud import TRUST_BUTTON, find_proposals, format_last_day
from dashboard.links import TRUSTED_NETWORKS_PATH
from dashboard.lists.page import find_pressed
from dashboard.period import InvalidPeriodError, format_query, parse_period
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi

TOAST = "guardrails-trusted"
"""Where the page says what came of a click."""
_UNDO_BUTTON = {"page": "guardrails", "action": "untrust"}
_log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """What came of a click, in one sentence; the network that it has trusted, if it has."""

    said: str
    trusted: str | None = None


def build_toast() -> Component:
    """Where the page says what came of the click."""
    return html.Div(id=TOAST, className="toasts", role="status")


def add_callbacks(app: Dash, views: SharedViews) -> None:
    """One callback trusts what its button names, the other one takes that back."""

    def trust(presses: Sequence[int | None], search: str | None) -> Any:
        pressed = find_pressed(presses)
        if not pressed:
            return no_update
        outcome = trust_proposed(views.api_of_viewer(), str(pressed["row"]), search)
        return [build_message(outcome, f"trust {presses}")]

    def undo(presses: Sequence[int | None]) -> Any:
        pressed = find_pressed(presses)
        if not pressed:
            return no_update
        cidr = str(pressed["row"])
        return [build_message(stop_trusting(views.api_of_viewer(), cidr), f"undo {cidr}")]

    app.callback(
        Output(TOAST, "children"),
        Input({**TRUST_BUTTON, "row": ALL}, "n_clicks"),
        State("url", "search"),
        prevent_initial_call=True,
    )(trust)
    app.callback(
        Output(TOAST, "children", allow_duplicate=True),
        Input({**_UNDO_BUTTON, "row": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )(undo)


def build_message(outcome: Outcome, key: str) -> Component:
    """What was done, for some seconds, in which it can be undone; a new key shows it once more."""
    undo = [_build_undo(outcome.trusted)] if outcome.trusted else []
    link = dcc.Link("Trusted networks", href=TRUSTED_NETWORKS_PATH)
    return html.Div([html.Span(outcome.said), *undo, link], className="toast", key=key)


def _build_undo(cidr: str) -> Component:
    """The button that Z presses, too, as long as it is in sight."""
    return html.Button(
        ["Undo ", html.Kbd("Z", **{"aria-hidden": "true"})],
        id={**_UNDO_BUTTON, "row": cidr},
        className="toast-undo",
        **{"data-undo-trust": "true", "aria-keyshortcuts": "z"},
    )


def trust_proposed(api: MetricsApi, cidr: str, search: str | None) -> Outcome:
    """Trust a network for the reason and until the day that the API proposes."""
    try:
        proposal = find_proposals(api.fetch_health(**format_query(parse_period(search))).components.fraud).get(cidr)
        if proposal is None:
            return Outcome(f"Nothing was changed: {cidr} is no longer proposed.")
        api.save_trusted_network(cidr, reason=proposal.reason, expires_at=proposal.expires_at)
    except InvalidPeriodError as error:
        return Outcome(f"Nothing was changed: {error}.")
    except API_FAILURES as error:
        return _explain(error)
    until = format_last_day(proposal)
    return Outcome(f"{_name(cidr)} is trusted until {until}. Its clicks no longer count as fraud.", cidr)


def stop_trusting(api: MetricsApi, cidr: str) -> Outcome:
    """Remove the trust in a network again."""
    try:
        api.delete_trusted_network(cidr)
    except API_FAILURES as error:
        return _explain(error)
    return Outcome(f"Undone: {_name(cidr)} is not trusted.")


def _explain(error: Exception) -> Outcome:
    _log.warning("trust_failed", reason=type(error).__name__)
    return Outcome(format_failure(error))


def _name(cidr: str) -> str:
    return cidr.removesuffix("/32")
