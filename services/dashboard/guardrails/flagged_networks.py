"""The list of flagged and shared networks of a period, one row each."""

from dash import Dash, dcc, html
from dash.development.base_component import Component

from dashboard.cases.bulk import VerdictsOnAll, build_bulk_verdicts
from dashboard.cases.marks import CASE_CHOICE, build_mark, find_marks
from dashboard.components.page_header import GUARDRAILS
from dashboard.components.table import build_suspect
from dashboard.guardrails.fraud import FINDINGS, PATH, build_finding
from dashboard.links import investigation_path, trust_path
from dashboard.lists.add_to_list import AT_ONCE, LABELS, AddToList, choose_rows
from dashboard.lists.sorted_table import CsvValue, ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_first_query, format_nothing
from dashboard.lists.toolbar import ANY, Choice, Toolbar
from dashboard.period import Query, read_search
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.flagged import FlaggedAnswer, FlaggedNetwork
from viral_contract.models.people import Scope
from viral_reports.dates import format_day_of_year, format_period
from viral_reports.figures import format_count, format_rate

_SLUG, _NOUNS = "flagged-networks", ("network", "networks")
_UNKNOWN = "–"
_COLUMNS = (
    ListColumn("Network", "network", "asc", phone="name"),
    ListColumn("Finding", phone="note"),
    ListColumn("Clicks", "clicks", is_figure=True, phone="figure", unit="clicks"),
    ListColumn("Days over", "days", is_figure=True, rank=2),
    ListColumn("Peak day", "peak_clicks", is_figure=True),
    ListColumn("Devices", "devices", is_figure=True, rank=2),
    ListColumn("Per device", "clicks_per_device", is_figure=True, rank=3),
    ListColumn("Referrers", "referrers", is_figure=True, rank=2),
    ListColumn("Top referrer, share", "top_referrer_share", rank=3),
    ListColumn("New devices", is_figure=True, rank=2),
    ListColumn("Verdict", phone="end"),
)
_TABS = Choice(
    "verdict", "Finding", {ANY: "All", **{str(name): word for name, word in FINDINGS.items()}}, are_tabs=True
)


def fetch(api: MetricsApi, query: Query, search: str) -> Listing:
    """A page of networks; `search` is the period in links."""
    answer = api.fetch_flagged(group_by="network", **query)
    return Listing(
        rows=[_build_row(network, search) for network in answer.networks],
        total=answer.total or 0,
        next_cursor=answer.next_cursor,
        about=_format_about(answer),
        nothing=format_nothing(answer, f"No network over {format_count(answer.threshold_used)} clicks a day"),
        dates=f"{answer.period.start}_{answer.period.end}",
        counts=_count(answer),
    )


def _format_about(answer: FlaggedAnswer) -> str:
    rule = f"over {format_count(answer.threshold_used)} clicks of people a day (UTC)"
    return f"{format_period(answer.period)} · {rule} · evidence is of the peak day"


def _count(answer: FlaggedAnswer) -> dict[str, int]:
    if answer.counts is None:
        return {}
    counts = answer.counts.model_dump()
    return {ANY: sum(counts.values()), **counts}


def _build_row(network: FlaggedNetwork, search: str) -> ListRow:
    evidence = network.evidence
    per_device = evidence.clicks_per_device if evidence else None
    cells = (
        build_suspect("ip_address", network.ip_address, network.ref, search, network.alias),
        build_finding(network),
        format_count(network.clicks),
        format_count(network.days),
        _build_peak(network),
        format_count(evidence.devices) if evidence else _UNKNOWN,
        _UNKNOWN if per_device is None else f"{per_device:.1f}",
        format_count(evidence.referrers) if evidence else _UNKNOWN,
        _build_top(network, search),
        format_rate(evidence.new_device_share) if evidence else _UNKNOWN,
        build_mark(network.case) if network.case else _build_trust(network),
    )
    kind = "denied" if network.denied else FINDINGS[network.verdict].lower()
    marks = {"data-kind": kind, "data-click": str(network.clicks), **find_marks(network.case)}
    return ListRow(network.ref, network.ip_address, cells, _list_record(network), marks)


def _build_peak(network: FlaggedNetwork) -> Component:
    day = html.Span(f" · {format_day_of_year(network.peak_date)}", className="subtle")
    return html.Span([format_count(network.peak_clicks), day])


def _build_top(network: FlaggedNetwork, search: str) -> Component | str:
    if network.top_referrer is None or network.evidence is None:
        return _UNKNOWN
    link = dcc.Link(network.top_referrer, href=investigation_path("referrer", network.top_referrer, search))
    return html.Span([link, html.Span(f" {format_rate(network.evidence.top_referrer_share)}", className="subtle")])


def _build_trust(network: FlaggedNetwork) -> Component | str:
    """Only a whole address can be trusted; a masked one ends in `*`."""
    is_offered = network.verdict == "shared_network" and not network.ip_address.endswith("*")
    return dcc.Link("Trust…", href=trust_path(network.ip_address)) if is_offered else _UNKNOWN


def _list_record(network: FlaggedNetwork) -> dict[str, CsvValue]:
    record = network.model_dump(mode="json", exclude={"evidence", "ref", "case"})
    record["case"] = network.case.id if network.case else None
    record["case_verdict"] = network.case.verdict if network.case else None
    return {**record, **(network.evidence.model_dump() if network.evidence else {})}


def fetch_keys(api: MetricsApi, search: str | None) -> tuple[list[str], int]:
    """The refs of the first networks that the address leaves, and how many follow. Raises InvalidPeriodError."""
    query = build_first_query(LISTED, read_search(search), AT_ONCE)
    answer = api.fetch_flagged(group_by="network", **query)
    return [network.ref for network in answer.networks], (answer.total or 0) - len(answer.networks)


def fetch_open(api: MetricsApi, search: str | None) -> list[int]:
    """The open cases of the first networks with one that the address leaves. Raises InvalidPeriodError."""
    query = build_first_query(LISTED, read_search(search), AT_ONCE)
    if query.get("case", "open") != "open":
        return []
    answer = api.fetch_flagged(group_by="network", **{**query, "case": "open"})
    return [network.case.id for network in answer.networks if network.case]


_ADD = AddToList(_SLUG, _NOUNS, choose_rows("network", fetch_keys), LABELS)
_DECIDE = VerdictsOnAll(_SLUG, fetch_open)


def _add_actions(app: Dash, views: SharedViews) -> None:
    _ADD.add_callbacks(app, views)
    _DECIDE.add_callbacks(app, views)


LISTED = TablePage(
    path=PATH,
    slug=_SLUG,
    title="Flagged addresses",
    nouns=_NOUNS,
    columns=_COLUMNS,
    fetch=fetch,
    sort="clicks",
    toolbar=Toolbar("Address, prefix or referrer", (_TABS, CASE_CHOICE)),
    sums={"sums": "click", "kinds": "words"},
    above=GUARDRAILS,
    build_actions=lambda: [*build_bulk_verdicts(), *_ADD.build(), _DECIDE.build()],
    acts=Scope.CASES_WRITE,
    add_own=_add_actions,
)
