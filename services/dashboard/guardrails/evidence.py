"""The list of referrers with evidence, and what the rules found."""

from collections.abc import Mapping
from typing import get_args

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.entity import build_chips
from dashboard.cases.why import format_finding
from dashboard.cases.words import RULES, STRENGTHS
from dashboard.components.page_header import GUARDRAILS
from dashboard.links import EVIDENCE_PATH, investigation_path
from dashboard.lists.add_to_list import AT_ONCE, LABELS, AddToList, choose_rows
from dashboard.lists.sorted_table import CsvValue, ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_first_query, format_nothing
from dashboard.lists.toolbar import ANY, Choice, Toolbar
from dashboard.period import Query, read_search
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.referrer_evidence import ReferrerEvidenceAnswer, ReferrerRule, ReferrerWithEvidence
from viral_reports.dates import format_period
from viral_reports.figures import format_count

_SLUG, _NOUNS = "evidence", ("referrer", "referrers")
_COLUMNS = (
    ListColumn("Referrer", "referrer", "asc", phone="name"),
    ListColumn("Evidence", "rules", phone="note"),
    ListColumn("Flagged", "flagged_conversions", is_figure=True, phone="figure", unit="flagged"),
    ListColumn("Conversions", "conversions", is_figure=True),
    ListColumn("Clicks", "clicks", is_figure=True, rank=3),
)
_TABS = Choice(
    "strength", "Strength", {ANY: "All", **{str(each): word for each, word in STRENGTHS.items()}}, are_tabs=True
)
_RULES = Choice("rule", "Rule", {ANY: "All", **{rule: RULES[rule] for rule in get_args(ReferrerRule)}})


def fetch(api: MetricsApi, query: Query, search: str) -> Listing:
    """A page of referrers; `search` is the period in links."""
    answer = api.fetch_referrer_evidence(**query)
    return Listing(
        rows=[_build_row(each, search) for each in answer.referrers],
        total=answer.total,
        next_cursor=answer.next_cursor,
        about=f"{format_period(answer.period)} · evidence of the 8 weeks that end with it, figures of the period",
        nothing=format_nothing(answer, "No evidence about a referrer"),
        dates=f"{answer.period.start}_{answer.period.end}",
        counts=_count(answer),
    )


def _count(answer: ReferrerEvidenceAnswer) -> Mapping[str, int]:
    counts = answer.counts.model_dump()
    return {ANY: sum(counts.values()), **counts}


def _build_row(each: ReferrerWithEvidence, search: str) -> ListRow:
    name = each.referrer_id
    cells = (
        dcc.Link(name, href=investigation_path("referrer", name, search), className="identifier", title=name),
        _build_why(each),
        format_count(each.flagged_conversions),
        format_count(each.conversions),
        format_count(each.clicks),
    )
    return ListRow(name, name, cells, _list_record(each))


def _build_why(each: ReferrerWithEvidence) -> Component:
    """What the strongest rule found, and the names of all."""
    return html.Div([html.P(format_finding(each.rules[0])), build_chips(each.rules)], className="why")


def _list_record(each: ReferrerWithEvidence) -> dict[str, CsvValue]:
    return {
        "referrer_id": each.referrer_id,
        "rules": ", ".join(found.rule for found in each.rules),
        "evidence": "; ".join(format_finding(found) for found in each.rules),
        "flagged_conversions": each.flagged_conversions,
        "conversions": each.conversions,
        "clicks": each.clicks,
    }


def fetch_keys(api: MetricsApi, search: str | None) -> tuple[list[str], int]:
    """The first referrers that the address leaves, and how many follow. Raises InvalidPeriodError."""
    answer = api.fetch_referrer_evidence(**build_first_query(LISTED, read_search(search), AT_ONCE))
    return [each.referrer_id for each in answer.referrers], answer.total - len(answer.referrers)


_ADD = AddToList(_SLUG, _NOUNS, choose_rows("referrer", fetch_keys), LABELS)
LISTED = TablePage(
    path=EVIDENCE_PATH,
    slug=_SLUG,
    title="Referrers with evidence",
    nouns=_NOUNS,
    columns=_COLUMNS,
    fetch=fetch,
    sort="flagged_conversions",
    toolbar=Toolbar("Referrer", (_TABS, _RULES)),
    above=GUARDRAILS,
    build_actions=_ADD.build,
    add_own=_ADD.add_callbacks,
)
