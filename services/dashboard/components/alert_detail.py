"""An alert in full: its facts, its evidence row by row, and its history."""

from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.alerts import TITLES, build_severity
from dashboard.components.card import build_hint, build_kpis
from dashboard.components.page_header import GUARDRAILS, build_breadcrumb
from dashboard.components.table import Column, build_identifier, build_link_to_all, build_moment, build_table
from dashboard.formats import format_age, format_masked, format_minute, format_percent
from dashboard.links import investigation_path
from viral_engine.contract.alerts import (
    ActionTaken,
    AlertAction,
    AlertDetail,
    AlertQuality,
    AlertType,
    EvidenceRow,
    EvidenceUnit,
)
from viral_engine.contract.investigations import EntityKind
from viral_engine.dates import format_day, format_period
from viral_engine.report_rendering.figures import format_count

_KINDS: dict[AlertType, EntityKind] = {
    "fraud_detection": "ip_address",
    "bot_detection": "device",
    "conversion_anomaly": "referrer",
}
_NAMED = ("clicks", "conversions", "minutes")
_DONE: dict[AlertAction, str] = {
    "acknowledge_alert": "acknowledged it",
    "snooze_alert": "snoozed it",
    "resolve_alert": "resolved it",
    "call_alert_false_positive": "called it a false positive",
    "reopen_alert": "reopened it",
}


def build_detail(alert: AlertDetail, quality: AlertQuality, *, now: datetime) -> list[Component]:
    """The header, the evidence and the history of one alert."""
    return [
        _build_header(alert, now=now),
        html.Div(
            [
                html.Section(
                    [html.H2("Evidence", className="card-heading"), *_build_evidence(alert)], className="card"
                ),
                html.Section(
                    [
                        html.H2("History", className="card-heading"),
                        _build_quality(alert, quality),
                        _build_history(alert),
                    ],
                    className="card",
                ),
            ],
            className="stack",
        ),
    ]


def _build_header(alert: AlertDetail, *, now: datetime) -> Component:
    facts = [
        build_severity(alert.severity),
        html.Span(_format_status(alert)),
        html.Span(f"opened {format_age(alert.opened_at, now=now)}"),
    ]
    heading = html.Div(
        [
            html.H1(TITLES[alert.type]),
            html.P(alert.message, className="alert-message"),
            html.P(facts, className="alert-facts"),
        ]
    )
    return html.Header([build_breadcrumb("Alert", GUARDRAILS), heading], className="page-header")


def _format_status(alert: AlertDetail) -> str:
    if alert.status == "acknowledged":
        return f"Acknowledged by {alert.acknowledged_by}"
    if alert.status == "snoozed" and alert.snoozed_until:
        return f"Snoozed until {format_minute(alert.snoozed_until)} UTC"
    if alert.status == "resolved":
        return f"Resolved by {alert.resolved_by}" if alert.resolved_by else "Over by itself"
    return {"open": "Open", "false_positive": "False positive"}.get(alert.status, alert.status)


def _build_evidence(alert: AlertDetail) -> list[Component]:
    evidence = alert.evidence
    found = [
        build_hint(f"{evidence.what}, {format_period(evidence.period)}"),
        build_kpis(
            (_format(evidence.count, evidence.unit), "Found"),
            (f"> {_format(evidence.threshold, evidence.unit)}", "Opens the alert"),
        ),
    ]
    if evidence.rows:
        columns = (Column("What"), Column("Date"), Column("How much", is_figure=True))
        rows = [
            (
                _build_what(alert, row),
                format_day(row.day) if row.day else "–",
                f"{_format(row.value, row.unit)} {row.unit if row.unit in _NAMED else ''}".strip(),
            )
            for row in evidence.rows
        ]
        found.append(build_table("The evidence, the worst first", columns, rows))
    return [*found, build_link_to_all("Show it on the guardrails page", evidence.link)]


def _format(value: float, unit: EvidenceUnit | None) -> str:
    """A rate in percent, anything else as a count; evidence of an older version does not say which it is."""
    is_rate = unit == "rate" or (unit is None and 0 < value < 1)
    return format_percent(value) if is_rate else format_count(value)


def _build_what(alert: AlertDetail, row: EvidenceRow) -> Component:
    kind = _KINDS.get(alert.type)
    if kind is None:
        return build_identifier(row.label)
    period = alert.evidence.period
    return dcc.Link(
        format_masked(row.label, row.alias),
        href=investigation_path(kind, row.ref, f"?start={period.start}&end={period.end}"),
        className="identifier",
    )


def _build_quality(alert: AlertDetail, quality: AlertQuality) -> Component:
    known = next((each for each in quality.types if each.type == alert.type), None)
    opened, false = (known.opened, known.false_positives) if known else (0, 0)
    return build_hint(
        f"Alerts of this kind so far: {format_count(opened)}, of them false positives: {format_count(false)}"
    )


def _build_history(alert: AlertDetail) -> Component:
    if not alert.actions:
        return html.P("Nobody has done anything yet.", className="nothing")
    return html.Ul([_build_action(action) for action in alert.actions], className="checks")


def _build_action(action: ActionTaken) -> Component:
    until = f" until {format_minute(action.until)} UTC" if action.until else ""
    said = html.Span(f"“{action.note}”", className="row-note") if action.note else None
    who = html.Span([html.Span(f"{action.actor} {_DONE[action.action]}{until}"), said], className="row-who")
    return html.Li([who, html.Span(build_moment(action.at), className="check-value")], className="check")
