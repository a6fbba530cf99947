"""The list of devices that clicked faster than a person can."""

from dashboard.components.page_header import GUARDRAILS
from dashboard.components.table import build_moment, build_suspect
from dashboard.guardrails.bots import PATH, format_burst, format_fastest
from dashboard.lists.add_to_list import AT_ONCE, AddToList
from dashboard.lists.sorted_table import ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_first_query, format_nothing
from dashboard.lists.toolbar import Toolbar
from dashboard.period import Query, read_search
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.guardrails import BotLikeDevice
from viral_reports.dates import format_period
from viral_reports.figures import format_count

_SLUG, _NOUNS = "flagged-devices", ("device", "devices")
_COLUMNS = (
    ListColumn("Device", "device", "asc", phone="name"),
    ListColumn("Clicks", "clicks", is_figure=True, phone="figure", unit="clicks"),
    ListColumn("Fastest burst (s)", "fastest", "asc", is_figure=True, phone="end", unit="s"),
    ListColumn("First seen (UTC)", "first_seen", is_figure=True),
    ListColumn("Last seen (UTC)", "last_seen", is_figure=True, phone="note"),
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
    )
    return ListRow(device.ref, device.device_fingerprint, cells, device.model_dump(mode="json", exclude={"ref"}))


def fetch_keys(api: MetricsApi, search: str | None) -> tuple[list[str], int]:
    """The refs of the first devices that the address leaves, and how many follow. Raises InvalidPeriodError."""
    query = build_first_query(LISTED, read_search(search), AT_ONCE)
    answer = api.fetch_bots(**query)
    return [device.ref for device in answer.bot_like_devices], (answer.total or 0) - len(answer.bot_like_devices)


_ADD = AddToList(_SLUG, "device", _NOUNS, fetch_keys)
LISTED = TablePage(
    path=PATH,
    slug=_SLUG,
    title="Flagged devices",
    nouns=_NOUNS,
    columns=_COLUMNS,
    fetch=fetch,
    sort="clicks",
    toolbar=Toolbar("Device"),
    above=GUARDRAILS,
    build_actions=_ADD.build,
    add_own=_ADD.add_callbacks,
)
