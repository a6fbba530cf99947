"""Active alerts: what happened, how bad it is, and the way to do something about it."""

from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import build_link_to_all
from dashboard.data import Snapshot
from dashboard.formats import format_age, format_minute
from dashboard.links import ALERTS_PATH, alert_path
from viral_contract.models.alerts import Alert, AlertSeverity, AlertType
from viral_reports.figures import format_count

TITLES: dict[AlertType, str] = {
    "coppa_violation": "Children's personal information shared",
    "fraud_detection": "Click fraud suspected",
    "conversion_anomaly": "Unusual conversion activity",
    "pii_in_events": "Personal information in event URLs",
    "no_data": "No events received",
    "bot_detection": "Bot-like devices",
    "high_opt_out": "Parent shares rarely viewed",
}
_ICONS: dict[AlertSeverity, str] = {"critical": "critical", "high": "warning", "medium": "info"}


def build_body(snapshot: Snapshot) -> list[Component]:
    """One entry an alert, the most severe first."""
    history = build_link_to_all("Alert history", ALERTS_PATH)
    alerts = snapshot.alerts.alerts
    if not alerts:
        check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
        return [html.P([check, "No active alerts"], className="nothing"), history]
    now = snapshot.health.computed_at
    return [
        build_hint(f"{format_count(snapshot.alerts.total_alerts)} open · based on the last 7 days"),
        html.Ul([_build_active(alert, now=now) for alert in alerts], className="alerts"),
        history,
    ]


def _build_active(alert: Alert, *, now: datetime) -> Component:
    """The alert with its severity as icon and word, and the link to its evidence."""
    icon = html.Span(
        className=f"icon icon-{_ICONS[alert.severity]} severity-{alert.severity}", **{"aria-hidden": "true"}
    )
    title = TITLES[alert.type]
    taken = f"Acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else "Not acknowledged"
    facts = (f"opened {format_age(alert.opened_at, now=now)}", taken)
    text = [
        html.H3(title),
        html.P(alert.message, className="alert-message"),
        html.P([build_severity(alert.severity), *map(html.Span, facts)], className="alert-facts"),
    ]
    link = dcc.Link("Investigate", href=alert_path(alert.id), className="button", title=f"Investigate: {title}")
    return html.Li([icon, html.Div(text, className="alert-text"), link], className="alert")


def build_severity(severity: AlertSeverity) -> Component:
    """The severity as a coloured word."""
    return html.Strong(severity.capitalize(), className=f"severity severity-{severity}")


def format_status(alert: Alert) -> str:
    """The alert's status, and who set it."""
    if alert.status == "acknowledged":
        return f"Acknowledged by {alert.acknowledged_by}"
    if alert.status == "snoozed" and alert.snoozed_until:
        return f"Snoozed until {format_minute(alert.snoozed_until)} UTC"
    if alert.status == "resolved":
        return f"Resolved by {alert.resolved_by}" if alert.resolved_by else "Resolved automatically"
    return {"open": "Open", "false_positive": "False positive"}.get(alert.status, alert.status)


CARD = Card("alerts", "Active alerts", 260, build_body)
