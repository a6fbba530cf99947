"""Whose links were clicked from flagged networks: the rows of the card "By referrer", and the list of all of them."""

from dash import dcc
from dash.development.base_component import Component

from dashboard.components.page_header import GUARDRAILS
from dashboard.components.table import Column, build_table
from dashboard.links import investigation_path
from dashboard.lists.add_to_list import AT_ONCE, LABELS, AddToList, choose_rows
from dashboard.lists.sorted_table import ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_first_query, format_nothing
from dashboard.lists.toolbar import Toolbar
from dashboard.period import Query, read_search
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.flagged import FlaggedAnswer, ReferrerOfNetworks
from viral_reports.dates import format_period
from viral_reports.figures import format_count, format_rate

PATH = "/dashboard/guardrails/fraud/referrers"
ROWS_ON_CARD = 9
_SLUG, _NOUNS = "fraud-referrers", ("referrer", "referrers")
_CARD_COLUMNS = (
    Column("Referrer"),
    Column("Networks", is_figure=True),
    Column("Days over", is_figure=True, is_minor=True),
    Column("Clicks", is_figure=True),
    Column("Share", is_figure=True),
)
_COLUMNS = (
    ListColumn("Referrer", "referrer", "asc", phone="name"),
    ListColumn("Networks", "networks", is_figure=True),
    ListColumn("Days over", "days", is_figure=True, rank=2),
    ListColumn("Clicks from them", "clicks", is_figure=True, phone="figure", unit="clicks"),
    ListColumn("All clicks", is_figure=True, rank=2),
    ListColumn("Share", is_figure=True, phone="note", unit="of their clicks"),
)


def fetch_card(api: MetricsApi, query: Query) -> FlaggedAnswer:
    """The referrers of the card."""
    return api.fetch_flagged(**query, group_by="referrer", limit=ROWS_ON_CARD)


def build_referrers(answer: FlaggedAnswer, search: str) -> Component:
    """The card's table; `search` is the period in links."""
    rows = [
        (
            _build_link(each, search),
            format_count(each.networks),
            format_count(each.days),
            format_count(each.clicks),
            format_rate(_find_share(each)),
        )
        for each in answer.referrers
    ]
    return build_table("Referrers by clicks from flagged networks, with their share of all clicks", _CARD_COLUMNS, rows)


def _find_share(each: ReferrerOfNetworks) -> float:
    """Of all clicks on the referrer's links."""
    return each.clicks / each.total_clicks if each.total_clicks else 0


def _build_link(each: ReferrerOfNetworks, search: str) -> Component:
    name = each.referrer_id
    return dcc.Link(name, href=investigation_path("referrer", name, search), className="identifier", title=name)


def fetch(api: MetricsApi, query: Query, search: str) -> Listing:
    """A page of referrers; `search` is the period in links."""
    answer = api.fetch_flagged(group_by="referrer", **query)
    return Listing(
        rows=[_build_row(each, search) for each in answer.referrers],
        total=answer.total or 0,
        next_cursor=answer.next_cursor,
        about=f"{format_period(answer.period)} · whose links were clicked from flagged networks",
        nothing=format_nothing(answer, "No clicks from flagged networks"),
        dates=f"{answer.period.start}_{answer.period.end}",
    )


def _build_row(each: ReferrerOfNetworks, search: str) -> ListRow:
    share = _find_share(each)
    cells = (
        _build_link(each, search),
        format_count(each.networks),
        format_count(each.days),
        format_count(each.clicks),
        format_count(each.total_clicks),
        format_rate(share),
    )
    return ListRow(each.referrer_id, each.referrer_id, cells, {**each.model_dump(), "share": round(share, 4)})


def fetch_keys(api: MetricsApi, search: str | None) -> tuple[list[str], int]:
    """The first referrers that the address leaves, and how many follow. Raises InvalidPeriodError."""
    answer = api.fetch_flagged(group_by="referrer", **build_first_query(LISTED, read_search(search), AT_ONCE))
    return [each.referrer_id for each in answer.referrers], (answer.total or 0) - len(answer.referrers)


_ADD = AddToList(_SLUG, _NOUNS, choose_rows("referrer", fetch_keys), LABELS)
LISTED = TablePage(
    path=PATH,
    slug=_SLUG,
    title="Referrers of flagged addresses",
    nouns=_NOUNS,
    columns=_COLUMNS,
    fetch=fetch,
    sort="clicks",
    toolbar=Toolbar("Referrer"),
    above=GUARDRAILS,
    build_actions=_ADD.build,
    add_own=_ADD.add_callbacks,
)
