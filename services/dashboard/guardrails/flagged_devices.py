"""The list of devices that clicked faster than a person can."""

from dash import Dash

from dashboard.cases.bulk import VerdictsOnAll, build_bulk_verdicts
from dashboard.cases.marks import CASE_CHOICE, build_mark, find_marks
from dashboard.components.page_header import GUARDRAILS
from dashboard.components.table import build_moment, build_suspect
from dashboard.guardrails.bots import PATH, format_burst, format_fastest
from dashboard.lists.add_to_list import AT_ONCE, LABELS, AddToList, choose_rows
from dashboard.lists.sorted_table import ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_first_query, format_nothing
from dashboard.lists.toolbar import Toolbar
from dashboard.period import Query, read_search
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.guardrails import BotLikeDevice
from viral_contract.models.people import Scope
from viral_reports.dates import format_period
from viral_reports.figures import format_count

_SLUG, _NOUNS = "flagged-devices", ("device", "devices")
_COLUMNS = (
    ListColumn("Device", "device", "asc", phone="name"),
    ListColumn("Clicks", "clicks", is_figure=True, phone="figure", unit="clicks"),
    ListColumn("Fastest burst (s)", "fastest", "asc", is_figure=True),
    ListColumn("First seen (UTC)", "first_seen", is_figure=True),
    ListColumn("Last seen (UTC)", "last_seen", is_figure=True, phone="note"),
    ListColumn("Verdict", phone="end"),
)


def fetch(api: MetricsApi, query: Query, search: str) -> Listing:
    """A page of devices; `search` is the period in links."""
    answer = api.fetch_bots(**query)
    return Listing(
        rows=[_build_row(device, search) for device in answer.bot_like_devices],
        total=answer.total_flagged_devices if answer.total is None else answer.total,
        next_cursor=answer.next_cursor,
        about=f"{format_period(answer.period)} · {format_burst(answer)} of one person",
        nothing=format_nothing(answer, "No device clicked faster than a person can"),
        dates=f"{answer.period.start}_{answer.period.end}",
    )


def _build_row(device: BotLikeDevice, search: str) -> ListRow:
    cells = (
        build_suspect("device", device.device_fingerprint, device.ref, search, device.alias),
        format_count(device.total_clicks),
        format_fastest(device),
        build_moment(device.first_seen),
        build_moment(device.last_seen),
        build_mark(device.case) if device.case else "–",
    )
    record = device.model_dump(mode="json", exclude={"ref", "case"})
    record["case"] = device.case.id if device.case else None
    record["case_verdict"] = device.case.verdict if device.case else None
    marks = {"data-click": str(device.total_clicks), **find_marks(device.case)}
    return ListRow(device.ref, device.device_fingerprint, cells, record, marks)


def fetch_keys(api: MetricsApi, search: str | None) -> tuple[list[str], int]:
    """The refs of the first devices that the address leaves, and how many follow. Raises InvalidPeriodError."""
    query = build_first_query(LISTED, read_search(search), AT_ONCE)
    answer = api.fetch_bots(**query)
    return [device.ref for device in answer.bot_like_devices], (answer.total or 0) - len(answer.bot_like_devices)


def fetch_open(api: MetricsApi, search: str | None) -> list[int]:
    """The open cases of the first devices with one that the address leaves. Raises InvalidPeriodError."""
    query = build_first_query(LISTED, read_search(search), AT_ONCE)
    if query.get("case", "open") != "open":
        return []
    answer = api.fetch_bots(**{**query, "case": "open"})
    return [device.case.id for device in answer.bot_like_devices if device.case]


_ADD = AddToList(_SLUG, _NOUNS, choose_rows("device", fetch_keys), LABELS)
_DECIDE = VerdictsOnAll(_SLUG, fetch_open)


def _add_actions(app: Dash, views: SharedViews) -> None:
    _ADD.add_callbacks(app, views)
    _DECIDE.add_callbacks(app, views)


LISTED = TablePage(
    path=PATH,
    slug=_SLUG,
    title="Flagged devices",
    nouns=_NOUNS,
    columns=_COLUMNS,
    fetch=fetch,
    sort="clicks",
    toolbar=Toolbar("Device", (CASE_CHOICE,)),
    sums={"sums": "click"},
    above=GUARDRAILS,
    build_actions=lambda: [*build_bulk_verdicts(), *_ADD.build(), _DECIDE.build()],
    acts=Scope.CASES_WRITE,
    add_own=_add_actions,
)
