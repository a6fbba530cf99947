"""Referrers: who brings the most conversions."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import RowGroup, build_columns, build_grouped_table, build_link_to_all
from dashboard.data import GrowthSnapshot
from dashboard.links import case_path, investigation_path
from viral_contract.models.growth import ReferrerCase, ReferrerPerformance
from viral_reports.figures import format_count, format_counted, format_rate

PATH = "/dashboard/growth/referrers"
ROWS_ON_CARD = 8
_COLUMNS = build_columns("Referrer", "Conversions", "Rate", "Contribution to K")


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The first referrers, and the way to all of them."""
    answer, search = snapshot.referrers, snapshot.search
    if not answer.referrers:
        return [html.P("No referrer activity in this period", className="nothing")]
    return [
        build_hint(f"{format_counted(answer.total_referrers, 'referrer')}, most conversions first"),
        build_grouped_table("Referrers, most conversions first", _COLUMNS, _group(answer.referrers, search)),
        build_link_to_all("View all referrers", PATH + search),
    ]


def _group(referrers: Sequence[ReferrerPerformance], search: str) -> list[RowGroup]:
    """Those that are ranked, and below a line those under a case that accuses them."""
    ranked = [_build_row(referrer, search) for referrer in referrers if not referrer.is_accused]
    accused = [_build_row(referrer, search) for referrer in referrers if referrer.is_accused]
    heading = [html.Strong("Not ranked: under a case")]
    groups = [RowGroup(None, ranked)] if ranked else []
    return [*groups, RowGroup(heading, accused)] if accused else groups


def _build_row(referrer: ReferrerPerformance, search: str) -> tuple[Component | str, ...]:
    name = referrer.referrer_id
    link = dcc.Link(name, href=investigation_path("referrer", name, search), className="identifier", title=name)
    note = f"{format_counted(referrer.invites, 'invite')} · {format_counted(referrer.clicks, 'click')}"
    who = html.Span([link, *build_mark(referrer.case)], className="referrer-name")
    return (
        html.Span([who, html.Span(note, className="row-note")], className="row-who"),
        format_count(referrer.conversions),
        format_rate(referrer.conversion_rate),
        f"{referrer.k_contribution:.3f}",
    )


def build_mark(case: ReferrerCase | None) -> list[Component]:
    """The way to its case: solid where it keeps the referrer out of the ranking, dashed where it does not."""
    if case is None:
        return []
    word = "Fraud" if case.verdict == "fraud" else "Under review" if case.is_accused else "Worth a look"
    look = "rule-chip rule-flags" if case.is_accused else "rule-chip rule-looks"
    return [dcc.Link(word, href=case_path(case.id), className=look)]


CARD = Card("referrers", "Referrers", 420, build_body)
