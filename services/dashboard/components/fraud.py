"""Fraud Detection: addresses with too many clicks on one day."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_kpis, build_no_data, build_no_traffic
from dashboard.components.table import Column, build_identifier, build_link_to_all, build_table
from dashboard.data import Snapshot
from dashboard.formats import format_count, format_day
from viral_engine.contract.guardrails import FraudAnswer

PATH = "/dashboard/guardrails/fraud"
_ROWS = 8
_COLUMNS = (Column("IP address"), Column("Date"), Column("Clicks", is_figure=True))


def build_body(snapshot: Snapshot) -> list[Component]:
    """The card's figures and its worst rows."""
    if not snapshot.health.has_data:
        return [build_no_data()]
    fraud = snapshot.health.components.fraud
    worst = fraud.model_copy(update={"suspicious_ips": fraud.suspicious_ips[:_ROWS]})
    if not worst.suspicious_ips:
        return build_rows(worst)
    return [*build_rows(worst), build_link_to_all("View all flagged IPs", PATH + snapshot.search)]


def build_rows(fraud: FraudAnswer) -> list[Component]:
    """What was looked for, how much of it was found, and the answer's rows."""
    threshold = format_count(fraud.threshold_used)
    table = build_flagged_ips(fraud) if fraud.suspicious_ips else build_no_traffic()
    return [
        build_hint(f"IP addresses with more than {threshold} clicks on one day (UTC), the most first"),
        build_kpis(
            (format_count(fraud.total_flagged_ips), "Flagged IPs"),
            (f"> {threshold}", "Clicks a day that flag"),
        ),
        table,
    ]


def build_flagged_ips(fraud: FraudAnswer) -> Component:
    """One row a day and address, each with its clicks drawn against the threshold."""
    most = max(row.click_count for row in fraud.suspicious_ips)
    rows = [
        (
            build_identifier(row.ip_address),
            format_day(row.date),
            _build_clicks(row.click_count, most, fraud.threshold_used),
        )
        for row in fraud.suspicious_ips
    ]
    return build_table("Flagged IP addresses, the most clicks first", _COLUMNS, rows)


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
