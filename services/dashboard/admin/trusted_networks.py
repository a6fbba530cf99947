"""Trusted networks: admins name the schools and offices behind one IP address whose clicks are no fraud."""

from datetime import UTC, date, datetime, time, timedelta

import dash_mantine_components as dmc
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.controls import build_folded
from dashboard.components.dates import build_day
from dashboard.components.page_header import GUARDRAILS
from dashboard.data import SharedViews
from dashboard.formats import format_minute
from dashboard.links import TRUSTED_NETWORKS_PATH
from dashboard.lists.page import build_button, build_page, build_save
from dashboard.lists.view import Done, Drawn, Form, ListPage, RefusedError, Wanted, build_next, build_rows
from dashboard.period import read_search
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.trusted_networks import TrustedNetwork
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ROWS = 100
_SLUG = "trust"


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """One entry a network, the expired ones too."""
    answer = api.fetch_trusted_networks(limit=ROWS, cursor=wanted.get("cursor"))
    more = build_next(TRUSTED_NETWORKS_PATH, wanted, answer.next_cursor, f"{ROWS} networks")
    about = f"{format_counted(answer.total_networks, 'network')}, sorted by address"
    rows = [_build_network(network) for network in answer.trusted_networks]
    return {"list": build_rows(about, rows, more, "No trusted networks yet.")}


def _build_network(network: TrustedNetwork) -> Component:
    added = f"since {format_day(network.created_at.date())}, by {network.created_by}"
    who = html.Div([html.H3(network.cidr), html.P(added, className="row-note")])
    hint = build_hint("Clicks from this network will count toward fraud detection again.")
    button = build_button(_SLUG, "remove", network.cidr, f"Stop trusting {network.cidr}")
    remove = build_folded("Remove", network.cidr, hint, button)
    return html.Li([who, html.Div(network.reason), html.Div(_format_end(network)), remove], className="violation")


def _format_end(network: TrustedNetwork) -> str:
    if network.expires_at is None:
        return "No end date"
    return f"{'Trusted until' if network.active else 'Expired'} {format_minute(network.expires_at)} UTC"


def _build_form() -> list[Component]:
    required = {"required": True, "withAsterisk": False}
    cidr = dmc.TextInput(id="trust-cidr", label="Network or IP address", placeholder="203.0.113.0/24", **required)
    reason = dmc.TextInput(id="trust-reason", label="Reason", placeholder="Lakeside School", **required)
    until = build_day("trust-until", "Last day (UTC)", "No end date")
    return [
        build_hint("Saving a network that is already trusted replaces its reason and last day."),
        html.Div([cidr, reason, until, build_save(_SLUG, "form", "Trust network")], className="filters"),
    ]


def trust(api: MetricsApi, cidr: str | None, reason: str | None, until: str | None) -> Done:
    """Trust a network, or change for how long and why."""
    if not cidr or not reason:
        raise RefusedError("Enter a network and a reason.")
    saved = api.save_trusted_network(cidr, reason=reason, expires_at=format_end(until))
    return Done(f"{saved.cidr} is now trusted.")


def format_end(last_day: str | None) -> datetime | None:
    """The moment at which the trust ends: the midnight, in UTC, after its last day."""
    if not last_day:
        return None
    return datetime.combine(date.fromisoformat(last_day) + timedelta(days=1), time(), UTC)


def _stop_trusting(api: MetricsApi, _action: str, cidr: str) -> Done:
    api.delete_trusted_network(cidr)
    return Done(f"{cidr} is no longer trusted.")


LISTED = ListPage(
    path=TRUSTED_NETWORKS_PATH,
    slug=_SLUG,
    title="Trusted networks",
    about=(
        "Clicks from a trusted network don't count toward flagged IP addresses, the health score or alerts, and are "
        "listed separately. Trust schools and offices, where many people share one IP address."
    ),
    only="Only admins can view and change trusted networks.",
    draw=draw,
    cards=(
        Form(
            "form",
            "Trust a network",
            _build_form,
            fields=("cidr", "reason", "until"),
            empty={"cidr": "", "reason": "", "until": None},
            save=trust,
        ),
        ("list", "Networks"),
    ),
    act=_stop_trusting,
    above=GUARDRAILS,
)


def _fill_in_network(app: Dash, _views: SharedViews) -> None:
    """A link that trusts a network fills it in."""
    app.callback(
        Output("trust-cidr", "value", allow_duplicate=True),
        Input("url", "search"),
        prevent_initial_call="initial_duplicate",
    )(lambda search: read_search(search).get("cidr", ""))


PAGE = build_page(LISTED, add_own=_fill_in_network)
