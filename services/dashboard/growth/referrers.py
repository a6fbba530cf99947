"""Referrers: who brings the most conversions."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import build_columns, build_link_to_all, build_table
from dashboard.data import GrowthSnapshot
from dashboard.links import investigation_path
from viral_contract.models.growth import ReferrerPerformance, ReferrersAnswer
from viral_reports.figures import format_count, format_counted, format_rate

PATH = "/dashboard/growth/referrers"
ROWS_ON_CARD = 8
_COLUMNS = build_columns("Referrer", "Conversions", "Rate", "Contribution to K")


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The first referrers, and the way to all of them."""
    rows = build_rows(snapshot.referrers, snapshot.search)
    if not snapshot.referrers.next_cursor:
        return rows
    return [*rows, build_link_to_all("View all referrers", PATH + snapshot.search)]


def build_rows(answer: ReferrersAnswer, search: str) -> list[Component]:
    """The answer's referrers; each leads to its investigation over the period of `search`."""
    if not answer.referrers:
        return [html.P("No referrer activity in this period", className="nothing")]
    rows = [_build_row(referrer, search) for referrer in answer.referrers]
    return [
        build_hint(f"{format_counted(answer.total_referrers, 'referrer')}, most conversions first"),
        build_table("Referrers, most conversions first", _COLUMNS, rows),
    ]


def _build_row(referrer: ReferrerPerformance, search: str) -> tuple[Component | str, ...]:
    name = referrer.referrer_id
    link = dcc.Link(name, href=investigation_path("referrer", name, search), className="identifier", title=name)
    note = f"{format_counted(referrer.invites, 'invite')} · {format_counted(referrer.clicks, 'click')}"
    return (
        html.Span([link, html.Span(note, className="row-note")], className="row-who"),
        format_count(referrer.conversions),
        format_rate(referrer.conversion_rate),
        f"{referrer.k_contribution:.3f}",
    )


CARD = Card("referrers", "Referrers", 420, build_body)
