"""Fraud Detection: addresses with too many clicks on one day."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_kpis, build_no_data, build_no_traffic, build_not_kept
from dashboard.components.table import Column, build_link_to_all, build_suspect, build_table
from dashboard.data import Snapshot
from dashboard.links import TRUSTED_NETWORKS_PATH, trust_path
from viral_contract.models.guardrails import FraudAnswer, SuspiciousIp, TrustedIp
from viral_reports.dates import format_day
from viral_reports.figures import format_count

PATH = "/dashboard/guardrails/fraud"
_ROWS = 8
_COLUMNS = (Column("IP address"), Column("Date"), Column("Clicks", is_figure=True))


def build_body(snapshot: Snapshot) -> list[Component]:
    """The card's figures and its worst rows."""
    if not snapshot.health.has_data:
        return [build_no_data()]
    if snapshot.health.is_partial:
        return [build_not_kept()]
    fraud = snapshot.health.components.fraud
    worst = fraud.model_copy(update={"suspicious_ips": fraud.suspicious_ips[:_ROWS]})
    networks = dcc.Link("Trusted networks", href=TRUSTED_NETWORKS_PATH, className="link-to-all")
    if not worst.suspicious_ips:
        return [*build_rows(worst, snapshot.search), networks]
    all_rows = build_link_to_all("View all flagged IPs", PATH + snapshot.search)
    return [*build_rows(worst, snapshot.search), html.Div([all_rows, networks], className="card-links")]


def build_rows(fraud: FraudAnswer, search: str) -> list[Component]:
    """What was looked for, how much of it was found, and the answer's rows; `search` is the period in links."""
    threshold = format_count(fraud.threshold_used)
    is_known = bool(fraud.suspicious_ips) or fraud.retained_from is None
    total = format_count(fraud.total_flagged_ips) if is_known else "–"
    nothing = build_no_traffic() if is_known else build_not_kept()
    table = build_flagged_ips(fraud, search) if fraud.suspicious_ips else nothing
    return [
        build_hint(f"IP addresses with more than {threshold} clicks in one day (UTC) · most clicks first"),
        build_kpis(
            (total, "Flagged IPs"),
            (f"> {threshold}", "Threshold (clicks per day)"),
        ),
        table,
        *build_trusted_ips(fraud.trusted_ips, search),
    ]


def build_flagged_ips(fraud: FraudAnswer, search: str) -> Component:
    """One row a day and address, each with its clicks drawn against the threshold."""
    most = max(row.click_count for row in fraud.suspicious_ips)
    rows = [
        (
            _build_address(row, search),
            format_day(row.date),
            _build_clicks(row.click_count, most, fraud.threshold_used),
        )
        for row in fraud.suspicious_ips
    ]
    return build_table("Flagged IP addresses, most clicks first", _COLUMNS, rows)


def build_trusted_ips(trusted: list[TrustedIp], search: str) -> list[Component]:
    """What would be flagged if its network were not trusted, folded away, so that nothing is hidden."""
    if not trusted:
        return []
    rows = [
        (
            build_suspect("ip_address", row.ip_address, row.ref, search, row.alias),
            format_day(row.date),
            format_count(row.click_count),
        )
        for row in trusted
    ]
    reasons = "; ".join(sorted({f"{row.cidr}: {row.reason}" for row in trusted}))
    summary = html.Summary(f"Trusted, not flagged ({format_count(len(trusted))})")
    table = build_table("IP addresses in trusted networks, most clicks first", _COLUMNS, rows)
    return [html.Details([summary, build_hint(reasons), table], className="trusted")]


def _build_address(row: SuspiciousIp, search: str) -> Component:
    address = build_suspect("ip_address", row.ip_address, row.ref, search, row.alias)
    if row.hint != "shared_network":
        return address
    question = f"{format_count(row.devices)} devices at a normal pace. Possibly a school."
    return html.Span([address, html.Span(_build_question(question, row.ip_address), className="row-note")])


def _build_question(question: str, address: str) -> list[Component | str]:
    """Only a whole address can be trusted; a masked one ends in `*`."""
    if address.endswith("*"):
        return [question]
    return [f"{question} ", dcc.Link("Trust this network", href=trust_path(address))]


def _build_clicks(clicks: int, most: int, threshold: int) -> Component:
    bar = html.Span(
        [
            html.Span(className="meter-fill", style={"width": f"{clicks / most:.1%}"}),
            html.Span(className="meter-limit", style={"left": f"{threshold / most:.1%}"}),
        ],
        className="meter",
        **{"aria-hidden": "true"},
    )
    return html.Span([bar, html.Span(format_count(clicks), className="meter-count")], className="metered")


CARD = Card("fraud", "Fraud Detection", 420, build_body)
