"""The list of all reasons for traffic classes in a period."""

from collections.abc import Callable, Sequence

from dashboard.links import TRAFFIC_PATH, TRAFFIC_REASONS_PATH
from dashboard.lists.sorted_table import ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_page, format_nothing
from dashboard.lists.toolbar import ANY, Choice, Toolbar
from dashboard.period import PERIOD_NAMES, Query
from dashboard.traffic.kinds import KINDS, NAMES, NOTHING_FILTERED
from dashboard.traffic.reasons import build_cells, format_reason
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.traffic import TrafficReason
from viral_reports.dates import format_period

ABOVE = ("Filtered traffic", TRAFFIC_PATH)
_COLUMNS = (
    ListColumn("Reason", "reason", "asc", phone="name"),
    ListColumn("Class", "class", "asc", phone="note"),
    ListColumn("Events", "events", is_figure=True, phone="figure", unit="events"),
    ListColumn("Sample user agent", rank=2),
    ListColumn("Events of it", phone="end"),
)
_ORDERS: dict[str, Callable[[TrafficReason], str | int]] = {
    "reason": lambda each: format_reason(each.reason)[0].lower(),
    "class": lambda each: NAMES[each.traffic_class],
    "events": lambda each: each.events,
}


def fetch(api: MetricsApi, query: Query, search: str) -> Listing:
    """A page of the reasons; the API gives all of them at once. `search` is the period in links."""
    answer = api.fetch_traffic(**{name: query[name] for name in PERIOD_NAMES if name in query})
    found = list_matching(answer.reasons, query)
    first = _read_first(query)
    behind = first + int(query["limit"])
    return Listing(
        rows=[_build_row(each, search) for each in found[first:behind]],
        total=len(found),
        next_cursor=str(behind) if behind < len(found) else None,
        about=f"{format_period(answer.period)} · why clicks and visits got their class",
        nothing=format_nothing(answer, NOTHING_FILTERED.removesuffix(" in this period")),
        dates=f"{answer.period.start}_{answer.period.end}",
    )


def list_matching(reasons: Sequence[TrafficReason], query: Query) -> list[TrafficReason]:
    """The reasons of the class that is asked for, with its text in their names or their sample, in its order."""
    text, slug = str(query.get("q", "")).lower(), query.get("class")
    classes = next((kind.classes for kind in KINDS if kind.slug == slug), tuple(NAMES))
    found = [each for each in reasons if each.traffic_class in classes and text in _write_out(each)]
    order = _ORDERS.get(str(query["sort"]), _ORDERS["events"])
    return sorted(found, key=order, reverse=query["order"] != "asc")


def _write_out(each: TrafficReason) -> str:
    return "\n".join((*format_reason(each.reason), each.reason, each.sample or "")).lower()


def _read_first(query: Query) -> int:
    given = str(query.get("cursor", ""))
    return int(given) if given.isascii() and given.isdecimal() else 0


def _build_row(each: TrafficReason, search: str) -> ListRow:
    label = format_reason(each.reason)[0]
    return ListRow(f"{each.traffic_class} {each.reason}", label, build_cells(each, search), each.model_dump())


LISTED = TablePage(
    path=TRAFFIC_REASONS_PATH,
    slug="traffic-all-reasons",
    title="Reasons",
    nouns=("reason", "reasons"),
    columns=_COLUMNS,
    fetch=fetch,
    sort="events",
    toolbar=Toolbar(
        "Pattern or user agent", (Choice("class", "Class", {ANY: "All", **{kind.slug: kind.name for kind in KINDS}}),)
    ),
    above=ABOVE,
)
PAGE = build_page(LISTED)
