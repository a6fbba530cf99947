"""An alert in full: its facts, its evidence row by row, and its history."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint, build_kpis
from dashboard.components.page_header import GUARDRAILS, build_breadcrumb
from dashboard.components.table import Column, build_identifier, build_link_to_all, build_moment, build_table
from dashboard.formats import format_age, format_masked, format_minute, format_percent
from dashboard.guardrails import anomalies, bots, event_pii, fraud
from dashboard.guardrails.alerts import build_severity, format_status, format_title
from dashboard.links import VIOLATIONS_PATH, alerts_path, investigation_path
from dashboard.period import read_search
from viral_contract.models.alerts import (
    ActionTaken,
    AlertAction,
    AlertDetail,
    AlertQuality,
    AlertType,
    EvidenceRow,
    EvidenceUnit,
)
from viral_contract.models.investigations import EntityKind
from viral_reports.dates import format_day, format_elapsed, format_period
from viral_reports.figures import format_count, format_counted, format_signed

_KINDS: dict[AlertType, EntityKind] = {
    "fraud_detection": "ip_address",
    "bot_detection": "device",
    "conversion_anomaly": "referrer",
}
_LISTS: dict[AlertType, tuple[str, str]] = {
    "fraud_detection": ("View all flagged addresses", fraud.PATH),
    "bot_detection": ("View all flagged devices", bots.PATH),
    "conversion_anomaly": ("View all flagged referrers", anomalies.PATH),
    "coppa_violation": ("View all violations", VIOLATIONS_PATH),
    "pii_in_events": ("View all leaks", event_pii.PATH),
}
ENDED = ("resolved", "false_positive")
# As many as the API stores.
_MOST_ROWS = 100
_OPEN_ROWS = 20
_COLUMNS: dict[AlertType, tuple[str, str]] = {
    "coppa_violation": ("Violation", "Items"),
    "fraud_detection": ("IP address", "Clicks"),
    "conversion_anomaly": ("Referrer", "Conversions or rate"),
    "pii_in_events": ("Leak", "Events"),
    "no_data": ("Last event", "Age"),
    "bot_detection": ("Device", "Clicks"),
    "growth_change": ("Figure", "Value"),
    "k_fell": ("Signup week", "Referred signups"),
}
_OTHER_COLUMNS = ("Item", "Value")
_DONE: dict[AlertAction, str] = {
    "acknowledge_alert": "acknowledged it",
    "snooze_alert": "snoozed it",
    "resolve_alert": "resolved it",
    "call_alert_false_positive": "marked it as a false positive",
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
                        build_link_to_all("View all alerts of this type", alerts_path(type=alert.type)),
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
        html.Span(format_status(alert)),
        html.Span(f"opened {format_age(alert.opened_at, now=now)}"),
        *([html.Span(f"closed {format_age(alert.resolved_at, now=now)}")] if alert.resolved_at else []),
    ]
    heading = html.Div(
        [
            html.H1(format_title(alert)),
            html.P(alert.message, className="alert-message"),
            html.P(facts, className="alert-facts"),
        ]
    )
    return html.Header([build_breadcrumb("Alert", GUARDRAILS), heading], className="page-header")


def _build_evidence(alert: AlertDetail) -> list[Component]:
    evidence = alert.evidence
    found = [
        build_hint(format_period(evidence.period)),
        build_kpis(
            (_format(evidence.count, evidence.unit), evidence.what[:1].upper() + evidence.what[1:]),
            (f"> {_format(evidence.threshold, evidence.unit)}", "Threshold"),
        ),
    ]
    return [*found, *_build_rows(alert), html.Div(_build_links(alert), className="card-links")]


def _build_rows(alert: AlertDetail) -> list[Component]:
    evidence = alert.evidence
    if not evidence.rows:
        return []
    name, figure = _COLUMNS.get(alert.type, _OTHER_COLUMNS)
    is_compared = any(row.z is not None for row in evidence.rows)
    columns = (
        Column(name),
        Column("Date"),
        Column(figure, is_figure=True),
        *((Column("Expected", is_figure=True), Column("z", is_figure=True)) if is_compared else ()),
    )
    rows = [
        (
            _build_what(alert, row),
            format_day(row.day) if row.day else "–",
            _format_value(row),
            *(_compare(row) if is_compared else ()),
        )
        for row in evidence.rows
    ]
    shown = f"Showing the top {format_count(len(rows))}."
    cut = [build_hint(shown)] if len(rows) >= _MOST_ROWS or _is_cut(alert) else []
    return [
        *cut,
        build_table("Evidence, highest first", columns, rows[:_OPEN_ROWS]),
        *_build_folded(columns, rows[_OPEN_ROWS:]),
    ]


def _build_folded(columns: Sequence[Column], rows: Sequence[Sequence[Component | str]]) -> list[Component]:
    """The rest of the rows, folded so that what can be done stays in reach."""
    if not rows:
        return []
    summary = html.Summary(f"Show {format_counted(len(rows), 'more row')}")
    return [html.Details([summary, build_table("More evidence", columns, rows)], className="more-rows")]


def _is_cut(alert: AlertDetail) -> bool:
    """Whether there is more than the rows, each of which counts once; older versions stored 20."""
    evidence = alert.evidence
    return alert.type in _LISTS and evidence.unit != "events" and evidence.count > len(evidence.rows)


def _build_links(alert: AlertDetail) -> list[Component]:
    """To all rows of the evidence's dates, and to its card; the card of an ended alert shows the dates of then."""
    evidence = alert.evidence
    dates = {"start": evidence.period.start.isoformat(), "end": evidence.period.end.isoformat()}
    path, _, query = evidence.link.partition("?")
    shown = {name: value for name, value in read_search(query).items() if name in ("panel", "metric")}
    then = f"{path}?{urlencode({**dates, **shown})}"
    place = "growth" if alert.type in ("growth_change", "k_fell") else "guardrails"
    card = build_link_to_all(f"View on {place} page", then if alert.status in ENDED else evidence.link)
    if alert.type not in _LISTS:
        return [card]
    label, path = _LISTS[alert.type]
    return [build_link_to_all(label, f"{path}?{urlencode(dates)}"), card]


def _format_value(row: EvidenceRow) -> str:
    """Conversions carry their unit, because rates share their column."""
    shown = _format(row.value, row.unit)
    return f"{shown} conversions" if row.unit == "conversions" else shown


def _compare(row: EvidenceRow) -> tuple[str, str]:
    """What was expected, and how far the value is from it."""
    expected = row.expected or 0
    shown = _format(expected if row.unit == "rate" else round(expected), row.unit)
    return shown, format_signed(row.z or 0, decimals=1)


def _format(value: float, unit: EvidenceUnit | None) -> str:
    """A rate in percent, minutes as a length of time, anything else as a count.

    Evidence of an older version does not say whether it is a rate.
    """
    if unit == "minutes":
        return format_elapsed(timedelta(minutes=value))
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
    return build_hint(f"Alerts of this type: {format_count(opened)} · False positives: {format_count(false)}")


def _build_history(alert: AlertDetail) -> Component:
    if not alert.actions:
        return html.P("No activity yet.", className="nothing")
    return html.Ul([_build_action(action) for action in alert.actions], className="checks")


def _build_action(action: ActionTaken) -> Component:
    until = f" until {format_minute(action.until)} UTC" if action.until else ""
    said = html.Span(f"“{action.note}”", className="row-note") if action.note else None
    who = html.Span([html.Span(f"{action.actor} {_DONE[action.action]}{until}"), said], className="row-who")
    return html.Li([who, html.Span(build_moment(action.at), className="check-value")], className="check")
