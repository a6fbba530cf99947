"""Trusted networks: whose clicks do not count as fraud, why, and until when."""

from collections.abc import Callable

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.formats import format_minute
from viral_contract.models.trusted_networks import TrustedNetwork, TrustedNetworksAnswer
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

RemoveId = Callable[[str], dict[str, str]]


def build_networks(answer: TrustedNetworksAnswer, remove_id: RemoveId) -> list[Component]:
    """One entry a network, the expired ones too; `remove_id` makes the id of the button that ends the trust."""
    if not answer.trusted_networks:
        return [html.P("No network is trusted yet.", className="nothing")]
    return [
        build_hint(f"{format_counted(answer.total_networks, 'network')}, by address"),
        html.Ul([_build_network(network, remove_id) for network in answer.trusted_networks], className="violations"),
    ]


def _build_network(network: TrustedNetwork, remove_id: RemoveId) -> Component:
    added = f"since {format_day(network.created_at.date())}, by {network.created_by}"
    who = html.Div([html.H3(network.cidr), html.P(added, className="row-note")])
    remove = html.Details(
        [
            html.Summary(["Remove", html.Span(f" {network.cidr}", className="visually-hidden")]),
            build_hint("Its clicks count like any other's again."),
            html.Button(f"Stop trusting {network.cidr}", id=remove_id(network.cidr), className="button"),
        ],
        className="resolve",
    )
    return html.Li([who, html.Div(network.reason), html.Div(_format_end(network)), remove], className="violation")


def _format_end(network: TrustedNetwork) -> str:
    if network.expires_at is None:
        return "Trusted without an end"
    return f"{'Trusted until' if network.active else 'Expired'} {format_minute(network.expires_at)} UTC"
