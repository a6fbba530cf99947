"""Conversion Anomalies: referrers whose conversions are hard to believe."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_no_data, build_not_kept
from dashboard.data import Snapshot
from dashboard.formats import format_percent
from dashboard.links import investigation_path
from viral_engine.dates import format_day
from viral_engine.report_rendering.figures import format_count

_ROWS = 5


def build_body(snapshot: Snapshot) -> list[Component]:
    """The referrers with too high a rate, then those with too many conversions on one day."""
    if not snapshot.health.has_data:
        return [build_no_data()]
    if snapshot.health.is_partial:
        return [build_not_kept()]
    anomalies = snapshot.health.components.anomalies
    rates = [
        _build_row(
            snapshot.search,
            row.referrer_id,
            format_percent(row.conversion_rate),
            f"{format_count(row.total_conversions)} conversions from {format_count(row.total_clicks)} clicks",
        )
        for row in anomalies.high_conversion_rate_referrers[:_ROWS]
    ]
    days = [
        _build_row(snapshot.search, row.referrer_id, format_count(row.conversion_count), f"on {format_day(row.date)}")
        for row in anomalies.suspicious_referrers[:_ROWS]
    ]
    limit = format_percent(anomalies.thresholds["conversion_anomaly_threshold"])
    daily = format_count(anomalies.thresholds["conversion_anomaly_daily_threshold"])
    hint = build_hint(f"Referrers above {limit} of their clicks or {daily} conversions on one day")
    if not anomalies.total_flagged:
        check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
        return [hint, html.P([check, "No anomalies in this period"], className="nothing")]
    return [
        hint,
        html.P(f"{format_count(anomalies.total_flagged)} flagged referrers", className="anomaly-total"),
        html.Ul([*rates, *days], className="checks"),
    ]


def _build_row(search: str, referrer_id: str, figure: str, note: str) -> Component:
    link = dcc.Link(referrer_id, href=investigation_path("referrer", referrer_id, search), className="identifier")
    who = html.Span([link, html.Span(note, className="row-note")], className="row-who")
    return html.Li([who, html.Span(figure, className="check-value")], className="check")


CARD = Card("anomalies", "Conversion Anomalies", 190, build_body)
