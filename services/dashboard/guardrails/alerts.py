"""Active alerts: what happened, how bad it is, and the way to do something about it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from dash import ALL, Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.card import Card, body_id, build_hint
from dashboard.components.table import build_link_to_all
from dashboard.data import Snapshot
from dashboard.errors import API_FAILURES, format_failure
from dashboard.formats import format_age, format_minute
from dashboard.guardrails.trust import TOAST
from dashboard.links import ALERTS_PATH, alert_path
from dashboard.lists.page import find_pressed
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.alerts import Alert, AlertsAnswer, AlertSeverity, AlertType
from viral_reports.figures import format_count, name_metric

TITLES: dict[AlertType, str] = {
    "coppa_violation": "Children's personal information shared",
    "fraud_detection": "Click fraud suspected",
    "conversion_anomaly": "Unusual conversion activity",
    "pii_in_events": "Personal information in event URLs",
    "no_data": "No events received",
    "bot_detection": "Bot-like devices",
    "high_opt_out": "Parent shares rarely viewed",
    "growth_change": "Growth far from expected",
    "k_fell": "Honest K fell",
}
_BUTTON = {"page": "active-alerts", "action": "acknowledge"}
_log = structlog.get_logger()
_ICONS: dict[AlertSeverity, str] = {"critical": "critical", "high": "warning", "medium": "info"}


def build_body(snapshot: Snapshot) -> list[Component]:
    """One entry an alert, the most severe first."""
    return _build_list(snapshot.alerts, now=snapshot.health.computed_at, may_act=snapshot.may_act)


def _build_list(answer: AlertsAnswer, *, now: datetime, may_act: bool) -> list[Component]:
    history = build_link_to_all("Alert history", ALERTS_PATH)
    if not answer.alerts:
        check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
        return [html.P([check, "No active alerts"], className="nothing"), history]
    return [
        build_hint(_format_summary(answer)),
        html.Ul([_build_alert(each, now=now, may_act=may_act) for each in answer.alerts], className="alerts"),
        history,
    ]


def _format_summary(answer: AlertsAnswer) -> str:
    taken = sum(alert.status == "acknowledged" for alert in answer.alerts)
    still_open = f"{format_count(answer.total_alerts - taken)} open"
    return f"{still_open}{f', {format_count(taken)} acknowledged' if taken else ''} · judged over the last 7 days"


def _build_alert(alert: Alert, *, now: datetime, may_act: bool) -> Component:
    """The alert with its severity as icon and word, the link to its evidence, and who has seen to it."""
    icon = html.Span(
        className=f"icon icon-{_ICONS[alert.severity]} severity-{alert.severity}", **{"aria-hidden": "true"}
    )
    opened = html.Span(f"opened {format_age(alert.opened_at, now=now)}")
    text = [
        html.H3(dcc.Link(format_title(alert), href=alert_path(alert.id))),
        html.P(alert.message, className="alert-message"),
        html.P([build_severity(alert.severity), opened], className="alert-facts"),
    ]
    end = html.Div(_build_end(alert, may_act=may_act), className="alert-end")
    return html.Li([icon, html.Div(text, className="alert-text"), end], className="alert")


def _build_end(alert: Alert, *, may_act: bool) -> Component:
    """Who has seen to it, or the button that says so."""
    if alert.acknowledged_by:
        check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
        by = [html.Span("Acknowledged by ", className="visually-hidden"), alert.acknowledged_by]
        return html.Span([check, *by], className="acknowledged")
    if not may_act:
        return html.Span("Not acknowledged")
    about = html.Span(format_title(alert), className="visually-hidden")
    return html.Button(["Acknowledge ", about], id={**_BUTTON, "row": alert.id}, className="button")


def acknowledge(api: MetricsApi, alert_id: int, *, now: datetime) -> tuple[Any, Any]:
    """Acknowledge an alert; the card and the message that the page shows from then on."""
    try:
        api.acknowledge_alert(alert_id)
        return _build_list(api.fetch_alerts(), now=now, may_act=True), no_update
    except API_FAILURES as error:
        _log.warning("acknowledge_failed", reason=type(error).__name__)
        message = html.Div(html.Span(format_failure(error)), className="toast", key=f"acknowledge {alert_id} {now}")
        return no_update, [message]


def add_callbacks(app: Dash, views: SharedViews) -> None:
    """The button of a row acknowledges its alert."""

    def press(presses: Sequence[int | None]) -> tuple[Any, Any]:
        pressed = find_pressed(presses)
        if not pressed:
            return no_update, no_update
        return acknowledge(views.api_of_viewer(), pressed["row"], now=datetime.now(UTC))

    app.callback(
        Output(body_id(CARD.slug), "children", allow_duplicate=True),
        Output(TOAST, "children", allow_duplicate=True),
        Input({**_BUTTON, "row": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )(press)


def format_title(alert: Alert) -> str:
    """What kind of alert it is; of a change of growth, of what and to which side."""
    worst = alert.evidence.rows[0] if alert.evidence.rows else None
    if worst is None or worst.metric is None:
        return TITLES[alert.type]
    return f"{name_metric(worst.metric)} far {'above' if (worst.z or 0) > 0 else 'below'} expected"


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
