"""The list of all referrers of a period."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.filters import format_filters
from dashboard.growth.page import PAGE as GROWTH
from dashboard.growth.referrers import PATH, build_mark
from dashboard.links import investigation_path
from dashboard.lists.add_to_list import AT_ONCE, LABELS, AddToList, choose_rows
from dashboard.lists.sorted_table import CsvValue, ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_first_query, build_page, format_nothing
from dashboard.lists.toolbar import Toolbar
from dashboard.period import FILTERS, Query, find_filters, read_search
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.growth import ReferrerPerformance
from viral_reports.dates import format_period
from viral_reports.figures import format_count, format_rate

_SLUG, _NOUNS = "all-referrers", ("referrer", "referrers")
_COLUMNS = (
    ListColumn("Referrer", "referrer", "asc", phone="name"),
    ListColumn("Conversions", "conversions", is_figure=True, phone="figure", unit="conversions"),
    ListColumn("Rate", "conversion_rate", is_figure=True, phone="note", unit="of clicks"),
    ListColumn("Adds to K", is_figure=True, rank=2),
    ListColumn("Invites", "invites", is_figure=True, rank=2),
    ListColumn("Clicks", "clicks", is_figure=True, rank=3),
    ListColumn("Case", phone="end"),
)


def fetch(api: MetricsApi, query: Query, search: str) -> Listing:
    """A page of referrers; `search` is the period in links."""
    answer = api.fetch_referrers(**query)
    chosen = find_filters({name: str(value) for name, value in query.items()})
    part = [format_filters(chosen)] if chosen else []
    return Listing(
        rows=[_build_row(each, search) for each in answer.referrers],
        total=answer.total_referrers,
        next_cursor=answer.next_cursor,
        about=" · ".join([format_period(answer.period), *part, "who invites, and what comes of it"]),
        nothing=format_nothing(answer, "No referrer activity"),
        dates=f"{answer.period.start}_{answer.period.end}",
    )


def _build_row(each: ReferrerPerformance, search: str) -> ListRow:
    name = each.referrer_id
    cells = (
        dcc.Link(name, href=investigation_path("referrer", name, search), className="identifier", title=name),
        format_count(each.conversions),
        format_rate(each.conversion_rate),
        f"{each.k_contribution:.3f}",
        format_count(each.invites),
        format_count(each.clicks),
        _build_case(each),
    )
    return ListRow(name, name, cells, _list_record(each))


def _build_case(each: ReferrerPerformance) -> Component | str:
    return html.Span(build_mark(each.case)) if each.case else "–"


def _list_record(each: ReferrerPerformance) -> dict[str, CsvValue]:
    plain = each.model_dump(mode="json", exclude={"conversion_rate_interval", "case"})
    return {**plain, "case_id": each.case.id if each.case else None}


def fetch_keys(api: MetricsApi, search: str | None) -> tuple[list[str], int]:
    """The first referrers that the address leaves, and how many follow. Raises InvalidPeriodError."""
    answer = api.fetch_referrers(**build_first_query(LISTED, read_search(search), AT_ONCE))
    return [each.referrer_id for each in answer.referrers], answer.total_referrers - len(answer.referrers)


_ADD = AddToList(_SLUG, _NOUNS, choose_rows("referrer", fetch_keys), LABELS)
LISTED = TablePage(
    path=PATH,
    slug=_SLUG,
    title="Referrers",
    nouns=_NOUNS,
    columns=_COLUMNS,
    fetch=fetch,
    sort="conversions",
    toolbar=Toolbar("Referrer"),
    subject=FILTERS,
    above=(GROWTH.title, GROWTH.path),
    build_actions=_ADD.build,
    add_own=_ADD.add_callbacks,
)
PAGE = build_page(LISTED)
