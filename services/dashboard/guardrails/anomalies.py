"""Conversion Anomalies: referrers whose conversions are hard to believe."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import NO_FIGURE, Card, build_hint, build_no_data, build_not_kept
from dashboard.components.table import Column, build_link_to_all, build_suspect, build_table
from dashboard.data import Snapshot
from dashboard.formats import format_percent
from dashboard.links import investigation_path
from viral_contract.models.guardrails import AnomalyAnswer
from viral_reports.dates import format_day
from viral_reports.figures import format_count, format_counted, format_rate

PATH = "/dashboard/guardrails/anomalies"
_ROWS = 5
_COLUMNS = (
    Column("Referrer"),
    Column("Date"),
    Column("Rate", is_figure=True),
    Column("Conversions", is_figure=True),
)


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
            format_rate(row.conversion_rate),
            f"{format_count(row.total_conversions)} conversions / {format_count(row.total_clicks)} clicks",
        )
        for row in anomalies.high_conversion_rate_referrers[:_ROWS]
    ]
    days = [
        _build_row(snapshot.search, row.referrer_id, format_count(row.conversion_count), f"on {format_day(row.date)}")
        for row in anomalies.suspicious_referrers[:_ROWS]
    ]
    if not anomalies.total_flagged:
        return [_build_rule(anomalies), _build_nothing()]
    return [
        _build_rule(anomalies),
        _build_total(anomalies),
        html.Ul([*rates, *days], className="checks"),
        build_link_to_all("View all flagged referrers", PATH + snapshot.search),
    ]


def build_rows(anomalies: AnomalyAnswer, search: str) -> list[Component]:
    """What was looked for, how much of it was found, and the answer's rows; `search` is the period in links."""
    if not anomalies.total_flagged:
        is_known = anomalies.retained_from is None
        return [_build_rule(anomalies), _build_nothing() if is_known else build_not_kept()]
    rates = [
        (
            build_suspect("referrer", row.referrer_id, row.referrer_id, search),
            "–",
            f"{format_rate(row.conversion_rate)} of {format_counted(row.total_clicks, 'click')}",
            format_count(row.total_conversions),
        )
        for row in anomalies.high_conversion_rate_referrers
    ]
    days = [
        (
            build_suspect("referrer", row.referrer_id, row.referrer_id, search),
            format_day(row.date),
            "–",
            format_count(row.conversion_count),
        )
        for row in anomalies.suspicious_referrers
    ]
    table = build_table("Flagged referrers, highest conversion rate first", _COLUMNS, [*rates, *days])
    return [_build_rule(anomalies), _build_total(anomalies), table]


def _build_rule(anomalies: AnomalyAnswer) -> Component:
    limit = format_percent(anomalies.limits["conversion_anomaly_threshold"])
    daily = format_count(anomalies.limits["conversion_anomaly_daily_threshold"])
    return build_hint(f"Conversion rate above {limit} or more than {daily} conversions in one day (UTC)")


def _build_total(anomalies: AnomalyAnswer) -> Component:
    return html.P(format_counted(anomalies.total_flagged, "flagged referrer"), className="anomaly-total")


def _build_nothing() -> Component:
    check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
    return html.P([check, "No anomalies in this period"], className="nothing")


def _build_row(search: str, referrer_id: str, figure: str, note: str) -> Component:
    link = dcc.Link(referrer_id, href=investigation_path("referrer", referrer_id, search), className="identifier")
    who = html.Span([link, html.Span(note, className="row-note")], className="row-who")
    return html.Li([who, html.Span(figure, className="check-value")], className="check")


def format_figure(snapshot: Snapshot) -> str:
    """How many referrers are flagged."""
    flagged = snapshot.health.components.anomalies.total_flagged
    return format_counted(flagged, "referrer") if snapshot.health.is_known else NO_FIGURE


CARD = Card("anomalies", "Conversion Anomalies", 190, build_body, format_figure=format_figure)
