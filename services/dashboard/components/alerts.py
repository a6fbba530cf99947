"""Active alerts: what happened, how bad it is, and the way to do something about it."""

from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.data import Snapshot
from dashboard.formats import format_age
from dashboard.links import alert_path
from viral_engine.contract.alerts import Alert, AlertSeverity, AlertType
from viral_engine.report_rendering.figures import format_count

TITLES: dict[AlertType, str] = {
    "coppa_violation": "Personal information of children was shared",
    "fraud_detection": "Many addresses click too often",
    "conversion_anomaly": "Conversions are hard to believe",
    "no_data": "No events arrive",
    "bot_detection": "Devices click like robots",
    "high_opt_out": "Many parent shares are never viewed",
}
_ICONS: dict[AlertSeverity, str] = {"critical": "critical", "high": "warning", "medium": "info"}


def build_body(snapshot: Snapshot) -> list[Component]:
    """One entry an alert, the most severe first."""
    alerts = snapshot.alerts.alerts
    if not alerts:
        check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
        return [html.P([check, "No active alerts"], className="nothing")]
    now = snapshot.health.computed_at
    return [
        build_hint(f"{format_count(snapshot.alerts.total_alerts)} open, judged over the last 7 days"),
        html.Ul([build_alert(alert, now=now) for alert in alerts], className="alerts"),
    ]


def build_alert(alert: Alert, *, now: datetime) -> Component:
    """The alert with its severity as icon and word, its age, and the link to its evidence."""
    icon = html.Span(
        className=f"icon icon-{_ICONS[alert.severity]} severity-{alert.severity}", **{"aria-hidden": "true"}
    )
    taken = f"Acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else "Not acknowledged yet"
    facts = html.P(
        [
            build_severity(alert.severity),
            html.Span(f"opened {format_age(alert.opened_at, now=now)}"),
            html.Span(taken),
        ],
        className="alert-facts",
    )
    title = TITLES[alert.type]
    text = html.Div([html.H3(title), html.P(alert.message, className="alert-message"), facts], className="alert-text")
    link = dcc.Link("Look into it", href=alert_path(alert.id), className="button", title=f"Look into it: {title}")
    return html.Li([icon, text, link], className="alert")


def build_severity(severity: AlertSeverity) -> Component:
    """The severity as a coloured word."""
    return html.Strong(severity.capitalize(), className=f"severity severity-{severity}")


CARD = Card("alerts", "Active alerts", 260, build_body)
