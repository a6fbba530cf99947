"""Top referrers: who brings the most conversions that count; those under a case are not ranked."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.words import name_rule
from dashboard.components.card import Card, build_hint
from dashboard.components.table import RowGroup, build_columns, build_grouped_table, build_link_to_all
from dashboard.data import GrowthSnapshot
from dashboard.links import case_path, investigation_path
from dashboard.period import FILTERS
from viral_contract.models.growth import ReferrerCase, ReferrerPerformance
from viral_reports.figures import format_count, format_counted, format_rate

PATH = "/dashboard/growth/referrers"
ROWS_ON_CARD = 6
_COLUMNS = build_columns("Referrer", "Conversions", "Rate", "Adds to K")


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The first referrers, those under a case below them, and the way to all."""
    answer, search = snapshot.referrers, snapshot.search
    if not answer.referrers and not answer.not_ranked:
        return [html.P("No referrer activity in this period", className="nothing")]
    count = format_counted(answer.total_referrers, "referrer")
    counting = snapshot.k_factor.total_conversions - snapshot.k_factor.removed_conversions
    every = f"View all {count}" if answer.total_referrers > 1 else "View the referrer"
    return [
        build_hint(f"{count}, {format_counted(counting, 'conversion')} that count{'s' if counting == 1 else ''}"),
        build_grouped_table(
            "Referrers, most conversions that count first",
            _COLUMNS,
            _group(answer.referrers, answer.not_ranked, search),
        ),
        build_link_to_all(every, PATH + search),
    ]


def _group(
    ranked: Sequence[ReferrerPerformance], accused: Sequence[ReferrerPerformance], search: str
) -> list[RowGroup]:
    """Those that are ranked, and below a line those under a case."""
    groups = [RowGroup(None, [_build_ranked(each, search) for each in ranked])] if ranked else []
    heading = [html.Strong("Not ranked: under a case")]
    return [*groups, RowGroup(heading, [_build_accused(each, search) for each in accused])] if accused else groups


def _build_ranked(each: ReferrerPerformance, search: str) -> tuple[Component | str, ...]:
    return (
        _build_who(each, search),
        format_count(each.clean_conversions),
        format_rate(each.clean_conversions / each.clicks if each.clicks else 0),
        f"{each.k_contribution_clean:.3f}",
    )


def _build_accused(each: ReferrerPerformance, search: str) -> tuple[Component | str, ...]:
    """What it is credited with, which adds nothing to K until its case is decided for it."""
    figures = (format_count(each.conversions), format_rate(each.conversion_rate), f"{each.k_contribution_clean:.3g}")
    return (_build_who(each, search), *(html.Span(figure, className="quiet") for figure in figures))


def _build_who(each: ReferrerPerformance, search: str) -> Component:
    name = each.referrer_id
    link = dcc.Link(name, href=investigation_path("referrer", name, search), className="identifier", title=name)
    return html.Span([link, *_build_rules(each)], className="row-marked")


def _build_rules(each: ReferrerPerformance) -> list[Component]:
    """The way to its case by the names of its rules: solid where one flags, dashed where they only look."""
    if each.case is None:
        return []
    rules = ", ".join(name_rule(rule) for rule in each.case.rules) or "Case"
    look = "rule-chip rule-flags" if each.case.is_accused else "rule-chip rule-looks"
    chip = dcc.Link(rules, href=case_path(each.case.id), className=look)
    if each.case.is_accused or not each.flagged_conversions:
        return [chip]
    # Its case only looks, but other rules flag what it is credited with.
    return [chip, html.Span(f"{format_count(each.flagged_conversions)} flagged", className="rule-chip rule-flags")]


def build_mark(case: ReferrerCase | None) -> list[Component]:
    """The way to its case: solid where it keeps the referrer out of the ranking, dashed where it does not."""
    if case is None:
        return []
    word = "Fraud" if case.verdict == "fraud" else "Under review" if case.is_accused else "Worth a look"
    look = "rule-chip rule-flags" if case.is_accused else "rule-chip rule-looks"
    return [dcc.Link(word, href=case_path(case.id), className=look)]


CARD = Card("referrers", "Top referrers", 420, build_body, filters=FILTERS)
